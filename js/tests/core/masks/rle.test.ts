import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bounds, contains, encodeCounts, parseCounts, parseMasks } from "../../../src/core/masks/rle";
import { random } from "../../random";

interface Golden {
  height: number;
  width: number;
  rle: string;
  counts: number[];
}
const golden: Golden[] = JSON.parse(
  readFileSync(new URL("../../../../tests/wire/rle.json", import.meta.url), "utf8"),
);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Run lengths of a mask, column by column. */
function countsOf(pixels: Uint8Array): number[] {
  const counts = [0];
  let value = 0;
  for (const pixel of pixels) {
    if (pixel === value) counts[counts.length - 1]++;
    else counts.push(1);
    value = pixel;
  }
  return counts;
}

describe("masks", () => {
  it("are read and written byte for byte as pycocotools does", () => {
    for (const { rle, counts } of golden) {
      expect(parseCounts(bytesOf(rle))).toEqual(counts);
      expect(new TextDecoder().decode(encodeCounts(counts))).toBe(rle);
    }
  });

  it("survive writing and reading, whatever the runs", () => {
    const next = random(3);
    for (let round = 0; round < 300; round++) {
      const counts = Array.from(
        { length: 1 + Math.floor(next() * 40) },
        () => Math.floor(next() ** 6 * 2 ** 24) + 1,
      );
      expect(parseCounts(encodeCounts(counts))).toEqual(counts);
    }
  });

  it("of an image are parsed together into runs of ones", () => {
    for (const { rle, counts, height, width } of golden) {
      const twice = bytesOf(rle + rle);
      const masks = parseMasks(twice, [rle.length, rle.length], height, width);
      const ones: [number, number][] = [];
      let at = 0;
      for (const [i, count] of counts.entries()) {
        if (i % 2 && count) ones.push([at, at + count]);
        at += count;
      }
      for (const mask of [0, 1]) {
        const [from, to] = [masks.head[mask], masks.head[mask + 1]];
        const runs = Array.from({ length: to - from }, (_, r) => [
          masks.starts[from + r],
          masks.ends[from + r],
        ]);
        expect(runs).toEqual(ones);
      }
    }
  });

  it("know their box and their pixels", () => {
    const next = random(5);
    for (let round = 0; round < 60; round++) {
      const [height, width] = [1 + Math.floor(next() * 12), 1 + Math.floor(next() * 12)];
      const share = next() * 0.6;
      const pixels = Uint8Array.from({ length: height * width }, () => Number(next() < share));
      const bytes = encodeCounts(countsOf(pixels));
      const masks = parseMasks(bytes, [bytes.length], height, width);
      const xs: number[] = [];
      const ys: number[] = [];
      for (let i = 0; i < pixels.length; i++) {
        const [x, y] = [Math.floor(i / height), i % height];
        expect(contains(masks, 0, x + 0.5, y + 0.5)).toBe(pixels[i] === 1);
        if (pixels[i]) {
          xs.push(x);
          ys.push(y);
        }
      }
      const expected = xs.length
        ? [
            Math.min(...xs),
            Math.min(...ys),
            Math.max(...xs) - Math.min(...xs) + 1,
            Math.max(...ys) - Math.min(...ys) + 1,
          ]
        : [0, 0, 0, 0];
      expect(bounds(masks, 0)).toEqual(expected);
    }
  });

  it("that are damaged are refused", () => {
    expect(() => parseMasks(bytesOf("211"), [3], 3, 3)).toThrow("mask 0 has 4 pixels, its image 3 x 3");
    expect(() => parseCounts(bytesOf("P"))).toThrow("the mask has ended");
    expect(() => parseMasks(bytesOf("P"), [1], 3, 3)).toThrow("the mask has ended");
  });
});
