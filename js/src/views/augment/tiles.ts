/** A grid of pictures; a click makes one larger. */
import { h } from "../../draw/dom";

export interface Picture {
  /** The images in it: the one that was drawn, and those that mosaic added. */
  images: number[];
  /** Names of labels, and how many masks each has. */
  labels: [string, number][];
  /** Share of it without label loss, 0..1. */
  silent: number;
}

export class Tiles {
  readonly root = h("div.nbl-augment-tiles", { role: "list" });
  readonly #colors: ReadonlyMap<string, string>;
  #addresses: string[] = [];

  /** @param colors of labels, by name. */
  constructor(colors: ReadonlyMap<string, string>, signal: AbortSignal) {
    this.#colors = colors;
    signal.addEventListener("abort", () => this.#release(), { once: true });
  }

  /** @param files a JPEG of each. */
  show(pictures: readonly Picture[], files: readonly DataView[]): void {
    this.#release();
    this.#addresses = files.map((file) => URL.createObjectURL(new Blob([file as DataView<ArrayBuffer>])));
    this.root.replaceChildren(...pictures.map((picture, i) => this.#tile(picture, this.#addresses[i])));
    this.root.scrollTop = 0;
  }

  #tile(picture: Picture, src: string): HTMLElement {
    const [first, ...others] = picture.images;
    const text = said(picture);
    const dots = picture.labels.map(([name, count]) =>
      h("span.nbl-augment-n", {}, h("i", { style: { background: this.#colors.get(name) } }), String(count)),
    );
    const tile = h(
      "button.nbl-augment-tile",
      { "aria-pressed": "false", title: text, onclick: () => enlarge(tile) },
      h("img", { src, alt: text }),
      h(
        "span.nbl-augment-caption",
        {},
        h("span.nbl-augment-of", {}, String(first), others.length ? ` + ${others.join(", ")}` : ""),
        h("span.nbl-augment-counts", {}, ...dots),
      ),
    );
    return h("div.nbl-augment-item", { role: "listitem" }, tile);
  }

  #release(): void {
    for (const address of this.#addresses) URL.revokeObjectURL(address);
    this.#addresses = [];
  }
}

/** A picture in words: "image 12 with 40, 7, 3: 2 fish, 1 crab". */
export function said({ images, labels, silent }: Picture): string {
  const [first, ...others] = images;
  const also = others.length ? ` with ${others.join(", ")}` : "";
  const masks = labels.map(([name, count]) => `${count} ${name}`).join(", ") || "no masks";
  const hatched = silent > 0 ? `; no label loss on ${Math.max(Math.round(silent * 100), 1)}%` : "";
  return `image ${first}${also}: ${masks}${hatched}`;
}

function enlarge(tile: HTMLElement): void {
  const large = tile.getAttribute("aria-pressed") !== "true";
  tile.setAttribute("aria-pressed", String(large));
  tile.parentElement!.classList.toggle("nbl-augment-large", large);
}
