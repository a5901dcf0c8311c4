/**
 * A mask being edited: a box of the image and its pixels, so that memory depends on the mask, not on the image.
 * Rasters are values: no exported function writes into its arguments.
 */
import { bounds, encodeCounts, type Masks, parseMasks } from "../masks/rle";

/** The box need not be tight; two rasters are `equal` when their pixels are. */
export interface Raster {
  /** Pixel of the image at the box's corner. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** w * h of 0 or 1, row by row. */
  readonly data: Uint8Array;
}

export const EMPTY: Raster = Object.freeze({ x: 0, y: 0, w: 0, h: 0, data: new Uint8Array(0) });

/** Mask i of an image, in its tight box. */
export function fromMasks(masks: Masks, i: number): Raster {
  const { head, starts, ends, height } = masks;
  const [x, y, w, h] = bounds(masks, i);
  if (!w) return EMPTY;
  const data = new Uint8Array(w * h);
  for (let run = head[i]; run < head[i + 1]; run++)
    for (let from = starts[run]; from < ends[run]; ) {
      const column = Math.floor(from / height);
      const to = Math.min(ends[run], (column + 1) * height);
      const top = from - column * height - y;
      const bottom = top + to - from;
      data[top * w + column - x] ^= 1;
      if (bottom < h) data[bottom * w + column - x] ^= 1;
      from = to;
    }
  // So far only the ends of runs are marked; fill row by row, which suits the cache.
  for (let at = w; at < data.length; at++) data[at] ^= data[at - w];
  return { x, y, w, h, data };
}

/** A mask from COCO's compressed bytes. */
export function fromCounts(bytes: Uint8Array, height: number, width: number): Raster {
  return fromMasks(parseMasks(bytes, [bytes.length], height, width), 0);
}

/** COCO's compressed bytes, as pycocotools writes them; pixels outside the image are left out. */
export function toCounts(raster: Raster, height: number, width: number): Uint8Array {
  const counts: number[] = [];
  let last = 0;
  for (const at of changes(framed(raster, meet(raster, { x: 0, y: 0, w: width, h: height })), height)) {
    counts.push(at - last);
    last = at;
  }
  if (last < height * width || !counts.length) counts.push(height * width - last);
  return encodeCounts(counts);
}

const COLUMNS = 64; // columns read together: one cache line

/** The places where runs begin and end, column * height + row. */
function changes({ x, y, w, h, data }: Raster, height: number): number[] {
  const out: number[] = [];
  const change = (at: number) => (out[out.length - 1] === at ? out.pop() : out.push(at));
  for (let left = 0; left < w; left += COLUMNS) {
    const n = Math.min(COLUMNS, w - left);
    const found: number[][] = Array.from({ length: n }, () => []);
    for (let row = 0, at = left; row < h; row++, at += w)
      for (let i = 0; i < n; i++) if (data[at + i] !== (row ? data[at + i - w] : 0)) found[i].push(row);
    found.forEach((rows, i) => {
      const top = (x + left + i) * height + y;
      for (const row of rows) change(top + row);
      if (rows.length % 2) change(top + h);
    });
  }
  return out;
}

/** The raster in its tight box; EMPTY if it has no pixel. */
export function trimmed(raster: Raster): Raster {
  const { x, y, w, data } = raster;
  const first = data.indexOf(1);
  if (first < 0) return EMPTY;
  const [top, bottom] = [Math.floor(first / w), Math.floor(data.lastIndexOf(1) / w)];
  let [left, right] = [w, -1];
  for (let from = top * w; from <= bottom * w; from += w) {
    for (let i = 0; i < left; i++) if (data[from + i]) left = i;
    for (let i = w - 1; i > right; i--) if (data[from + i]) right = i;
  }
  return framed(raster, { x: x + left, y: y + top, w: right - left + 1, h: bottom - top + 1 });
}

/** Number of pixels. */
export function area({ data }: Raster): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  return sum;
}

/** Whether pixel (x, y) of the image is in the mask. */
export function at({ x: left, y: top, w, h, data }: Raster, x: number, y: number): 0 | 1 {
  const [i, j] = [Math.floor(x) - left, Math.floor(y) - top];
  return i >= 0 && j >= 0 && i < w && j < h ? (data[j * w + i] as 0 | 1) : 0;
}

export function union(a: Raster, b: Raster): Raster {
  if (!b.w || !b.h) return a;
  return a.w && a.h ? combined(copied(a, around(a, b)), b, 0b1110) : b;
}

/** What is in `a` but not in `b`. */
export function subtract(a: Raster, b: Raster): Raster {
  const { w, h } = meet(a, b);
  return w && h ? combined(copied(a, a), b, 0b0100) : a;
}

export function intersect(a: Raster, b: Raster): Raster {
  const box = meet(a, b);
  return box.w && box.h ? combined(copied(a, box), b, 0b1000) : EMPTY;
}

/** Whether both have the same pixels. */
export function equal(a: Raster, b: Raster): boolean {
  const [p, q] = [trimmed(a), trimmed(b)];
  return p.x === q.x && p.y === q.y && p.w === q.w && p.h === q.h && p.data.every((v, i) => v === q.data[i]);
}

type Box = Omit<Raster, "data">;

/** The raster copied into another box; the raster itself if the box is its own. */
function framed(raster: Raster, box: Box): Raster {
  const { x, y, w, h } = box;
  const same = x === raster.x && y === raster.y && w === raster.w && h === raster.h;
  return same ? raster : copied(raster, box);
}

function copied(raster: Raster, { x, y, w, h }: Box): Raster {
  return combined({ x, y, w, h, data: new Uint8Array(w * h) }, raster, 0b1110);
}

/** Writes into `out` where the boxes meet: pixels a of `out` and b of `other` give bit 2a + b of `truth`. */
function combined(out: Raster, other: Raster, truth: number): Raster {
  const { x, y, w, h } = meet(out, other);
  for (let row = y; row < y + h; row++) {
    const to = (row - out.y) * out.w + x - out.x;
    const from = (row - other.y) * other.w + x - other.x;
    for (let i = 0; i < w; i++)
      out.data[to + i] = (truth >> (2 * out.data[to + i] + other.data[from + i])) & 1;
  }
  return out;
}

function meet(a: Box, b: Box): Box {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const w = Math.max(Math.min(a.x + a.w, b.x + b.w) - x, 0);
  return { x, y, w, h: Math.max(Math.min(a.y + a.h, b.y + b.h) - y, 0) };
}

function around(a: Box, b: Box): Box {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}
