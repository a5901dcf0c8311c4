/** Draws a million points as pixels on the CPU: typed arrays in, RGBA out; DOM-free. */
import type { Bitset } from "../core/rows/bitset";
import type { Placement } from "../core/space/scale";

export interface Surface {
  readonly width: number;
  readonly height: number;
  /** 0xAABBGGRR, as ImageData has it. */
  readonly pixels: Uint32Array;
}

export interface Cloud {
  /** 0 to 1, NaN for none. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Index of each point's color in the table of colors. */
  readonly color: Uint16Array;
  readonly tier: Uint8Array;
}

/** Not drawn; not allowed by other views; allowed; allowed and marked by this view. */
export const HIDDEN = 0;
export const DIMMED = 1;
export const PLAIN = 2;
export const MARKED = 3;

export function pack(r: number, g: number, b: number): number {
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** Writes the tier of every point into `out`; returns the number of points per tier. */
export function tiers(
  cloud: { x: Float32Array },
  allowed: Bitset | null,
  marked: Bitset | null,
  out: Uint8Array,
): [number, number, number, number] {
  const { x } = cloud;
  const counts: [number, number, number, number] = [0, 0, 0, 0];
  const all = 0xffffffff;
  for (let from = 0, word = 0; from < x.length; from += 32, word++) {
    const may = allowed ? allowed.words[word] : all;
    const is = marked ? marked.words[word] : 0;
    const to = Math.min(from + 32, x.length);
    for (let row = from; row < to; row++) {
      const bit = row & 31;
      const shown = Number.isNaN(x[row]) ? 0 : 1;
      const tier = shown * (1 + ((may >>> bit) & 1) * (1 + ((is >>> bit) & 1)));
      out[row] = tier;
      counts[tier]++;
    }
  }
  return counts;
}

/**
 * Draw the points of one tier.
 *
 * @param at where values lie on the surface, in its pixels.
 * @param colors of `cloud.color`, packed.
 * @param size diameter, pixels; below 1.5 one pixel.
 * @param alpha 0..1.
 * @param rim color around discs, packed; -1 for none.
 */
export function splat(
  surface: Surface,
  cloud: Cloud,
  at: Placement,
  tier: number,
  colors: Uint32Array,
  size: number,
  alpha: number,
  rim = -1,
): void {
  if (size < 1.5) dots(surface, cloud, at, tier, colors, Math.round(alpha * 256));
  else if (size < 3) squares(surface, cloud, at, tier, colors, Math.round(size), Math.round(alpha * 256));
  else discs(surface, cloud, at, tier, colors, size, alpha, rim);
}

/** Mixes two colors, `a` / 256 of the first; red and blue in one multiplication, green in another. */
export function mix(over: number, under: number, a: number): number {
  const rest = 256 - a;
  const rb = ((Math.imul(over & 0xff00ff, a) + Math.imul(under & 0xff00ff, rest)) >>> 8) & 0xff00ff;
  const g = ((Math.imul(over & 0xff00, a) + Math.imul(under & 0xff00, rest)) >>> 8) & 0xff00;
  return rb | g | 0xff000000;
}

function dots(
  { width, height, pixels }: Surface,
  { x, y, color, tier: tiers }: Cloud,
  { kx, ky, bx, by }: Placement,
  tier: number,
  colors: Uint32Array,
  a: number,
): void {
  for (let row = 0; row < x.length; row++) {
    if (tiers[row] !== tier) continue;
    const px = x[row] * kx + bx;
    const py = y[row] * ky + by;
    if (!(px >= 0 && px < width && py >= 0 && py < height)) continue;
    const to = (py | 0) * width + (px | 0);
    pixels[to] = mix(colors[color[row]], pixels[to], a);
  }
}

function squares(
  { width, height, pixels }: Surface,
  { x, y, color, tier: tiers }: Cloud,
  { kx, ky, bx, by }: Placement,
  tier: number,
  colors: Uint32Array,
  side: number,
  a: number,
): void {
  const shift = (side - 1) / 2;
  for (let row = 0; row < x.length; row++) {
    if (tiers[row] !== tier) continue;
    const px = x[row] * kx + bx - shift;
    const py = y[row] * ky + by - shift;
    if (!(px >= 0 && px < width - side && py >= 0 && py < height - side)) continue;
    const c = colors[color[row]];
    let to = (py | 0) * width + (px | 0);
    for (let j = 0; j < side; j++, to += width - side)
      for (let i = 0; i < side; i++, to++) pixels[to] = mix(c, pixels[to], a);
  }
}

function discs(
  surface: Surface,
  { x, y, color, tier: tiers }: Cloud,
  { kx, ky, bx, by }: Placement,
  tier: number,
  colors: Uint32Array,
  size: number,
  alpha: number,
  rim: number,
): void {
  const inner = stamp(size / 2, alpha);
  const outer = rim >= 0 ? stamp(size / 2 + 1, 0.85) : null;
  const { width, height } = surface;
  for (let row = 0; row < x.length; row++) {
    if (tiers[row] !== tier) continue;
    const px = x[row] * kx + bx;
    const py = y[row] * ky + by;
    if (!(px > -size && px < width + size && py > -size && py < height + size)) continue;
    if (outer) press(surface, outer, px, py, rim);
    press(surface, inner, px, py, colors[color[row]]);
  }
}

interface Stamp {
  side: number;
  /** Cover of each pixel by the disc, 0..256, for 4 x 4 places of its center within a pixel. */
  cover: Uint16Array;
}

const PLACES = 4;

function stamp(radius: number, alpha: number): Stamp {
  const side = 2 * Math.ceil(radius + 0.5) + 1;
  const cover = new Uint16Array(PLACES * PLACES * side * side);
  const middle = (side - 1) / 2;
  let k = 0;
  for (let b = 0; b < PLACES; b++)
    for (let a = 0; a < PLACES; a++)
      for (let j = 0; j < side; j++)
        for (let i = 0; i < side; i++) {
          const away = Math.hypot(
            i + 0.5 - middle - (a + 0.5) / PLACES,
            j + 0.5 - middle - (b + 0.5) / PLACES,
          );
          cover[k++] = Math.round(Math.min(Math.max(radius - away + 0.5, 0), 1) * alpha * 256);
        }
  return { side, cover };
}

function press(
  { width, height, pixels }: Surface,
  { side, cover }: Stamp,
  px: number,
  py: number,
  c: number,
): void {
  const column = Math.floor(px);
  const line = Math.floor(py);
  let k = (((py - line) * PLACES) | 0) * PLACES + (((px - column) * PLACES) | 0);
  k *= side * side;
  const left = column - (side - 1) / 2;
  const top = line - (side - 1) / 2;
  for (let j = top; j < top + side; j++) {
    if (j < 0 || j >= height) {
      k += side;
      continue;
    }
    for (let i = left; i < left + side; i++) {
      const a = cover[k++];
      if (!a || i < 0 || i >= width) continue;
      const to = j * width + i;
      pixels[to] = mix(c, pixels[to], a);
    }
  }
}

/** Diameter (CSS pixels) and opacity that suit `n` points on an area. */
export function looks(n: number, zoom: number, area: number): { size: number; alpha: number } {
  const each = Math.sqrt(area / Math.max(n, 1));
  const size = Math.min(Math.max(0.4 * each * Math.max(zoom, 1) ** 0.5, 1), 7);
  const cover = (n * size * size * 0.785) / Math.max(area, 1);
  return { size, alpha: Math.min(Math.max(0.95 / Math.sqrt(1 + 0.6 * cover), 0.2), 0.92) };
}
