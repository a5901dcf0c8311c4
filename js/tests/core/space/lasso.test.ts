import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Coordinates, inBox, inPolygon } from "../../../src/core/space/lasso";
import { area2, contains, rounded, simplify } from "../../../src/core/space/polygon";
import { random } from "../../random";

interface Golden {
  name: string;
  ring: [number, number][];
  points: [number | null, number | null][];
  inside: boolean[];
}

const GOLDEN: Golden[] = JSON.parse(
  readFileSync(new URL("../../../../tests/wire/lasso.json", import.meta.url), "utf8"),
);

function scribble(next: () => number, corners: number): number[] {
  return Array.from({ length: 2 * corners }, () => next() * 10 - 5);
}

function cloud(next: () => number, n: number, single: boolean): Coordinates[] {
  const values = () => Array.from({ length: n }, () => (next() < 0.02 ? NaN : next() * 12 - 6));
  return [0, 1].map(() => (single ? Float32Array.from(values()) : Float64Array.from(values())));
}

test.each(GOLDEN)("$name: the browser says what the kernel says", ({ ring, points, inside }) => {
  const [x, y] = [0, 1].map((axis) => Float64Array.from(points, (point) => point[axis] ?? NaN));
  const found = inPolygon(ring.flat(), x, y);
  expect(points.map((_, row) => found.has(row))).toEqual(inside);
});

test.each([3, 4, 7, 20, 200])("%i corners: as each point tested against each edge", (corners) => {
  for (let seed = 0; seed < 12; seed++) {
    const next = random(100 * corners + seed);
    const [x, y] = cloud(next, 800, seed % 2 > 0);
    const ring = scribble(next, corners);
    for (let k = 0; k < 5; k++) [x[k], y[k]] = [ring[0], ring[1]]; // on a corner
    const found = inPolygon(ring, x, y);
    for (let row = 0; row < x.length; row++) expect(found.has(row)).toBe(contains(ring, x[row], y[row]));
  }
});

test.each([[[]], [[1, 1]], [[0, 0, 1, 1]], [[0, 0, 1, 0, 2, 0]], [[1, 1, 1, 1, 1, 1]]])(
  "%j has no inside",
  (ring) => {
    const x = Float32Array.of(0, 0.5, 1, 2);
    expect(inPolygon(ring, x, x).count()).toBe(0);
  },
);

test("a box holds its border, and no point without coordinates", () => {
  const x = Float32Array.of(0, 1, 2, 3, NaN, 1.5);
  const y = Float32Array.of(1, 1, 1, 1, 1, NaN);
  expect([...inBox([1, 0, 2, 1], x, y).rows()]).toEqual([1, 2]);
});

test("a long lasso keeps its shape with 200 corners", () => {
  const ring: number[] = [];
  for (let k = 0; k < 5000; k++) {
    const angle = (k / 5000) * 2 * Math.PI;
    const radius = 100 + 20 * Math.sin(9 * angle);
    ring.push(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  const thin = simplify(ring, 0.1);
  expect(thin.length).toBeLessThanOrEqual(400);
  expect(Math.abs(area2(thin) / area2(ring) - 1)).toBeLessThan(0.01);
});

test("simplifying leaves a few corners as they are", () => {
  expect(simplify([0, 0, 4, 0, 4, 4], 1)).toEqual([0, 0, 4, 0, 4, 4]);
  expect(simplify([0, 0, 2, 0.01, 4, 0, 4, 4], 0.1)).toEqual([0, 0, 4, 0, 4, 4]);
  expect(simplify(Array(500).fill(3), 0.5).length).toBeLessThan(10);
});

test("numbers are rounded to few digits, and no further than a step", () => {
  expect(rounded(0.123456789, 0.001)).toBe(0.1235);
  expect(rounded(-0.00001, 0.01)).toBe(0);
  expect(Object.is(rounded(-0.00001, 0.01), 0)).toBe(true);
  expect(rounded(1234567, 300)).toBe(1234600);
  expect(rounded(5, 0)).toBe(5);
  const next = random(4);
  for (let k = 0; k < 500; k++) {
    const step = 10 ** (next() * 16 - 10);
    const value = (next() - 0.5) * 1e4;
    expect(Math.abs(rounded(value, step) - value)).toBeLessThanOrEqual(step);
  }
});
