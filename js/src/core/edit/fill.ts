/**
 * Polygons to pixels by the even-odd rule: a pixel is inside when its center is. Edges are half-open and always
 * computed from their lower end, so polygons that share an edge share no pixel and miss none.
 */
import { EMPTY, type Raster } from "./raster";

/** @param rings x0, y0, x1, y1, …: pixels of the image, pixel i spans [i, i + 1). */
export function fillPolygon(rings: readonly ArrayLike<number>[], height: number, width: number): Raster {
  const box = boxOf(rings, height, width);
  if (!box.w || !box.h) return EMPTY;
  for (const ring of rings)
    for (let i = 0, j = ring.length - 2; i < ring.length - 1; j = i, i += 2)
      if (ring[i + 1] < ring[j + 1]) toggle(box, ring[i], ring[i + 1], ring[j], ring[j + 1]);
      else toggle(box, ring[j], ring[j + 1], ring[i], ring[i + 1]);
  const { data, w } = box;
  for (let at = 0; at < data.length; at++) if (at % w) data[at] ^= data[at - 1];
  return box;
}

/** The box between two corners, in any order. */
export function boxRaster(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  height: number,
  width: number,
): Raster {
  const box = boxOf([[x0, y0, x1, y1]], height, width);
  if (!box.w || !box.h) return EMPTY;
  box.data.fill(1);
  return box;
}

/** The first pixel whose center is not before `value`. */
export const centered = (value: number): number => Math.ceil(value - 0.5);

/** An empty raster that holds every pixel the rings may fill. */
function boxOf(rings: readonly ArrayLike<number>[], height: number, width: number): Raster {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings)
    for (let i = 0; i < ring.length - 1; i += 2) {
      left = Math.min(left, ring[i]);
      right = Math.max(right, ring[i]);
      top = Math.min(top, ring[i + 1]);
      bottom = Math.max(bottom, ring[i + 1]);
    }
  const x = Math.max(centered(left), 0);
  const y = Math.max(centered(top), 0);
  const w = Math.min(centered(right), width) - x;
  const h = Math.min(centered(bottom), height) - y;
  if (!(w > 0 && h > 0)) return EMPTY;
  return { x, y, w, h, data: new Uint8Array(w * h) };
}

/** Toggles the pixel of each row where an edge crosses it; (ax, ay) is the end with the smaller y. */
function toggle({ x, y, w, h, data }: Raster, ax: number, ay: number, bx: number, by: number): void {
  const end = Math.min(centered(by), y + h);
  const slope = (bx - ax) / (by - ay);
  const [least, most] = [Math.min(ax, bx), Math.max(ax, bx)];
  for (let row = Math.max(centered(ay), y); row < end; row++) {
    // Rounding must not move the crossing past the ends of the edge, where the box of a polygon may clip it.
    const passed = Math.min(Math.max(ax + (row + 0.5 - ay) * slope, least), most);
    const column = Math.max(centered(passed) - x, 0);
    if (column < w) data[(row - y) * w + column] ^= 1;
  }
}
