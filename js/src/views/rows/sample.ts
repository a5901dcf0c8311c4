/** The preview of a large action: a line of text, and pictures of some rows. */
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { asBytes } from "../../wire/codec";
import type { Rpc } from "../../wire/rpc";

/** The result of `sample` in src/nbalabel/widgets/rows/bulk_actions.py. */
export interface Sample {
  /** Images the rows are on; null for rows that are images. */
  images: number | null;
  /** Lowest and highest score; null without scores. */
  score: [number, number] | null;
  /** Rows and their captions, by the reason to show them. */
  shown: Record<string, [number, string][]>;
}

const SIZE = 160; // pixels of a picture

/** "2 580 predictions on 64 images, score 0.31–0.98, of which 2 400 were not shown". */
export function taken(n: number, one: string, unseen: number, sample: Sample | null): string {
  const { images, score } = sample ?? { images: null, score: null };
  const on = images === null ? "" : ` on ${counted(images, "image")}`;
  const range = score?.map((value) => value.toFixed(2));
  const scores = range ? `, score ${range[0] === range[1] ? range[0] : range.join("–")}` : "";
  const left =
    unseen === n ? ", none of which was shown" : `, of which ${formatCount(unseen)} were not shown`;
  return `${counted(n, one)}${on}${scores}${unseen ? left : ""}`;
}

/** Pictures of some rows, added when they arrive. */
export function sheetOf(rpc: Rpc, sample: Sample): HTMLElement {
  const tiles = new Map<number, HTMLElement>();
  const groups = Object.entries(sample.shown).map(([why, rows]) =>
    h(
      "div.nbl-sample-group",
      { role: "group", "aria-label": why },
      h("span.nbl-muted", {}, why),
      ...rows.map(([row, text]) => {
        const tile = h("figure", {}, h("img", { alt: text }), h("figcaption", { title: text }, text));
        tiles.set(row, tile);
        return tile;
      }),
    ),
  );
  const rows = Int32Array.from(tiles.keys());
  const fill = (buffers: DataView[]) =>
    [...tiles.values()].forEach((tile, i) => {
      if (buffers[i].byteLength) show(tile.querySelector("img")!, new Blob([asBytes(buffers[i])]));
    });
  rpc.request("pictures", { size: SIZE }, { buffers: [rows] }).then(
    ({ buffers }) => fill(buffers),
    () => {}, // the captions say what the rows are
  );
  return h("div.nbl-sample", {}, ...groups);
}

function show(image: HTMLImageElement, file: Blob): void {
  const url = URL.createObjectURL(file);
  image.onload = image.onerror = () => URL.revokeObjectURL(url);
  image.src = url;
}
