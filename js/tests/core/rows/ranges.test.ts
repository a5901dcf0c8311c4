import { expect, test } from "vitest";
import { ScrollMap, TALLEST } from "../../../src/core/rows/ranges";
import { random } from "../../random";

const ROW = 26;

function map(rows: number, view = 400): ScrollMap {
  const made = new ScrollMap(ROW);
  made.resize(rows, view);
  return made;
}

test("few rows scroll as any page does", () => {
  const few = map(1000);
  expect(few.spacer).toBe(1000 * ROW);
  few.scrolled(260);
  expect([few.first, few.top, few.scrollTop]).toEqual([10, 260, 260]);
  expect(few.end).toBe(Math.ceil(660 / ROW));
});

test.each([300_000, 1_000_000, 40_000_000])("of %i rows the first and the last can be reached", (rows) => {
  const many = map(rows);
  expect(many.spacer).toBe(TALLEST);
  many.scrolled(TALLEST - 400);
  expect(many.end).toBe(rows);
  expect(many.top).toBeCloseTo(rows * ROW - 400, 3);
  many.scrolled(0);
  expect(many.first).toBe(0);
});

test("of a million rows a wheel moves by exactly its pixels, wherever one is", () => {
  const many = map(1_000_000);
  const next = random(3);
  for (let i = 0; i < 50; i++) {
    many.scrolled(next() * (TALLEST - 400));
    many.placed(many.scrollTop);
    const { top, scrollTop } = many;
    const step = Math.round((next() - 0.5) * 500);
    many.scrolled(scrollTop + step);
    const end = 1_000_000 * ROW - 400;
    expect(many.top).toBeCloseTo(Math.min(Math.max(top + step, 0), end), 3);
  }
});

test("the place asked for comes into view, moving as little as needed", () => {
  const many = map(1_000_000);
  for (const place of [0, 17, 500_000, 999_999, 3]) {
    many.reveal(place);
    expect(many.top).toBeLessThanOrEqual(place * ROW);
    expect(many.top + 400).toBeGreaterThanOrEqual((place + 1) * ROW);
    expect(many.reveal(place)).toBe(false);
  }
});

test("fewer rows than before leave no gap", () => {
  const rows = map(1000);
  rows.scrolled(20_000);
  rows.resize(5, 400);
  expect([rows.top, rows.first, rows.end, rows.scrollTop]).toEqual([0, 0, 5, 0]);
  rows.resize(0, 400);
  expect([rows.first, rows.end]).toEqual([0, 0]);
});
