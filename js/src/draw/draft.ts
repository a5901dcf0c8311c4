/** Masks being edited, sampled to the screen: the cost depends on the screen, not on the image. */

import type { Raster } from "../core/edit/raster";
import type { Camera, Size } from "../core/space/camera";

export interface Draft {
  raster: Raster;
  /** The current stroke, added to the raster or, with `erase`, removed from it. */
  stroke: Raster | null;
  erase: boolean;
  /** "#rrggbb". */
  color: string;
  /** Not confirmed by the kernel yet; drawn hatched. */
  waiting: boolean;
}

export class Drafts {
  #image: ImageData | null = null;
  #dirty: readonly [number, number, number, number] = [0, 0, 0, 0];

  constructor(readonly canvas: HTMLCanvasElement) {}

  /** @param opacity of the fills, 0..1. */
  draw(drafts: readonly Draft[], camera: Camera, view: Size, opacity: number): void {
    const { canvas } = this;
    if (canvas.width !== view.width || canvas.height !== view.height || !this.#image) {
      [canvas.width, canvas.height] = [view.width, view.height];
      this.#image = new ImageData(view.width, view.height);
      this.#dirty = [0, 0, 0, 0];
    }
    const pen = canvas.getContext("2d")!;
    const pixels = new Uint32Array(this.#image.data.buffer);
    const [left, top, right, bottom] = this.#dirty;
    for (let y = top; y < bottom; y++) pixels.fill(0, y * view.width + left, y * view.width + right);
    let box: [number, number, number, number] = [view.width, view.height, 0, 0];
    for (const draft of drafts) {
      const seen = screenBox(draft, camera, view);
      if (seen[2] <= seen[0] || seen[3] <= seen[1]) continue;
      sample(draft, camera, view.width, seen, pixels, opacity);
      box = [
        Math.min(box[0], seen[0]),
        Math.min(box[1], seen[1]),
        Math.max(box[2], seen[2]),
        Math.max(box[3], seen[3]),
      ];
    }
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, view.width, view.height);
    this.#dirty = box[2] > box[0] ? box : [0, 0, 0, 0];
    const [x0, y0, x1, y1] = this.#dirty;
    if (x1 > x0) pen.putImageData(this.#image, 0, 0, x0, y0, x1 - x0, y1 - y0);
  }

  free(): void {
    this.canvas.width = this.canvas.height = 0;
    this.#image = null;
  }
}

function screenBox({ raster, stroke }: Draft, { scale, x, y }: Camera, view: Size) {
  const both = [raster, ...(stroke ? [stroke] : [])].filter((r) => r.w && r.h);
  const left = Math.min(...both.map((r) => r.x)) * scale + x;
  const top = Math.min(...both.map((r) => r.y)) * scale + y;
  const right = Math.max(...both.map((r) => r.x + r.w)) * scale + x;
  const bottom = Math.max(...both.map((r) => r.y + r.h)) * scale + y;
  return [
    Math.max(Math.floor(left) - 1, 0),
    Math.max(Math.floor(top) - 1, 0),
    Math.min(Math.ceil(right) + 1, view.width),
    Math.min(Math.ceil(bottom) + 1, view.height),
  ] as const;
}

function sample(
  { raster, stroke, erase, color, waiting }: Draft,
  { scale, x: ox, y: oy }: Camera,
  width: number,
  [left, top, right, bottom]: readonly [number, number, number, number],
  pixels: Uint32Array,
  opacity: number,
): void {
  const value = Number.parseInt(color.slice(1), 16);
  const rgb = ((value & 255) << 16) | (value & 0xff00) | (value >> 16);
  const fill = ((Math.round(opacity * 255) << 24) | rgb) >>> 0;
  const line = ((255 << 24) | rgb) >>> 0;
  const columns = new Int32Array(right - left);
  for (let x = left; x < right; x++) columns[x - left] = Math.floor((x + 0.5 - ox) / scale);
  const n = right - left;
  let above = new Uint8Array(n);
  let row = new Uint8Array(n);
  for (let y = top; y < bottom; y++) {
    const iy = Math.floor((y + 0.5 - oy) / scale);
    write(row, columns, raster, iy);
    if (stroke) write(row, columns, stroke, iy, erase ? 0 : 1, false);
    const from = y * width + left;
    for (let i = 0; i < n; i++) {
      const inside = row[i];
      const edge = inside !== above[i] || (i > 0 && inside !== row[i - 1]);
      if (edge) pixels[from + i] = line;
      else if (inside && !(waiting && (left + i + y) & 4)) pixels[from + i] = fill;
    }
    [above, row] = [row, above];
  }
}

/** Writes `value` into a row of the screen where the raster is 1; `fresh` clears the row first. */
function write(
  row: Uint8Array,
  columns: Int32Array,
  { x, y, w, h, data }: Raster,
  iy: number,
  value = 1,
  fresh = true,
): void {
  if (fresh) row.fill(0);
  const j = iy - y;
  if (j < 0 || j >= h) return;
  for (let i = 0; i < row.length; i++) {
    const k = columns[i] - x;
    if (k >= 0 && k < w && data[j * w + k]) row[i] = value;
  }
}
