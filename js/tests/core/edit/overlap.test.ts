import { describe, expect, it } from "vitest";
import { fillPolygon } from "../../../src/core/edit/fill";
import { placed } from "../../../src/core/edit/overlap";
import { area, EMPTY, equal, intersect, type Raster, subtract, union } from "../../../src/core/edit/raster";
import { random } from "../../random";
import { anyRaster } from "./masks";

const together = (masks: readonly Raster[]) => masks.reduce(union, EMPTY);

/** Masks that share no pixel. */
function apart(next: () => number, n: number): Raster[] {
  const out: Raster[] = [];
  for (let i = 0; i < n; i++) {
    const ring = Array.from({ length: 6 + 2 * Math.floor(next() * 4) }, () => next() * 60 - 5);
    const mask = i % 3 ? fillPolygon([ring], 50, 50) : anyRaster(next, 50, 50);
    out.push(out.reduce(subtract, mask));
  }
  return out;
}

describe("a new mask among others", () => {
  it("that overwrites or stays behind overlaps none, and together they hold what they held", () => {
    const next = random(61);
    for (let round = 0; round < 150; round++) {
      const others = apart(next, 1 + Math.floor(next() * 5));
      const mask = anyRaster(next, 60, 60);
      for (const mode of ["overwrite", "behind"] as const) {
        const after = placed(mask, others, mode);
        const all = [after.mask, ...after.others];
        expect(after.others.length).toBe(others.length);
        for (const [i, a] of all.entries())
          for (const b of all.slice(i + 1)) expect(area(intersect(a, b))).toBe(0);
        expect(equal(together(all), together([mask, ...others]))).toBe(true);
        if (mode === "overwrite") expect(after.mask).toBe(mask);
        else expect(after.others).toEqual(others);
      }
    }
  });

  it("may be allowed to overlap, and then nothing changes", () => {
    const next = random(62);
    const [mask, ...others] = Array.from({ length: 4 }, () => anyRaster(next, 20, 20));
    expect(placed(mask, others, "allow")).toEqual({ mask, others });
  });

  it("drawn over the border of two shares their borders exactly: no gap, no double pixel", () => {
    const next = random(63);
    for (let round = 0; round < 60; round++) {
      const drawn = Array.from({ length: 6 }, () =>
        fillPolygon([Array.from({ length: 8 }, () => next() * 50)], 50, 50),
      );
      let there: Raster[] = [];
      for (const mask of drawn) {
        const after = placed(mask, there, round % 2 ? "overwrite" : "behind");
        there = [...after.others, after.mask];
      }
      expect(there.reduce((sum, mask) => sum + area(mask), 0)).toBe(area(together(drawn)));
      expect(equal(together(there), together(drawn))).toBe(true);
    }
  });
});
