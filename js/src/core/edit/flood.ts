/** Connected pixels: holes of masks, and areas of similar color. */
import { EMPTY, type Raster, trimmed, union } from "./raster";

/** Pixels of a picture, RGBA; ImageData fits. */
export interface Patch {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

/** The mask with its holes filled; pixels of the mask that touch only at a corner enclose a hole, too. */
export function fillHoles(raster: Raster): Raster {
  const { x, y, w, h, data } = raster;
  if (!w || !h) return raster;
  // A border of one pixel, from which all of the outside can be reached.
  const open = new Uint8Array((w + 2) * (h + 2)).fill(1);
  for (let row = 0; row < h; row++)
    for (let i = 0; i < w; i++) open[(row + 1) * (w + 2) + i + 1] = data[row * w + i] ^ 1;
  const outside = reached(open, w + 2, 0);
  const full = new Uint8Array(w * h);
  for (let row = 0; row < h; row++)
    for (let i = 0; i < w; i++) full[row * w + i] = outside[(row + 1) * (w + 2) + i + 1] ^ 1;
  return { x, y, w, h, data: full };
}

/** The mask with the hole around pixel (x, y) filled; the mask itself if there is none. */
export function bucket(raster: Raster, x: number, y: number): Raster {
  const { w, h } = raster;
  const [i, j] = [Math.floor(x) - raster.x, Math.floor(y) - raster.y];
  if (!(i >= 0 && j >= 0 && i < w && j < h) || raster.data[j * w + i]) return raster;
  const hole = reached(
    raster.data.map((pixel) => pixel ^ 1),
    w,
    j * w + i,
  );
  for (let row = 0; row < h; row++) if (hole[row * w] || hole[row * w + w - 1]) return raster;
  if (hole.subarray(0, w).includes(1) || hole.subarray((h - 1) * w).includes(1)) return raster;
  return union(raster, { ...raster, data: hole });
}

/**
 * Pixels of a patch that are similar to pixel (x, y): no channel differs by more than `tolerance`.
 *
 * @param tolerance 0..255.
 * @param connected only pixels connected to that pixel.
 * @returns pixels of the patch.
 */
export function wand(patch: Patch, x: number, y: number, tolerance: number, connected: boolean): Raster {
  const { width: w, height: h, data } = patch;
  const [i, j] = [Math.floor(x), Math.floor(y)];
  if (!(i >= 0 && j >= 0 && i < w && j < h)) return EMPTY;
  const start = j * w + i;
  const [red, green, blue] = data.subarray(4 * start, 4 * start + 3);
  const alike = new Uint8Array(w * h);
  for (let k = 0, c = 0; k < alike.length; k++, c += 4)
    alike[k] = Number(
      Math.abs(data[c] - red) <= tolerance &&
        Math.abs(data[c + 1] - green) <= tolerance &&
        Math.abs(data[c + 2] - blue) <= tolerance,
    );
  return trimmed({ x: 0, y: 0, w, h, data: connected ? reached(alike, w, start) : alike });
}

/** Open pixels that are 4-connected to one of them: a flood fill, run by run. */
function reached(open: Uint8Array, w: number, start: number): Uint8Array {
  const out = new Uint8Array(open.length);
  const stack = [start];
  while (stack.length) {
    const at = stack.pop()!;
    if (out[at]) continue;
    const row = at - (at % w);
    let [left, right] = [at, at + 1];
    while (left > row && open[left - 1]) left--;
    while (right < row + w && open[right]) right++;
    out.fill(1, left, right);
    for (const next of [-w, w]) {
      if (left + next < 0 || right + next > open.length) continue;
      for (let i = left + next; i < right + next; i++)
        if (open[i] && !out[i] && (i === left + next || !open[i - 1])) stack.push(i);
    }
  }
  return out;
}
