import { expect, test } from "vitest";
import { fitted } from "../../../src/core/space/fit";
import { surroundings } from "../../../src/core/space/surroundings";

test("squares are as large as fit without scrolling", () => {
  for (let n = 1; n <= 40; n++)
    for (const [width, height] of [
      [900, 500],
      [700, 560],
      [600, 900],
    ]) {
      const { across, side } = fitted(n, width, height, 8, 10);
      const down = Math.ceil(n / across);
      expect(across * side + (across - 1) * 8).toBeLessThanOrEqual(width);
      expect(down * side + (down - 1) * 8).toBeLessThanOrEqual(height);
      for (let other = 1; other <= n; other++) {
        const rows = Math.ceil(n / other);
        const best = Math.min((width - 8 * (other - 1)) / other, (height - 8 * (rows - 1)) / rows);
        expect(side).toBeGreaterThanOrEqual(Math.floor(best));
      }
    }
});

test("where they would be too small the box scrolls, and they fill its width", () => {
  const { across, side } = fitted(40, 350, 200, 8, 84);
  expect(across).toBe(3);
  expect(side).toBe(111);
});

test("what is around a mask is what the kernel cuts out", () => {
  expect(surroundings([50, 40, 40, 20], [400, 200], 0.5)).toEqual([30, 10, 110, 90]);
  expect(surroundings([0, 0, 4, 4], [400, 200], 0)).toEqual([0, 0, 48, 48]);
  expect(surroundings([50, 40, 40, 20], [60, 50], 8)).toEqual([0, 0, 60, 50]);
});
