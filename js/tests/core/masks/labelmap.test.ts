import { describe, expect, it } from "vitest";
import { newLooks, paint, paintRing, pileColors } from "../../../src/core/masks/composite";
import { LabelMap } from "../../../src/core/masks/labelmap";
import { contains, encodeCounts, type Masks, parseMasks } from "../../../src/core/masks/rle";
import type { Camera } from "../../../src/core/space/camera";
import { random } from "../../random";

type Inside = (x: number, y: number) => boolean;

function masksOf(width: number, height: number, shapes: Inside[]): Masks {
  const parts = shapes.map((inside) => {
    const counts = [0];
    let value = false;
    for (let x = 0; x < width; x++)
      for (let y = 0; y < height; y++) {
        if (inside(x, y) === value) counts[counts.length - 1]++;
        else counts.push(1);
        value = inside(x, y);
      }
    return encodeCounts(counts);
  });
  const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
  return parseMasks(
    bytes,
    parts.map((part) => part.length),
    height,
    width,
  );
}

const disc =
  (cx: number, cy: number, r: number): Inside =>
  (x, y) =>
    (x - cx) ** 2 + (y - cy) ** 2 < r * r;
const one: Camera = { scale: 1, x: 0, y: 0 };

function write(masks: Masks, camera: Camera, width: number, height: number): LabelMap {
  const map = new LabelMap();
  map.write(
    masks,
    Array.from({ length: masks.n }, (_, i) => i),
    camera,
    width,
    height,
  );
  return map;
}

describe("the label map", () => {
  const shapes = [disc(20, 20, 15), disc(30, 20, 12), disc(25, 30, 6), (x: number) => x === 7];
  const masks = masksOf(60, 50, shapes);

  it("holds every mask of every pixel, the last on top", () => {
    const map = write(masks, one, 60, 50);
    for (let y = 0; y < 50; y++)
      for (let x = 0; x < 60; x++)
        expect(map.at(x, y)).toEqual([3, 2, 1, 0].filter((mask) => shapes[mask](x, y)));
  });

  it("shows magnified pixels as squares, wherever the camera is", () => {
    const next = random(8);
    for (let round = 0; round < 20; round++) {
      const camera = { scale: 1 + next() * 9, x: (next() - 0.5) * 300, y: (next() - 0.5) * 300 };
      const map = write(masks, camera, 90, 80);
      for (let probe = 0; probe < 200; probe++) {
        const [sx, sy] = [Math.floor(next() * 90), Math.floor(next() * 80)];
        const x = (sx + 0.5 - camera.x) / camera.scale;
        const y = (sy + 0.5 - camera.y) / camera.scale;
        const expected = [3, 2, 1, 0].filter((mask) => contains(masks, mask, x, y));
        expect(map.at(sx, sy)).toEqual(expected);
      }
    }
  });

  it("samples shrunk masks at the middles of screen columns, and loses no thin one", () => {
    const camera = { scale: 0.25, x: 3, y: 2 };
    const map = write(masks, camera, 30, 30);
    expect(map.at(3 + 5, 2 + 5)).toContain(0);
    const thin = [...Array(30 * 30).keys()].filter((i) => map.at(i % 30, Math.floor(i / 30)).includes(3));
    expect(new Set(thin.map((i) => i % 30)).size).toBe(1);
    expect(thin.length).toBeGreaterThanOrEqual(12);
  });

  it("shows a mask of one pixel of a huge image as one pixel at least", () => {
    const masks = masksOf(1000, 900, [(x, y) => x === 501 && y === 333]);
    const map = write(masks, { scale: 0.01, x: 0, y: 0 }, 10, 9);
    expect(map.at(5, 3)).toEqual([0]);
  });

  it("leaves out masks that are out of sight, empty or not asked for", () => {
    const all = masksOf(20, 20, [disc(5, 5, 3), () => false, () => true]);
    const map = new LabelMap();
    map.write(all, [0, 1], { scale: 1, x: -100, y: 0 }, 20, 20);
    expect(map.piles).toBe(1);
    map.write(all, [1, 2], one, 20, 20);
    expect(map.at(10, 10)).toEqual([2]);
  });
});

describe("colors of the screen", () => {
  const masks = masksOf(40, 30, [(x, y) => x < 20 && y < 20, (x, y) => x >= 10 && x < 30 && y < 20]);
  const map = write(masks, one, 40, 30);

  function painted(change: (looks: ReturnType<typeof newLooks>) => void, line: number): Uint32Array {
    const looks = newLooks(2);
    looks.color.set([0x0000ff, 0xff0000]);
    looks.fill.fill(0.5);
    looks.line.fill(1);
    change(looks);
    const out = new Uint32Array(40 * 30);
    paint(map, pileColors(map, looks), looks, line, out);
    return out;
  }
  const rgba = (color: number) => [color & 255, (color >>> 8) & 255, (color >>> 16) & 255, color >>> 24];

  it("are composited in order: later masks over earlier ones", () => {
    const out = painted(() => {}, 0);
    expect(rgba(out[5 * 40 + 5])).toEqual([255, 0, 0, 128]);
    expect(rgba(out[5 * 40 + 25])).toEqual([0, 0, 255, 128]);
    expect(rgba(out[5 * 40 + 15])).toEqual([85, 0, 170, 191]);
    expect(out[25 * 40 + 5]).toBe(0);
  });

  it("change without looking at the masks again: a hidden mask uncovers what is below", () => {
    const out = painted((looks) => looks.shown.fill(0, 1), 0);
    expect(rgba(out[5 * 40 + 15])).toEqual([255, 0, 0, 128]);
    expect(out[5 * 40 + 25]).toBe(0);
  });

  it("outline the topmost mask that is shown", () => {
    const out = painted(() => {}, 1);
    expect(rgba(out[5 * 40 + 9])).toEqual([255, 0, 0, 255]); // next to the one on top
    expect(rgba(out[5 * 40 + 10])).toEqual([0, 0, 255, 255]);
    expect(rgba(out[19 * 40 + 25])).toEqual([0, 0, 255, 255]); // its lower edge
    expect(rgba(out[5 * 40 + 0])).toEqual([255, 0, 0, 128]); // the edge of the view is none
    const hidden = painted((looks) => looks.shown.fill(0, 1), 1);
    expect(rgba(hidden[5 * 40 + 10])).toEqual([255, 0, 0, 128]);
  });

  it("ring one mask, also where others lie on it", () => {
    const out = new Uint32Array(40 * 30);
    const ring = { inner: 1, outer: 2, innerWidth: 2, outerWidth: 1 };
    paintRing(map, 0, [0, 0, 20, 20], ring, out);
    expect([19, 20, 21, 22, 23].map((x) => out[5 * 40 + x])).toEqual([0, 1, 1, 2, 0]);
    expect([19, 20, 21, 22, 23].map((y) => out[y * 40 + 5])).toEqual([0, 1, 1, 2, 0]);
    expect(out[22 * 40 + 22]).toBe(0); // round corners
  });
});
