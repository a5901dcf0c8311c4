/** Colors of piles: first a table over piles, then one pass over the pixels of the screen; little-endian RGBA. */
import type { LabelMap } from "./labelmap";

/** How each mask looks; arrays over masks. */
export interface Looks {
  /** 0xBBGGRR. */
  color: Uint32Array;
  /** Fill, 0..1; drawn only where `shown`. */
  fill: Float32Array;
  /** Outline, 0..1. */
  line: Float32Array;
  shown: Uint8Array;
  dashed: Uint8Array;
}

export function newLooks(n: number): Looks {
  return {
    color: new Uint32Array(n),
    fill: new Float32Array(n),
    line: new Float32Array(n),
    shown: new Uint8Array(n).fill(1),
    dashed: new Uint8Array(n),
  };
}

/** Colors of all piles, and the topmost mask shown in each; -1 for none. */
export interface PileColors {
  fill: Uint32Array;
  line: Uint32Array;
  shown: Int32Array;
}

/** Composites the top mask of each pile over the pile below; masks that are not shown are left out. */
export function pileColors(map: LabelMap, looks: Looks): PileColors {
  const { piles, below, top } = map;
  const premultiplied = new Float32Array(piles * 4);
  const out = { fill: new Uint32Array(piles), line: new Uint32Array(piles), shown: new Int32Array(piles) };
  out.shown[0] = -1;
  for (let pile = 1; pile < piles; pile++) {
    const mask = top[pile];
    const under = below[pile];
    const to = pile * 4;
    const from = under * 4;
    const alpha = looks.shown[mask] ? looks.fill[mask] : 0;
    const color = looks.color[mask];
    for (let channel = 0; channel < 3; channel++) {
      const own = (color >>> (8 * channel)) & 255;
      premultiplied[to + channel] = own * alpha + premultiplied[from + channel] * (1 - alpha);
    }
    premultiplied[to + 3] = alpha + premultiplied[from + 3] * (1 - alpha);
    out.shown[pile] = looks.shown[mask] ? mask : out.shown[under];
    out.fill[pile] = packed(premultiplied, to);
    const above = out.shown[pile];
    if (above >= 0) out.line[pile] = over(premultiplied, to, looks.color[above], looks.line[above]);
  }
  return out;
}

/**
 * The overlay's pixels.
 *
 * @param width of outlines, screen pixels; 0 for none.
 * @param out RGBA of the map's pixels.
 */
export function paint(
  map: LabelMap,
  colors: PileColors,
  looks: Looks,
  width: number,
  out: Uint32Array,
): void {
  out.fill(0);
  const [left, top, right, bottom] = map.painted;
  const { fill } = colors;
  const { pixels } = map;
  if (!width) {
    for (let y = top; y < bottom; y++) {
      const stop = y * map.width + right;
      for (let i = y * map.width + left; i < stop; i++) out[i] = fill[pixels[i]];
    }
    return;
  }
  const dash = Math.max(Math.round(width * 3), 3);
  for (let y = top; y < bottom; y++) {
    const row = y * map.width;
    const up = y >= width ? -width * map.width : 0;
    const down = y + width < map.height ? width * map.width : 0;
    for (let x = left; x < right; x++) {
      const i = row + x;
      const pile = pixels[i];
      if (pile === 0) continue;
      const before = x >= width ? i - width : i;
      const after = x + width < map.width ? i + width : i;
      const a = pixels[i + up];
      const b = pixels[i + down];
      const c = pixels[before];
      const d = pixels[after];
      if (a === pile && b === pile && c === pile && d === pile) {
        out[i] = fill[pile];
        continue;
      }
      const { shown } = colors;
      const mask = shown[pile];
      if (mask < 0) continue;
      const edge = shown[a] !== mask || shown[b] !== mask || shown[c] !== mask || shown[d] !== mask;
      const gap = looks.dashed[mask] && (Math.floor((x + y) / dash) & 1) === 1;
      out[i] = edge && !gap ? colors.line[pile] : fill[pile];
    }
  }
}

export interface Ring {
  /** RGBA, little-endian, of the band next to the mask, and of the one around that. */
  inner: number;
  outer: number;
  /** Widths, screen pixels. */
  innerWidth: number;
  outerWidth: number;
}

/**
 * Draws bands around one mask, over other pixels.
 *
 * @param box where the mask lies on the screen: left, top, right, bottom.
 */
export function paintRing(
  map: LabelMap,
  mask: number,
  box: readonly number[],
  ring: Ring,
  out: Uint32Array,
): void {
  const reach = ring.innerWidth + ring.outerWidth;
  const left = Math.max(Math.floor(box[0]) - reach - 1, 0);
  const top = Math.max(Math.floor(box[1]) - reach - 1, 0);
  const w = Math.min(Math.ceil(box[2]) + reach + 1, map.width) - left;
  const h = Math.min(Math.ceil(box[3]) + reach + 1, map.height) - top;
  if (w <= 0 || h <= 0) return;
  const member = members(map, mask);
  // Distance of each pixel from the mask: first within its row, at most reach + 1; then in both directions.
  const far = reach + 1;
  const innermost = (ring.innerWidth + 0.5) ** 2;
  const outermost = (reach + 0.5) ** 2;
  const across = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) {
    const row = (top + y) * map.width + left;
    let distance = far;
    for (let x = 0; x < w; x++) {
      distance = member[map.pixels[row + x]] ? 0 : Math.min(distance + 1, far);
      across[y * w + x] = distance;
    }
    distance = far;
    for (let x = w - 1; x >= 0; x--) {
      const i = y * w + x;
      distance = across[i] === 0 ? 0 : Math.min(distance + 1, far);
      if (distance < across[i]) across[i] = distance;
    }
  }
  for (let y = 0; y < h; y++) {
    const from = Math.max(y - reach, 0);
    const to = Math.min(y + reach, h - 1);
    for (let x = 0; x < w; x++) {
      if (across[y * w + x] === 0) continue;
      let squared = Number.POSITIVE_INFINITY;
      for (let other = from; other <= to; other++) {
        const value = (other - y) ** 2 + across[other * w + x] ** 2;
        if (value < squared) squared = value;
      }
      if (squared > outermost) continue;
      out[(top + y) * map.width + left + x] = squared <= innermost ? ring.inner : ring.outer;
    }
  }
}

/** For each pile whether it holds the mask. */
function members(map: LabelMap, mask: number): Uint8Array {
  const out = new Uint8Array(map.piles);
  for (let pile = 1; pile < map.piles; pile++)
    out[pile] = map.top[pile] === mask || out[map.below[pile]] ? 1 : 0;
  return out;
}

function packed(color: Float32Array, at: number): number {
  const alpha = color[at + 3];
  if (alpha <= 0) return 0;
  const r = Math.round(color[at] / alpha);
  const g = Math.round(color[at + 1] / alpha);
  const b = Math.round(color[at + 2] / alpha);
  return ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** A color over a premultiplied one. */
function over(below: Float32Array, at: number, color: number, alpha: number): number {
  const mixed = new Float32Array(4);
  for (let channel = 0; channel < 3; channel++)
    mixed[channel] = ((color >>> (8 * channel)) & 255) * alpha + below[at + channel] * (1 - alpha);
  mixed[3] = alpha + below[at + 3] * (1 - alpha);
  return packed(mixed, 0);
}
