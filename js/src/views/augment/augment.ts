/** Shows the pictures of the batches that the kernel drew last, and asks it for the next ones. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import type { Rpc } from "../../wire/rpc";
import { claim, hear } from "../elements";
import type { Frame } from "../frame";
import { followHeight } from "../mount";
import { type Picture, Tiles } from "./tiles";

export interface Pictures {
  /** Numbers of the batches shown, from 1. */
  first: number;
  last: number;
  /** Height and width of a picture in its batch, pixels. */
  size: [number, number];
  /** Images that are drawn from. */
  images: number;
  tiles: Picture[];
}

interface Model {
  get(name: "labels"): [string, string][];
  get(name: "mosaic" | "falling"): boolean;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

const MOST = 12; // labels in the legend

export class Augment {
  readonly #title = h("b");
  readonly #count = h("span.nbl-count.nbl-augment-count", { "aria-live": "polite" });
  readonly #phase = h("button.nbl-toggle", { onclick: () => this.#choose() });
  readonly #next = h("button.nbl-primary", { title: "draw the next ones (N)", onclick: () => this.#draw() });
  readonly #legend = h("div.nbl-augment-legend");
  readonly #tiles: Tiles;
  readonly #frame: Frame;
  readonly #model: Model;
  readonly #rpc: Rpc;

  constructor(frame: Frame, model: Model, rpc: Rpc, signal: AbortSignal) {
    this.#frame = frame;
    this.#model = model;
    this.#rpc = rpc;
    this.#tiles = new Tiles(new Map(model.get("labels")), signal);
    const busy = frame.toolbar.lastElementChild;
    const tools = h("span.nbl-tools", {}, busy, this.#phase, this.#next);
    frame.toolbar.replaceChildren(this.#title, this.#count, tools);
    frame.body.append(this.#tiles.root);
    frame.below(this.#legend);
    followHeight(frame, model as never, signal);
    hear(frame.root, "keydown", (event) => this.#onKey(event), { signal });
    const turned = () => void this.#fetch();
    model.on("change:page", turned);
    signal.addEventListener("abort", () => model.off("change:page", turned), { once: true });
    turned();
  }

  async #fetch(): Promise<void> {
    try {
      const { result, buffers } = await this.#rpc.request<Pictures>("pictures", {}, { key: "pictures" });
      this.#show(result);
      this.#tiles.show(result.tiles, buffers);
      this.#frame.settle();
    } catch (error) {
      this.#frame.fail(error, () => void this.#fetch());
    }
  }

  #show({ first, last, size, images, tiles }: Pictures): void {
    const one = first === last;
    const [height, width] = size;
    const falling = this.#model.get("falling");
    const masks = tiles.reduce((n, { labels }) => n + labels.reduce((m, [, count]) => m + count, 0), 0);
    this.#title.textContent = one ? `Batch ${first}` : `Batches ${first} to ${last}`;
    this.#count.textContent =
      `${formatCount(tiles.length)} pictures of ${width} × ${height}, ${formatCount(masks)} masks, ` +
      `from ${formatCount(images)} images`;
    this.#next.textContent = one ? "Next batch" : "Next batches";
    this.#phase.textContent = this.#model.get("mosaic") ? "Without mosaic" : "Last phase";
    this.#phase.setAttribute("aria-pressed", String(falling));
    this.#phase.title = "the last quarter of a training, in which the rate falls and mosaic is off (F)";
    this.#drawLegend(tiles.some(({ silent }) => silent > 0));
  }

  #drawLegend(silent: boolean): void {
    const labels = this.#model.get("labels");
    const more = labels.length - MOST;
    const keys = labels.slice(0, MOST).map(([name, color]) => key(name, { background: color }));
    this.#legend.replaceChildren(
      ...keys,
      more > 0 ? h("span.nbl-muted", {}, `and ${formatCount(more)} more`) : "",
      silent ? key("not known, no loss", {}, "nbl-augment-silent") : "",
    );
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pressed = event.key.toLowerCase();
    if (pressed === "n") this.#draw();
    else if (pressed === "f") this.#choose();
    else return;
    claim(event);
  }

  #draw(): void {
    this.#ask("draw", {}, () => this.#draw());
  }

  #choose(): void {
    this.#ask("choose", { falling: !this.#model.get("falling") }, () => this.#choose());
  }

  /** The kernel answers, then turns the page. */
  async #ask(method: string, params: object, again: () => void): Promise<void> {
    if (this.#next.disabled) return;
    this.#next.disabled = this.#phase.disabled = true;
    try {
      await this.#rpc.request(method, params);
      this.#frame.settle();
    } catch (error) {
      this.#frame.fail(error, again);
    }
    this.#next.disabled = this.#phase.disabled = false;
  }
}

function key(text: string, style: object, more = ""): HTMLElement {
  const swatch = h("span.nbl-swatch", { style });
  if (more) swatch.classList.add(more);
  return h("span.nbl-augment-key", {}, swatch, text);
}
