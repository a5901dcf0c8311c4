import { describe, expect, it } from "vitest";
import { fillPolygon } from "../../../src/core/edit/fill";
import type { Patch } from "../../../src/core/edit/flood";
import { area, intersect, union } from "../../../src/core/edit/raster";
import { Scissors } from "../../../src/core/edit/scissors";
import { random } from "../../random";

/** A picture from a function of the pixel. */
function picture(width: number, height: number, color: (x: number, y: number) => number[]): Patch {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.set([...color(x, y), 255], 4 * (y * width + x));
  return { width, height, data };
}

/** Each corner is next to the one before. */
function connected(path: number[]): boolean {
  for (let i = 2; i < path.length; i += 2) {
    const step = Math.max(Math.abs(path[i] - path[i - 2]), Math.abs(path[i + 1] - path[i - 1]));
    if (step !== 1) return false;
  }
  return true;
}

describe("intelligent scissors", () => {
  it("run between the pixels of an edge, exactly", () => {
    const patch = picture(60, 50, (x) => (x < 31 ? [20, 40, 60] : [200, 90, 70]));
    const path = new Scissors(patch, 31, 3).path(31, 46);
    expect(path).toEqual(Array.from({ length: 44 }, (_, i) => [31, i + 3]).flat());
  });

  it("turn with an edge rather than go the short way", () => {
    const square = picture(80, 80, (x, y) =>
      x >= 20 && x < 60 && y >= 20 && y < 60 ? [250, 250, 250] : [9, 9, 9],
    );
    const path = new Scissors(square, 20, 60).path(60, 20);
    const by = [
      [20, 20],
      [60, 60],
    ].map(([x, y]) => path.some((_, i) => i % 2 === 0 && Math.hypot(path[i] - x, path[i + 1] - y) < 3));
    expect(by.filter(Boolean).length).toBe(1);
    expect(connected(path)).toBe(true);
  });

  it("cut a disc out of noise with four clicks, near enough", () => {
    const next = random(51);
    const patch = picture(200, 160, (x, y) => {
      const inside = Math.hypot(x - 99.5, y - 79.5) < 50;
      return (inside ? [170, 120, 90] : [80, 110, 130]).map((value) => value + (next() - 0.5) * 40);
    });
    const clicks = [0, 1, 2, 3].map((k) => [
      100 + 50 * Math.cos((k * Math.PI) / 2 + 0.3),
      80 + 50 * Math.sin((k * Math.PI) / 2 + 0.3),
    ]);
    const ring = clicks.flatMap(([x, y], k) => {
      const [tx, ty] = clicks[(k + 1) % 4];
      return new Scissors(patch, x, y).path(tx, ty).slice(0, -2);
    });
    const cutOut = fillPolygon([ring], 160, 200);
    const disc = fillPolygon(
      [
        Array.from({ length: 720 }, (_, i) => {
          const angle = (Math.floor(i / 2) * Math.PI) / 180;
          return i % 2 ? 80 + 50 * Math.sin(angle) : 100 + 50 * Math.cos(angle);
        }),
      ],
      160,
      200,
    );
    expect(area(intersect(cutOut, disc)) / area(union(cutOut, disc))).toBeGreaterThan(0.97);
  });

  it("lead from the anchor to every place without a gap, also in flat pictures and outside", () => {
    const next = random(52);
    for (let round = 0; round < 12; round++) {
      const [w, h] = [1 + Math.floor(next() * 60), 1 + Math.floor(next() * 60)];
      const patch = picture(w, h, () => (round % 3 ? [next() * 255, next() * 255, next() * 255] : [7, 7, 7]));
      const [ax, ay] = [Math.floor(next() * (w + 1)), Math.floor(next() * (h + 1))];
      const scissors = new Scissors(patch, ax, ay);
      for (let k = 0; k < 40; k++) {
        const [x, y] = [Math.floor(next() * (w + 1)), Math.floor(next() * (h + 1))];
        const path = scissors.path(x, y);
        expect(path.slice(0, 2)).toEqual([ax, ay]);
        expect(path.slice(-2)).toEqual([x, y]);
        expect(connected(path)).toBe(true);
        expect(new Set(path.map((_, i) => (i % 2 ? "" : `${path[i]} ${path[i + 1]}`))).size).toBe(
          path.length / 2 + Number(path.length > 0),
        );
      }
      expect(scissors.path(-50, h + 9).slice(-2)).toEqual([0, h]);
    }
  });

  it("go straight where there is nothing to follow", () => {
    const scissors = new Scissors(
      picture(300, 300, () => [90, 90, 90]),
      20,
      30,
    );
    expect(scissors.path(20, 250).length).toBe(2 * 221);
    expect(scissors.path(120, 130)).toEqual(Array.from({ length: 101 }, (_, i) => [20 + i, 30 + i]).flat());
  });
});
