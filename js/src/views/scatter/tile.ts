/** Counts of points in the cells of a window of the plane, painted below the points that are drawn one by one. */
import type { Placement } from "../../core/space/scale";
import { mix, pack, type Surface } from "../../draw/splat";

/** Left, bottom, right, top, in 0..1. */
export type Limits = readonly [number, number, number, number];

export interface Tile {
  readonly limits: Limits;
  readonly columns: number;
  readonly rows: number;
  /** Points of each cell on a logarithmic scale, 0 to 255, from the bottom: dimmed, plain, marked; null for none.
   *  No layers where every point is drawn. */
  readonly layers: readonly (Uint8Array | null)[];
  /** Of each cell: index in the table of colors, or red, green and blue; empty for one color. */
  readonly shades: Uint8Array;
}

/** Packed color of each cell; `table` has the colors of the points. */
export function tints(tile: Tile, table: Uint32Array): Uint32Array {
  const { columns, rows, shades } = tile;
  const out = new Uint32Array(columns * rows);
  if (shades.length === 3 * out.length)
    for (let i = 0, k = 0; i < out.length; i++, k += 3)
      out[i] = pack(shades[k], shades[k + 1], shades[k + 2]);
  else for (let i = 0; i < out.length; i++) out[i] = table[shades[i] ?? 0];
  return out;
}

/** Opacity 1..256 of each level where cells lie below points: few points are seen, many do not hide them. */
export function veil(strength: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, level) => 256 * strength * (0.2 + (0.8 * level) / 255));
}

/**
 * Paint the cells of a layer that have points.
 *
 * @param at where 0..1 lies on the surface, in its pixels.
 * @param colors packed, of cells; or of the 256 levels; or one.
 * @param alpha of levels, 0..256; null for opaque.
 */
export function paintTile(
  { width, height, pixels }: Surface,
  { limits, columns, rows }: Tile,
  levels: Uint8Array,
  { kx, ky, bx, by }: Placement,
  colors: ArrayLike<number>,
  alpha: Uint16Array | null,
): void {
  const [left, bottom, right, top] = limits;
  /** Cell of each pixel along a side of the surface, -1 beside the tile. */
  const cells = (length: number, k: number, b: number, lo: number, hi: number, n: number) =>
    Int32Array.from({ length }, (_, pixel) => {
      const share = ((pixel + 0.5 - b) / k - lo) / (hi - lo);
      return share >= 0 && share <= 1 ? Math.min(Math.floor(share * n), n - 1) : -1;
    });
  const column = cells(width, kx, bx, left, right, columns);
  const line = cells(height, ky, by, bottom, top, rows);
  const of = colors.length === columns * rows ? 2 : colors.length === 256 ? 1 : 0;
  for (let j = 0; j < height; j++) {
    if (line[j] < 0) continue;
    const first = line[j] * columns;
    for (let i = 0, to = j * width; i < width; i++, to++) {
      const cell = first + column[i];
      const level = column[i] < 0 ? 0 : levels[cell];
      if (!level) continue;
      const color = colors[of === 2 ? cell : of * level];
      pixels[to] = alpha ? mix(color, pixels[to], alpha[level]) : color;
    }
  }
}

/** Whether limits hold all that is in view of 0..1. */
export function covers(limits: Limits, view: Limits): boolean {
  return [0, 1].every((i) => limits[i] <= Math.max(view[i], 0) && limits[i + 2] >= Math.min(view[i + 2], 1));
}
