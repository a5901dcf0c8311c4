import { describe, expect, it } from "vitest";
import { Stroke } from "../../../src/core/edit/brush";
import { area, at, equal, type Raster } from "../../../src/core/edit/raster";
import { random } from "../../random";
import { drawn, groups, pixelsOf } from "./masks";

const SHAPES = ["circle", "square"] as const;

/** Distance of (x, y) from the line between two places. */
function distance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const along = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = along ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / along, 0), 1) : 0;
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** How far the middle of a square must come, in the larger of x and y: by trying many places of the way. */
function reach(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  let least = Infinity;
  for (let i = 0; i <= 2000; i++) {
    const [px, py] = [ax + ((bx - ax) * i) / 2000, ay + ((by - ay) * i) / 2000];
    least = Math.min(least, Math.max(Math.abs(x - px), Math.abs(y - py)));
  }
  return least;
}

describe("a brush stroke", () => {
  it("covers the pixels whose centers the brush passes over", () => {
    const next = random(11);
    for (let round = 0; round < 60; round++) {
      const shape = SHAPES[round % 2];
      const diameter = 1.5 + next() * 14;
      const [ax, ay, bx, by] = Array.from({ length: 4 }, () => next() * 44 - 6);
      const stroke = new Stroke(32, 32, shape, diameter);
      stroke.add(ax, ay);
      stroke.add(bx, by);
      for (let y = 0; y < 32; y++)
        for (let x = 0; x < 32; x++) {
          const away = (shape === "circle" ? distance : reach)(x + 0.5, y + 0.5, ax, ay, bx, by);
          if (Math.abs(away - diameter / 2) < 0.02) continue;
          if (at(stroke.raster, x, y) !== Number(away < diameter / 2)) expect.unreachable(`${x} ${y}`);
        }
    }
  });

  it("has no gaps, however fast the pointer and however thin the brush", () => {
    const next = random(12);
    for (let round = 0; round < 200; round++) {
      const diameter = round % 4 ? 1 + next() * 5 : 1;
      const stroke = new Stroke(120, 90, SHAPES[round % 2], diameter);
      for (let i = 0; i < 6; i++) {
        const [x, y] = [next() * 120, next() * 90];
        stroke.add(x, y);
        expect(at(stroke.raster, x, y)).toBe(1);
      }
      expect(groups(pixelsOf(stroke.raster, 90, 120), 120, diameter < 1.5)).toBe(1);
    }
  });

  it("of one click is a dot: one pixel for the thinnest brush, d x d for a square", () => {
    const dot = (shape: "circle" | "square", diameter: number, x: number, y: number) => {
      const stroke = new Stroke(20, 20, shape, diameter);
      stroke.add(x, y);
      return stroke.raster;
    };
    for (const [x, y] of [
      [7.5, 7.5],
      [7, 7],
      [7.99, 7.01],
    ]) {
      expect(at(dot("circle", 1, x, y), 7, 7)).toBe(1);
      expect(area(dot("circle", 1, x, y))).toBe(1);
      expect(area(dot("square", 1, x, y))).toBe(1);
      for (const size of [2, 3, 6]) expect(area(dot("square", size, x, y))).toBe(size * size);
    }
    const disc = drawn("......", "..##..", ".####.", ".####.", "..##..", "......");
    expect(equal(dot("circle", 4, 3, 3), disc)).toBe(true);
  });

  it("is drawn alike in both directions", () => {
    const next = random(13);
    for (let round = 0; round < 100; round++) {
      const places = Array.from({ length: 5 }, () => [next() * 60 - 5, next() * 60 - 5] as const);
      const paint = (way: typeof places) => {
        const stroke = new Stroke(50, 50, SHAPES[round % 2], 1 + (round % 9));
        for (const [x, y] of way) stroke.add(x, y);
        return stroke.raster;
      };
      expect(equal(paint(places), paint([...places].reverse()))).toBe(true);
    }
  });

  it("changes nothing outside of the box it tells", () => {
    const next = random(14);
    for (let round = 0; round < 40; round++) {
      const stroke = new Stroke(300, 300, SHAPES[round % 2], 1 + next() * 20);
      let before: Uint8Array = new Uint8Array(300 * 300);
      for (let i = 0; i < 5; i++) {
        const [x, y, w, h] = stroke.add(next() * 400 - 50, next() * 400 - 50);
        const now = pixelsOf(stroke.raster, 300, 300);
        for (let k = 0; k < now.length; k++) {
          const [px, py] = [k % 300, Math.floor(k / 300)];
          const inside = px >= x && py >= y && px < x + w && py < y + h;
          if (now[k] < before[k] || (!inside && now[k] !== before[k])) expect.unreachable(`${px} ${py}`);
        }
        before = now;
      }
    }
  });

  it("outside of the image paints nothing; on a large one it takes as much memory as it needs", () => {
    const outside = new Stroke(100, 100, "circle", 10);
    expect(outside.add(-50, 20)).toEqual([0, 0, 0, 0]);
    expect(area(outside.raster)).toBe(0);
    outside.add(20, 20);
    expect(area(outside.raster)).toBeGreaterThan(0);
    const stroke = new Stroke(8000, 8000, "circle", 30);
    for (let i = 0; i < 500; i++) stroke.add(4000 + 200 * Math.cos(i / 20), 4000 + 200 * Math.sin(i / 20));
    const { w, h }: Raster = stroke.raster;
    expect(w * h).toBeLessThan(1e6);
    for (let i = 0; i < 20; i++) stroke.add((i % 2) * 7999, i * 400);
    expect(groups(sampled(stroke.raster), 800, true)).toBe(1);
  });
});

/** Every tenth pixel of 8,000 x 8,000; a brush of 30 pixels is found by it. */
function sampled(raster: Raster): Uint8Array {
  return Uint8Array.from({ length: 640000 }, (_, i) => at(raster, 10 * (i % 800), 10 * Math.floor(i / 800)));
}
