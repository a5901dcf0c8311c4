import { describe, expect, it } from "vitest";
import { bucket, fillHoles, type Patch, wand } from "../../../src/core/edit/flood";
import { area, at, EMPTY, equal, type Raster, subtract, union } from "../../../src/core/edit/raster";
import { random } from "../../random";
import { anyRaster, drawn, groups, pixelsOf, rasterOf } from "./masks";

/** Pixels without the mask that hang together with (x, y), in a frame of one around the image: the plain way. */
function around(raster: Raster, x: number, y: number, height: number, width: number): Set<string> {
  const found = new Set([`${x} ${y}`]);
  const stack = [[x, y]];
  while (stack.length) {
    const [px, py] = stack.pop()!;
    for (const [qx, qy] of [
      [px + 1, py],
      [px - 1, py],
      [px, py + 1],
      [px, py - 1],
    ]) {
      if (qx < -1 || qy < -1 || qx > width || qy > height || at(raster, qx, qy)) continue;
      if (found.has(`${qx} ${qy}`)) continue;
      found.add(`${qx} ${qy}`);
      stack.push([qx, qy]);
    }
  }
  return found;
}

describe("holes", () => {
  it("are what cannot be reached from outside", () => {
    const next = random(41);
    for (let round = 0; round < 60; round++) {
      const pixels = Uint8Array.from({ length: 20 * 24 }, () => Number(next() < 0.35 + 0.4 * (round % 2)));
      const raster = rasterOf(pixels, 20, 24);
      const outside = around(raster, -1, -1, 20, 24);
      const full = fillHoles(raster);
      for (let y = 0; y < 20; y++)
        for (let x = 0; x < 24; x++) expect(at(full, x, y)).toBe(outside.has(`${x} ${y}`) ? 0 : 1);
      const each = [...pixels.keys()].reduce((mask, i) => bucket(mask, i % 24, Math.floor(i / 24)), raster);
      expect(equal(each, full)).toBe(true);
    }
  });

  it("are filled one by one; elsewhere nothing happens", () => {
    const two = drawn("#######", "#.#...#", "###.#.#", "#######");
    expect(equal(bucket(two, 1, 1), drawn("#######", "###...#", "###.#.#", "#######"))).toBe(true);
    expect(equal(bucket(two, 5.5, 2.2), drawn("#######", "#.#####", "#######", "#######"))).toBe(true);
    expect(bucket(two, 0, 0)).toBe(two);
    expect(bucket(two, -3, 50)).toBe(two);
    const open = drawn(".###", ".#.#", ".#..");
    for (const [x, y] of [
      [0, 0],
      [2, 1],
      [3, 2],
    ])
      expect(bucket(open, x, y)).toBe(open);
    expect(fillHoles(EMPTY)).toBe(EMPTY);
    expect(equal(fillHoles(drawn(".#.", "#.#", ".#.")), drawn(".#.", "###", ".#."))).toBe(true);
  });

  it("of a mask anywhere of the image are filled where they are", () => {
    const next = random(42);
    for (let round = 0; round < 60; round++) {
      const raster = anyRaster(next, 30, 30);
      const full = fillHoles(raster);
      expect(area(subtract(raster, full))).toBe(0);
      expect(equal(fillHoles(full), full)).toBe(true);
      expect(equal(union(full, raster), full)).toBe(true);
    }
  });

  it("are found on large masks", () => {
    const data = new Uint8Array(9e6).fill(1);
    for (let i = 0; i < 2990; i++) data[3001 + i * 3002] = 0;
    const full = fillHoles({ x: 2000, y: 1000, w: 3000, h: 3000, data });
    expect(area(full)).toBeGreaterThan(9e6 - 5);
  });
});

describe("the wand", () => {
  const noise = (next: () => number, w: number, h: number): Patch => ({
    width: w,
    height: h,
    data: Uint8ClampedArray.from({ length: 4 * w * h }, () => next() * 100),
  });

  it("takes what looks like the start in every channel", () => {
    const next = random(43);
    for (let round = 0; round < 40; round++) {
      const patch = noise(next, 23, 17);
      const [x, y] = [Math.floor(next() * 23), Math.floor(next() * 17)];
      const tolerance = next() * 90;
      const color = (px: number, py: number) =>
        patch.data.subarray(4 * (py * 23 + px), 4 * (py * 23 + px) + 3);
      const start = color(x, y);
      const all = wand(patch, x, y, tolerance, false);
      for (let py = 0; py < 17; py++)
        for (let px = 0; px < 23; px++) {
          const away = Math.max(...color(px, py).map((value, c) => Math.abs(value - start[c])));
          expect(at(all, px, py)).toBe(Number(away <= tolerance));
        }
      const near = wand(patch, x + 0.7, y + 0.2, tolerance, true);
      expect(at(near, x, y)).toBe(1);
      expect(area(subtract(near, all))).toBe(0);
      expect(groups(pixelsOf(near, 17, 23), 23, false)).toBe(1);
      const rest = pixelsOf(subtract(all, near), 17, 23);
      expect(groups(pixelsOf(all, 17, 23), 23, false)).toBe(1 + groups(rest, 23, false));
    }
  });

  it("takes all of a flat picture, and nothing outside of it", () => {
    const flat: Patch = { width: 700, height: 500, data: new Uint8ClampedArray(4 * 350000).fill(80) };
    expect(area(wand(flat, 3, 499, 0, true))).toBe(350000);
    expect(wand(flat, 700, 3, 255, false)).toBe(EMPTY);
    expect(wand(flat, -1, 3, 255, true)).toBe(EMPTY);
  });
});
