import { expect, test } from "vitest";
import { pack } from "../../src/draw/splat";
import { covers, paintTile, type Tile, tints, veil } from "../../src/views/scatter/tile";

const RED = pack(255, 0, 0);
const AT = { kx: 4, ky: -4, bx: 0, by: 4 }; // 0..1 fills four by four pixels
const surface = () => ({ width: 4, height: 4, pixels: new Uint32Array(16) });
const tile = (columns: number, rows: number, shades: number[] = []): Tile => ({
  limits: [0, 0, 1, 1],
  columns,
  rows,
  layers: [],
  shades: Uint8Array.from(shades),
});

test("cells with points are painted where they lie, the lowest row at the bottom; others are left", () => {
  const on = surface();
  paintTile(on, tile(2, 2), Uint8Array.of(255, 0, 0, 9), AT, [RED], null);
  const painted = [...on.pixels].map((pixel) => (pixel === RED ? 1 : 0));
  expect(painted).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0]);
});

test("neighbouring cells leave no seam, whatever the size of a pixel", () => {
  for (const columns of [1, 3, 5, 7, 64]) {
    const on = { width: 13, height: 9, pixels: new Uint32Array(13 * 9) };
    const at = { kx: 13, ky: -9, bx: 0, by: 9 };
    paintTile(on, tile(columns, columns), new Uint8Array(columns ** 2).fill(1), at, [RED], null);
    expect(on.pixels.every((pixel) => pixel === RED)).toBe(true);
  }
});

test("nothing is painted beside the limits of a tile", () => {
  const on = surface();
  paintTile(on, { ...tile(1, 1), limits: [0, 0, 0.5, 0.5] }, Uint8Array.of(1), AT, [RED], null);
  expect([...on.pixels].flatMap((pixel, i) => (pixel ? [i] : []))).toEqual([8, 9, 12, 13]);
});

test("colors are of cells, of levels, or one for all", () => {
  const on = surface();
  const levels = Uint8Array.of(7, 7, 3, 3);
  paintTile(on, tile(2, 2), levels, AT, Uint32Array.of(10, 11, 12, 13), null);
  expect([on.pixels[12], on.pixels[15], on.pixels[0], on.pixels[3]]).toEqual([10, 11, 12, 13]);
  const ramp = Uint32Array.from({ length: 256 }, (_, level) => 1000 + level);
  paintTile(on, tile(2, 2), levels, AT, ramp, null);
  expect([on.pixels[12], on.pixels[0]]).toEqual([1007, 1003]);
});

test("more points are more opaque, and a single one is seen", () => {
  const alpha = veil(0.9);
  expect(alpha[1]).toBeGreaterThan(40);
  expect(alpha[255]).toBe(230);
  expect([...alpha].every((a, level) => !level || a >= alpha[level - 1])).toBe(true);
});

test("the color of a cell: red, green and blue, the place in a table, or the only one", () => {
  expect([...tints(tile(2, 1, [255, 0, 0, 0, 0, 255]), new Uint32Array(1))]).toEqual([RED, pack(0, 0, 255)]);
  expect([...tints(tile(2, 1, [2, 0]), Uint32Array.of(5, 6, 7))]).toEqual([7, 5]);
  expect([...tints(tile(2, 1), Uint32Array.of(5))]).toEqual([5, 5]);
});

test("what lies beside 0..1 need not be covered", () => {
  expect(covers([0, 0, 1, 1], [-0.1, -0.1, 1.1, 1.1])).toBe(true);
  expect(covers([0.2, 0, 0.8, 1], [0.3, -1, 0.7, 2])).toBe(true);
  expect(covers([0.2, 0, 0.8, 1], [0.1, 0, 0.7, 1])).toBe(false);
});
