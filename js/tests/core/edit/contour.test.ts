import { describe, expect, it } from "vitest";
import { contours, simplified } from "../../../src/core/edit/contour";
import { fillPolygon } from "../../../src/core/edit/fill";
import { area, EMPTY, equal, fromCounts, type Raster, toCounts } from "../../../src/core/edit/raster";
import { area2, distance2 } from "../../../src/core/space/polygon";
import { random } from "../../random";
import { anyRaster, drawn, groups, rasterOf } from "./masks";

const lists = (raster: Raster) => contours(raster).map((ring) => [...ring]);

describe("outlines", () => {
  it("filled again are the mask, whatever it is", () => {
    const next = random(31);
    for (let round = 0; round < 400; round++) {
      const [height, width] = [1 + Math.floor(next() * 25), 1 + Math.floor(next() * 25)];
      const inside = anyRaster(next, height, width);
      const raster = { ...inside, x: Math.abs(inside.x), y: Math.abs(inside.y) };
      expect(equal(fillPolygon(contours(raster), 80, 80), raster)).toBe(true);
    }
  });

  it("are one around each island and one around each hole, with corners where they turn", () => {
    expect(lists(EMPTY)).toEqual([]);
    expect(lists({ x: 5, y: 7, w: 1, h: 1, data: Uint8Array.of(1) })).toEqual([[5, 7, 6, 7, 6, 8, 5, 8]]);
    expect(lists(rasterOf(new Uint8Array(12).fill(1), 3, 4))).toEqual([[0, 0, 4, 0, 4, 3, 0, 3]]);
    expect(lists(drawn("###", "#.#", "###"))).toEqual([
      [0, 0, 3, 0, 3, 3, 0, 3],
      [1, 2, 2, 2, 2, 1, 1, 1],
    ]);
    expect(lists(drawn("#.", ".#")).length).toBe(2);
    expect(lists(drawn("#####", "#.#.#", "##.##", "#####")).length).toBe(2);
  });

  it("turn one way around islands and the other way around holes", () => {
    const next = random(32);
    for (let round = 0; round < 100; round++) {
      const pixels = Uint8Array.from({ length: 400 }, () => Number(next() < 0.6));
      const rings = contours(rasterOf(pixels, 20, 20)).map((ring) => area2([...ring]) / 2);
      expect(rings.reduce((sum, size) => sum + size, 0)).toBe(pixels.reduce((sum, pixel) => sum + pixel, 0));
      expect(rings.filter((size) => size > 0).length).toBe(groups(pixels, 20, false));
    }
  });

  it("of 1,000 islands, and of 8,000 x 8,000 pixels, are found", () => {
    const data = new Uint8Array(400 * 300);
    for (let k = 0; k < 1000; k++)
      data.fill(1, (k % 40) * 3000 + Math.floor(k / 40) * 12, (k % 40) * 3000 + Math.floor(k / 40) * 12 + 5);
    const islands = rasterOf(data, 400, 300);
    expect(contours(islands).length).toBe(1000);
    expect(equal(fromCounts(toCounts(islands, 400, 300), 400, 300), islands)).toBe(true);
    const large = fillPolygon(
      [
        [0, 0, 8000, 0, 8000, 8000, 0, 8000],
        [4000, 100, 7900, 4000, 4000, 7900, 100, 4000],
      ],
      8000,
      8000,
    );
    const rings = contours(large);
    expect(rings.length).toBe(2);
    expect(area(fillPolygon(rings, 8000, 8000))).toBe(area(large));
  });
});

/** The largest distance of corners of `ring` from the outline `thin`. */
function apart(ring: ArrayLike<number>, thin: Float64Array): number {
  const n = thin.length / 2;
  let most = 0;
  for (let i = 0; i < ring.length; i += 2) {
    let least = Infinity;
    for (let j = 0; j < n; j++) {
      const k = (j + 1) % n;
      const three = [ring[i], ring[i + 1], thin[2 * j], thin[2 * j + 1], thin[2 * k], thin[2 * k + 1]];
      least = Math.min(least, distance2(three, 0, 1, 2));
    }
    most = Math.max(most, least);
  }
  return Math.sqrt(most);
}

describe("simpler outlines", () => {
  it("keep some of the corners, at least three, within the tolerance", () => {
    const next = random(33);
    for (let round = 0; round < 120; round++) {
      const n = 3 + Math.floor(next() * 60);
      const tolerance = [0, 0.5, 3, 1000][round % 4];
      const ring = Array.from({ length: 2 * n }, (_, i) => {
        const angle = (Math.floor(i / 2) / n) * 2 * Math.PI;
        return (20 + 6 * next()) * (i % 2 ? Math.sin(angle) : Math.cos(angle));
      });
      const thin = simplified(ring, tolerance);
      expect(thin.length).toBeGreaterThanOrEqual(6);
      expect(thin.length).toBeLessThanOrEqual(ring.length);
      expect(apart(ring, thin)).toBeLessThanOrEqual(tolerance + 1e-9);
      let from = 0;
      for (let i = 0; i < thin.length; i += 2) {
        while (from < ring.length && (ring[from] !== thin[i] || ring[from + 1] !== thin[i + 1])) from += 2;
        expect(from).toBeLessThan(ring.length);
      }
    }
  });

  it("drop what lies on a line and keep the corners of a box", () => {
    const ring = [0, 0, 5, 0, 10, 0, 10, 4, 10, 10, 3, 10, 0, 10, 0, 5];
    expect([...simplified(ring, 0.1)]).toEqual([0, 0, 10, 0, 10, 10, 0, 10]);
    expect([...simplified([1, 2, 3, 4], 1)]).toEqual([1, 2, 3, 4]);
    expect(simplified([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 1).length).toBeGreaterThanOrEqual(6);
    expect(simplified([0, 0, 1, 0, 2, 0, 3, 0], 1).length).toBe(6);
  });

  it("of 10,000 corners are found, also where many stand out as far", () => {
    const comb = Array.from({ length: 20000 }, (_, i) => (i % 2 ? 10 * ((i >> 1) % 2) : i >> 1));
    expect(simplified(comb, 1).length).toBe(20000);
    expect(simplified(comb, 20).length).toBe(6);
    const circle = Array.from(
      { length: 20000 },
      (_, i) => 3000 * (i % 2 ? Math.sin : Math.cos)((i >> 1) / 1591.6),
    );
    const thin = simplified(circle, 1);
    expect(thin.length / 2).toBeLessThan(200);
    expect(apart(circle, thin)).toBeLessThanOrEqual(1);
  });
});
