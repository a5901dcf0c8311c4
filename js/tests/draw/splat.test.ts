import { expect, test } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { legible, toRgb, viridis } from "../../src/draw/colors";
import { type Cloud, DIMMED, HIDDEN, looks, MARKED, PLAIN, pack, splat, tiers } from "../../src/draw/splat";
import { density, paint, ramp } from "../../src/draw/splat_density";

const WHITE = pack(255, 255, 255);
const RED = pack(255, 0, 0);
const AT = { kx: 100, ky: -100, bx: 0, by: 100 };

function surface(width = 100, height = 100) {
  return { width, height, pixels: new Uint32Array(width * height).fill(WHITE) };
}

function cloud(points: [number, number][], tier = PLAIN): Cloud {
  return {
    x: Float32Array.from(points, ([x]) => x),
    y: Float32Array.from(points, ([, y]) => y),
    color: new Uint16Array(points.length),
    tier: new Uint8Array(points.length).fill(tier),
  };
}

const changed = (pixels: Uint32Array) => [...pixels].filter((pixel) => pixel !== WHITE).length;

test("a point is a pixel where it lies, y up", () => {
  const to = surface();
  splat(to, cloud([[0.205, 0.305]]), AT, PLAIN, Uint32Array.of(RED), 1, 1);
  expect(changed(to.pixels)).toBe(1);
  expect(to.pixels[69 * 100 + 20]).toBe(RED);
});

test.each([1, 2, 2.6, 4, 9])("size %d: what is outside or has no coordinates draws nothing", (size) => {
  const to = surface();
  const gone: [number, number][] = [
    [NaN, 0.5],
    [0.5, NaN],
    [-5, 0.5],
    [0.5, 7],
    [1e9, 1e9],
    [-1e9, 0.5],
  ];
  splat(to, cloud(gone), AT, PLAIN, Uint32Array.of(RED), size, 1);
  expect(changed(to.pixels)).toBe(0);
});

test.each([1, 2, 2.6, 4, 9, 30])("size %d: at the border nothing wraps around", (size) => {
  const to = surface();
  splat(to, cloud([[0.999, 0.5]]), AT, PLAIN, Uint32Array.of(RED), size, 1);
  for (let row = 0; row < 100; row++) expect(to.pixels[row * 100 + 10]).toBe(WHITE);
});

test("only the tier asked for is drawn", () => {
  const to = surface();
  splat(to, cloud([[0.5, 0.5]], DIMMED), AT, PLAIN, Uint32Array.of(RED), 1, 1);
  expect(changed(to.pixels)).toBe(0);
});

test("a disc is round and as large as it says", () => {
  const to = surface();
  splat(to, cloud([[0.5, 0.5]]), AT, PLAIN, Uint32Array.of(pack(0, 0, 0)), 20, 1);
  const ink = [...to.pixels].reduce((sum, pixel) => sum + (255 - (pixel & 255)) / 255, 0);
  expect(ink).toBeGreaterThan(300);
  expect(ink).toBeLessThan(328);
});

test.each([1, 2])("half opaque red on white is pink, size %d", (size) => {
  const to = surface();
  splat(to, cloud([[0.5, 0.5]]), AT, PLAIN, Uint32Array.of(RED), size, 0.5);
  const pixel = to.pixels[50 * 100 + 50];
  expect(pixel & 255).toBe(255);
  expect((pixel >>> 8) & 255).toBe(127);
  expect((pixel >>> 16) & 255).toBe(127);
  expect(pixel >>> 24).toBe(255);
});

test("tiers follow the selection", () => {
  const n = 70;
  const points = cloud(Array.from({ length: n }, () => [0.5, 0.5]));
  points.x[66] = NaN;
  const allowed = Bitset.of(n, [1, 2, 3, 64, 66]);
  const marked = Bitset.of(n, [2, 5, 64, 66]);
  const counts = tiers(points, allowed, marked, points.tier);
  expect([1, 2, 5, 64, 66].map((row) => points.tier[row])).toEqual([PLAIN, MARKED, DIMMED, MARKED, HIDDEN]);
  expect(counts).toEqual([1, 65, 2, 2]);
  expect(tiers(points, null, null, points.tier)).toEqual([1, 0, 69, 0]);
});

test("points are small where there are many, and large where there are few or one looks closely", () => {
  const area = 600 * 400;
  expect(looks(1e6, 1, area).size).toBe(1);
  expect(looks(50, 1, area).size).toBe(7);
  expect(looks(20_000, 40, area).size).toBeGreaterThan(looks(20_000, 1, area).size);
  expect(looks(1e6, 1, area).alpha).toBeLessThan(looks(100, 1, area).alpha);
  expect(looks(0, 1, 0).size).toBeGreaterThan(0);
});

test("density keeps the number of points, blurred or not", () => {
  for (const n of [5, 50_000]) {
    const points = cloud(Array.from({ length: n }, (_, k) => [0.4 + (0.2 * ((k * 7919) % 97)) / 97, 0.5]));
    const of = density(surface(), points, AT, PLAIN, MARKED);
    const sum = of.counts.reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(n, -Math.log10(n) + 3);
  }
});

test("density is painted where points are, and nowhere without any", () => {
  const to = surface();
  paint(to, density(to, cloud([]), AT, PLAIN, MARKED), ramp("#ffffff", false));
  expect(changed(to.pixels)).toBe(0);
  paint(to, density(to, cloud([[0.5, 0.5]]), AT, PLAIN, MARKED), ramp("#ffffff", false));
  expect(changed(to.pixels)).toBeGreaterThan(4);
  expect(to.pixels[0]).toBe(WHITE);
});

test("viridis goes from dark blue to yellow, and takes whatever number comes", () => {
  expect(viridis(0)).toEqual([68, 1, 84]);
  expect(viridis(1)).toEqual([253, 231, 37]);
  expect(viridis(-3)).toEqual(viridis(0));
  expect(viridis(NaN)).toEqual(viridis(0));
  const light = (t: number) => viridis(t).reduce((sum, c, i) => sum + c * [0.3, 0.59, 0.11][i], 0);
  for (let t = 0.05; t <= 1; t += 0.05) expect(light(t)).toBeGreaterThan(light(t - 0.05));
  expect(toRgb("#0102ff")).toEqual([1, 2, 255]);
});

const luminance = (color: readonly number[]) =>
  color
    .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);

test.each([
  [true, [33, 33, 33], 3],
  [false, [255, 255, 255], 1.8],
])("colors of numbers stand out, dark theme %s", (dark, background, least) => {
  for (let t = 0; t <= 1; t += 0.125) {
    const [low, high] = [legible(t, dark), background].map(luminance).sort((a, b) => a - b);
    expect((high + 0.05) / (low + 0.05)).toBeGreaterThan(least);
  }
});
