/** Outlines of masks along the edges of their pixels, and their simplification. */
import { distance2 } from "../space/polygon";
import type { Raster } from "./raster";

/**
 * Rings x0, y0, x1, y1, … around the mask and around its holes; filling them gives exactly the mask. Pixels that
 * touch only at a corner are not connected, so that no outer ring touches itself there.
 */
export function contours(raster: Raster): Float64Array[] {
  const { w, data } = raster;
  const seen = new Uint8Array(data.length);
  const rings: Float64Array[] = [];
  for (let i = data.indexOf(1); i >= 0 && i < data.length; i++)
    if (data[i] && !seen[i] && !(i >= w && data[i - w])) rings.push(trace(raster, i, seen));
  return rings;
}

// Directions: right, down, left, up. The mask is on the right of each.
const DX = [1, 0, -1, 0];
const DY = [0, 1, 0, -1];
/** The pixel ahead on the right of a corner; the one ahead on the left is that of the previous direction. */
const AX = [0, -1, -1, 0];
const AY = [0, 0, -1, -1];

/** The ring along the upper edge of pixel `first`; pixels whose upper edges it follows are marked in `seen`. */
function trace({ x: left, y: top, w, h, data }: Raster, first: number, seen: Uint8Array): Float64Array {
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < w && y < h && data[y * w + x] === 1;
  const out: number[] = [];
  const [startX, startY] = [first % w, Math.floor(first / w)];
  let [x, y, way] = [startX, startY, 0];
  out.push(left + x, top + y);
  while (true) {
    if (way === 0) seen[y * w + x] = 1;
    x += DX[way];
    y += DY[way];
    const before = (way + 3) % 4;
    let next = way;
    if (!inside(x + AX[way], y + AY[way])) next = (way + 1) % 4;
    else if (inside(x + AX[before], y + AY[before])) next = before;
    if (next === 0 && x === startX && y === startY) return Float64Array.from(out);
    if (next !== way) out.push(left + x, top + y);
    way = next;
  }
}

/**
 * Fewer corners: none that is dropped is farther than `tolerance` pixels from the new outline; at least three stay.
 *
 * Source: Douglas and Peucker 1973, on the two halves of the ring between two corners far apart.
 */
export function simplified(ring: ArrayLike<number>, tolerance: number): Float64Array {
  const n = ring.length >> 1;
  if (n <= 3) return Float64Array.from(ring);
  const keep = new Uint8Array(n);
  const [away] = farthest(ring, 0, n);
  keep[0] = keep[away] = 1;
  const spans = [
    [0, away],
    [away, n],
  ];
  let [third, most] = [-1, 0];
  while (spans.length) {
    const [from, to] = spans.pop()!;
    const [far, distance] = farthest(ring, from, to);
    if (far > 0 && distance > most) [third, most] = [far, distance];
    if (far < 0 || distance <= tolerance * tolerance) continue;
    keep[far] = 1;
    spans.push([from, far], [far, to]);
  }
  if (third < 0) third = away === 1 ? 2 : 1;
  keep[third] = 1;
  const out: number[] = [];
  for (let i = 0; i < n; i++) if (keep[i]) out.push(ring[2 * i], ring[2 * i + 1]);
  return Float64Array.from(out);
}

/**
 * The corner between two others that is farthest from their line, and its squared distance; -1 if there is none
 * between. Of several equally far, the middle one: otherwise the teeth of a comb would take quadratic time.
 */
function farthest(ring: ArrayLike<number>, from: number, to: number): [number, number] {
  const n = ring.length >> 1;
  const middle = (from + to) / 2;
  let [far, most] = [-1, -1];
  for (let i = from + 1; i < to; i++) {
    const distance = distance2(ring, i, from, to % n);
    const alike = Math.abs(distance - most) <= 1e-9 * most;
    if (alike ? Math.abs(i - middle) < Math.abs(far - middle) : distance > most) [far, most] = [i, distance];
  }
  return [far, most];
}
