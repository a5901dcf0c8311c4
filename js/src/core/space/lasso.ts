/** The points in a polygon or a box: exact, and fast enough for a million points in every frame of a drag. */
import { Bitset } from "../rows/bitset";
import { crosses, type Ring } from "./polygon";

export type Coordinates = Float32Array | Float64Array;

const BANDS = 512; // horizontal bands of the polygon, each with the few edges that reach into it

/** Points inside by the even-odd rule; those without coordinates (NaN) are not. */
export function inPolygon(ring: Ring, x: Coordinates, y: Coordinates): Bitset {
  const out = new Bitset(x.length);
  if (ring.length < 6) return out;
  const { words } = out;
  const [left, bottom, right, top] = bounds(ring);
  const { head, edges, scale } = bands(ring, bottom, top);
  for (let row = 0; row < x.length; row++) {
    const py = y[row];
    const px = x[row];
    if (!(py >= bottom && py <= top && px >= left && px <= right)) continue;
    const band = ((py - bottom) * scale) | 0;
    let inside = 0;
    for (let k = head[band]; k < head[band + 1]; k++) {
      const at = 4 * k;
      if (crosses(edges[at], edges[at + 1], edges[at + 2], edges[at + 3], px, py)) inside ^= 1;
    }
    if (inside) words[row >>> 5] |= 1 << (row & 31);
  }
  return out;
}

/** Points in a box, its border included. */
export function inBox(
  [left, bottom, right, top]: readonly [number, number, number, number],
  x: Coordinates,
  y: Coordinates,
): Bitset {
  const out = new Bitset(x.length);
  const { words } = out;
  for (let row = 0; row < x.length; row++)
    if (x[row] >= left && x[row] <= right && y[row] >= bottom && y[row] <= top)
      words[row >>> 5] |= 1 << (row & 31);
  return out;
}

/** Smallest and largest coordinates of the corners: left, bottom, right, top. */
export function bounds(ring: Ring): [number, number, number, number] {
  const out: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < ring.length; i += 2) {
    out[0] = Math.min(out[0], ring[i]);
    out[1] = Math.min(out[1], ring[i + 1]);
    out[2] = Math.max(out[2], ring[i]);
    out[3] = Math.max(out[3], ring[i + 1]);
  }
  return out;
}

/** The edges of each band, as x, y, x, y; the band number never falls with rising height, so none is missed. */
function bands(ring: Ring, bottom: number, top: number) {
  const scale = top > bottom ? (BANDS - 1) / (top - bottom) : 0;
  const lists: number[][] = Array.from({ length: BANDS }, () => []);
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    const low = Math.min(ring[i + 1], ring[j + 1]);
    const high = Math.max(ring[i + 1], ring[j + 1]);
    for (let band = ((low - bottom) * scale) | 0; band <= (((high - bottom) * scale) | 0); band++)
      lists[band].push(ring[i], ring[i + 1], ring[j], ring[j + 1]);
  }
  const head = new Int32Array(BANDS + 1);
  lists.forEach((list, band) => {
    head[band + 1] = head[band] + list.length / 4;
  });
  return { head, edges: Float64Array.from(lists.flat()), scale };
}
