import { expect, test } from "vitest";
import { Grid } from "../../../src/core/space/grid";
import type { Placement } from "../../../src/core/space/scale";
import { random } from "../../random";

const PLAIN = 2;

function slow(
  x: Float32Array,
  y: Float32Array,
  at: Placement,
  px: number,
  py: number,
  radius: number,
  tier: Uint8Array,
): number {
  for (const wanted of [2, 1]) {
    let [best, least] = [Infinity, radius * radius];
    for (let row = 0; row < x.length; row++) {
      const away = (x[row] * at.kx + at.bx - px) ** 2 + (y[row] * at.ky + at.by - py) ** 2;
      if (Math.min(tier[row], 2) === wanted && away <= least) [best, least] = [away, away];
    }
    if (best < Infinity) return best;
  }
  return -1;
}

test("the nearest point is found as by looking at each, allowed ones first", () => {
  const next = random(7);
  for (let round = 0; round < 20; round++) {
    const n = 1 + Math.floor(next() * 3000);
    const [x, y] = [0, 1].map(() => Float32Array.from({ length: n }, () => (next() < 0.05 ? NaN : next())));
    const tier = Uint8Array.from(x, (_, i) => (Number.isNaN(x[i] + y[i]) ? 0 : Math.floor(next() * 4)));
    const grid = new Grid(x, y);
    const zoom = 10 ** (next() * 3);
    const at = { kx: 600 * zoom, ky: -400 * zoom, bx: 300 - 300 * zoom, by: 200 + 200 * zoom };
    for (let k = 0; k < 40; k++) {
      const [px, py] = [next() * 600, next() * 400];
      const row = grid.nearest(at, px, py, 12, tier);
      const found = row < 0 ? -1 : (x[row] * at.kx + at.bx - px) ** 2 + (y[row] * at.ky + at.by - py) ** 2;
      expect(found).toBeCloseTo(slow(x, y, at, px, py, 12, tier), 6);
    }
  }
});

test.each([
  ["no point", [], []],
  ["none with coordinates", [NaN, NaN], [NaN, 0.5]],
])("%s: nothing is under the pointer", (_, x, y) => {
  const grid = new Grid(Float32Array.from(x), Float32Array.from(y));
  expect(
    grid.nearest({ kx: 10, ky: -10, bx: 0, by: 10 }, 5, 5, 50, new Uint8Array(x.length).fill(PLAIN)),
  ).toBe(-1);
});

test("many points in one place are one place", () => {
  const x = new Float32Array(50_000).fill(0.5);
  const at = { kx: 100, ky: -100, bx: 0, by: 100 };
  const row = new Grid(x, x).nearest(at, 52, 50, 5, new Uint8Array(x.length).fill(PLAIN));
  expect(row).toBeGreaterThanOrEqual(0);
});
