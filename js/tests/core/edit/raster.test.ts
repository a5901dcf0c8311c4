import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  area,
  at,
  EMPTY,
  equal,
  fromCounts,
  fromMasks,
  intersect,
  type Raster,
  subtract,
  toCounts,
  trimmed,
  union,
} from "../../../src/core/edit/raster";
import { parseMasks } from "../../../src/core/masks/rle";
import { random } from "../../random";
import { anyRaster, pixelsOf } from "./masks";

interface Golden {
  height: number;
  width: number;
  /** pycocotools' bytes. */
  rle: string;
  /** Pixels of the mask: its area and box as pycocotools have them. */
  area: number;
  box: [number, number, number, number];
  /** The pixels as "0" and "1", row by row, of small masks. */
  pixels?: string;
}
const golden: Golden[] = JSON.parse(
  readFileSync(new URL("../../../../tests/wire/edit.json", import.meta.url), "utf8"),
);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("masks being edited", () => {
  it("are read and written byte for byte as pycocotools does", () => {
    for (const { rle, height, width, area: size, box, pixels } of golden) {
      const raster = fromCounts(bytesOf(rle), height, width);
      expect([raster.x, raster.y, raster.w, raster.h]).toEqual(box);
      expect(area(raster)).toBe(size);
      expect(textOf(toCounts(raster, height, width))).toBe(rle);
      if (pixels === undefined) continue;
      const data = Uint8Array.from(pixels, Number);
      expect(Buffer.compare(pixelsOf(raster, height, width), data)).toBe(0);
      expect(textOf(toCounts({ x: 0, y: 0, w: width, h: height, data }, height, width))).toBe(rle);
    }
  });

  it("survive writing and reading, without what lies outside of the image", () => {
    const next = random(1);
    for (let round = 0; round < 300; round++) {
      const [height, width] = [1 + Math.floor(next() * 90), 1 + Math.floor(next() * 90)];
      const raster = anyRaster(next, height, width);
      const back = fromCounts(toCounts(raster, height, width), height, width);
      expect(equal(back, intersect(raster, whole(height, width)))).toBe(true);
      expect([back.x, back.y, back.w, back.h]).toEqual(boxOf(back));
    }
  });

  it("of one image are read from all of its masks", () => {
    const next = random(2);
    const masks = Array.from({ length: 5 }, () => anyRaster(next, 30, 40));
    const bytes = masks.map((mask) => toCounts(mask, 30, 40));
    const together = parseMasks(
      Uint8Array.from(bytes.flatMap((part) => [...part])),
      bytes.map((part) => part.length),
      30,
      40,
    );
    masks.forEach((mask, i) => {
      expect(equal(fromMasks(together, i), intersect(mask, whole(30, 40)))).toBe(true);
    });
  });

  it("are joined, cut and met pixel by pixel", () => {
    const next = random(3);
    for (let round = 0; round < 300; round++) {
      const [height, width] = [1 + Math.floor(next() * 30), 1 + Math.floor(next() * 30)];
      const a = anyRaster(next, height, width);
      // Every other time in the very same box.
      const b =
        round % 2 ? { ...a, data: a.data.map(() => Number(next() < 0.5)) } : anyRaster(next, height, width);
      const before = [a.data.slice(), b.data.slice()];
      const made = [union(a, b), subtract(a, b), intersect(a, b)];
      expect([a.data, b.data]).toEqual(before);
      let same = true;
      for (let y = -height; y < 3 * height; y++)
        for (let x = -width; x < 3 * width; x++) {
          const [p, q] = [at(a, x, y), at(b, x, y)];
          same &&= p === q;
          const got = made.map((raster) => at(raster, x, y));
          if (got[0] !== (p | q) || got[1] !== (p & ~q) || got[2] !== (p & q))
            expect.unreachable(`${x} ${y}`);
        }
      expect(equal(a, b)).toBe(same);
      expect(area(made[0]) + area(made[2])).toBe(area(a) + area(b));
    }
  });

  it("are equal when their pixels are, whatever their boxes", () => {
    const next = random(4);
    for (let round = 0; round < 100; round++) {
      const raster = anyRaster(next, 20, 20);
      const tight = trimmed(raster);
      expect([tight.x, tight.y, tight.w, tight.h]).toEqual(boxOf(raster));
      expect(equal(tight, raster)).toBe(true);
      expect(equal(raster, subtract(raster, { x: 0, y: 0, w: 0, h: 0, data: new Uint8Array() }))).toBe(true);
    }
    expect(trimmed({ x: 3, y: 4, w: 2, h: 1, data: new Uint8Array(2) })).toBe(EMPTY);
  });

  it("of images of 8,000 x 8,000 pixels are as small as their boxes", () => {
    const dot: Raster = { x: 7990, y: 7999, w: 10, h: 1, data: new Uint8Array(10).fill(1) };
    const back = fromCounts(toCounts(dot, 8000, 8000), 8000, 8000);
    expect(back.data.length).toBe(10);
    expect(equal(back, dot)).toBe(true);
    const all = whole(8000, 8000);
    const bytes = toCounts(all, 8000, 8000);
    expect(area(fromCounts(bytes, 8000, 8000))).toBe(64e6);
    expect(area(subtract(all, dot))).toBe(64e6 - 10);
  });
});

function whole(height: number, width: number): Raster {
  return { x: 0, y: 0, w: width, h: height, data: new Uint8Array(height * width).fill(1) };
}

/** Tight box, the plain way. */
function boxOf({ x, y, w, data }: Raster): number[] {
  const ones = [...data.keys()].filter((i) => data[i]);
  if (!ones.length) return [0, 0, 0, 0];
  const [xs, ys] = [ones.map((i) => i % w), ones.map((i) => Math.floor(i / w))];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [x + left, y + top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
}
