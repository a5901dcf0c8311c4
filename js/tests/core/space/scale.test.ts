import { expect, test } from "vitest";
import {
  fitted,
  normalized,
  panned,
  place,
  spans,
  ticks,
  timeTicks,
  timeWords,
  words,
  zoomed,
} from "../../../src/core/space/scale";
import { random } from "../../random";

const floats = (...values: number[]) => Float64Array.from(values);

test("spans count the rows that have both coordinates", () => {
  const [x, y, n] = spans(floats(1, 5, NaN, 100), floats(2, 4, 9, NaN), false);
  expect([x.lo, x.range, x.end, y.lo, y.range, n]).toEqual([1, 4, 1, 2, 2, 2]);
});

test("with equal units the longer axis says how long one is", () => {
  const [x, y] = spans(floats(0, 10), floats(0, 4), true);
  expect([x.range, x.end, y.range, y.end]).toEqual([10, 1, 10, 0.4]);
  const at = place(fitted(x, y), x, y, 400, 400, true);
  expect(at.kx).toBe(-at.ky);
});

test.each([
  ["no row", [], []],
  ["no row with both", [1, NaN], [NaN, 1]],
  ["one row", [5], [7]],
  ["equal values", [3, 3, 3], [1, 2, 3]],
])("%s: places are numbers all the same", (_, a, b) => {
  for (const equal of [false, true]) {
    const [x, y] = spans(floats(...a), floats(...b), equal);
    const at = place(fitted(x, y), x, y, 300, 200, equal);
    for (const factor of Object.values(at)) expect(Number.isFinite(factor)).toBe(true);
    expect(at.kx).not.toBe(0);
    expect(at.ky).not.toBe(0);
  }
});

test("one value lies in the middle", () => {
  const [x, y] = spans(floats(5), floats(7), false);
  const at = place(fitted(x, y), x, y, 300, 200, false);
  expect([0 * at.kx + at.bx, 0 * at.ky + at.by]).toEqual([150, 100]);
});

test("numbers far from zero keep their digits", () => {
  const day = 864e5;
  const values = floats(1.7e12, 1.7e12 + 60_000, 1.7e12 + day);
  const [x] = spans(values, values, false);
  const drawn = normalized(values, values, x);
  expect((drawn[1] - drawn[0]) * day).toBeCloseTo(60_000, -1);
});

test("everything that fits is in view, whatever the size", () => {
  const next = random(3);
  for (let k = 0; k < 100; k++) {
    const values = () => Float64Array.from({ length: 20 }, () => (next() - 0.5) * 10 ** (next() * 8 - 3));
    const [a, b, equal] = [values(), values(), next() < 0.5];
    const [x, y] = spans(a, b, equal);
    const [width, height] = [80 + next() * 1000, 80 + next() * 600];
    const at = place(fitted(x, y), x, y, width, height, equal);
    const [u, v] = [normalized(a, b, x), normalized(b, a, y)];
    u.forEach((value, row) => {
      const [px, py] = [value * at.kx + at.bx, v[row] * at.ky + at.by];
      expect(px >= 13.9 && px <= width - 13.9 && py >= 13.9 && py <= height - 13.9).toBe(true);
    });
  }
});

test("zooming keeps what is under the pointer there", () => {
  const [x, y] = spans(floats(0, 10), floats(0, 4), false);
  let camera = fitted(x, y);
  for (const factor of [1.3, 2, 0.8, 1.1]) {
    const at = place(camera, x, y, 400, 300, false);
    const under = (120 - at.bx) / at.kx;
    camera = zoomed(camera, factor, at, 120, 200);
    const now = place(camera, x, y, 400, 300, false);
    expect(under * now.kx + now.bx).toBeCloseTo(120, 6);
  }
});

test("panning moves by pixels and never loses everything", () => {
  const [x, y] = spans(floats(0, 10), floats(0, 4), false);
  const at = place(fitted(x, y), x, y, 400, 300, false);
  const moved = place(panned(fitted(x, y), at, 30, -20), x, y, 400, 300, false);
  expect(moved.bx - at.bx).toBeCloseTo(30);
  expect(moved.by - at.by).toBeCloseTo(-20);
  let camera = fitted(x, y);
  for (let k = 0; k < 50; k++) camera = panned(camera, at, 500, 500);
  expect(Math.abs(camera.x)).toBeLessThanOrEqual(1.1);
});

test.each([
  [0, 1, 4, ["0", "0.25", "0.5", "0.75", "1"]],
  [0, 10, 5, ["0", "2", "4", "6", "8", "10"]],
  [-3, 1500, 4, ["0", "500", "1,000", "1,500"]],
  [0.001, 0.0042, 4, ["0.001", "0.002", "0.003", "0.004"]],
])("ticks from %d to %d are round", (lo, hi, n, expected) => {
  const found = ticks(lo, hi, n);
  expect(found.map((value) => words(value, found[1] - found[0]))).toEqual(expected);
});

test("whole numbers have whole ticks, and no span has none", () => {
  expect(ticks(0, 3, 12, true)).toEqual([0, 1, 2, 3]);
  expect(ticks(2, 2, 5)).toEqual([]);
});

test("times have ticks at hours, days, months and years", () => {
  const at = (text: string) => Date.parse(`${text}Z`);
  const said = (from: string, to: string) => {
    const found = timeTicks(at(from), at(to), 4);
    return found.map((value) => timeWords(value, found[1] - found[0]));
  };
  expect(said("2024-03-01T00:10", "2024-03-01T11:00")).toEqual(["03-01 03:00", "03-01 06:00", "03-01 09:00"]);
  expect(said("2024-03-01T10:00", "2024-03-07T09:00")).toEqual(["2024-03-02", "2024-03-04", "2024-03-06"]);
  expect(said("2023-11-20T00:00", "2024-12-02T00:00")).toEqual(["2024-01", "2024-07"]);
  expect(timeTicks(at("1990-01-01T00:00"), at("2024-01-01T00:00"), 4).length).toBeLessThan(6);
});

test("very large and very small numbers are short", () => {
  expect(words(12_345_678, 1)).toBe("1.23e+7");
  expect(words(0.0000123, 1e-6)).toBe("1.23e-5");
  expect(words(0, 1)).toBe("0");
});
