import { expect, test } from "vitest";
import { Bitset } from "../../../src/core/rows/bitset";
import { VisibleRows } from "../../../src/core/rows/order";
import { random } from "../../random";

function shuffled(n: number, next: () => number): Int32Array {
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  return rows;
}

test.each([0, 1, 31, 32, 33, 1000])("of %i rows those allowed are shown, in order", (n) => {
  const next = random(n);
  for (const share of [0, 0.3, 1]) {
    const order = next() < 0.5 ? shuffled(n, next) : null;
    const kept = Array.from({ length: n }, (_, row) => row).filter(() => next() < share);
    const visible = VisibleRows.of(n, order, Bitset.of(n, kept));
    const wanted = [...(order ?? Array.from({ length: n }, (_, i) => i))].filter((row) => kept.includes(row));
    expect(visible.between(0, n)).toEqual(wanted);
    expect(visible.length).toBe(wanted.length);
    wanted.forEach((row, place) => {
      expect(visible.placeOf(row)).toBe(place);
    });
    for (let row = 0; row < n; row++) if (!kept.includes(row)) expect(visible.placeOf(row)).toBe(-1);
  }
});

test("without order and filter every row is at its own place", () => {
  const visible = VisibleRows.of(5, null, null);
  expect(visible.between(-3, 9)).toEqual([0, 1, 2, 3, 4]);
  expect([visible.at(-1), visible.at(5), visible.at(4)]).toEqual([-1, -1, 4]);
  expect([visible.placeOf(7), visible.placeOf(3)]).toEqual([-1, 3]);
});

test("rows between two places come in order, whichever is first", () => {
  const visible = VisibleRows.of(6, Int32Array.of(5, 4, 3, 2, 1, 0), null);
  expect(visible.between(1, 3)).toEqual([4, 3, 2]);
  expect(visible.between(3, 1)).toEqual([4, 3, 2]);
  expect(VisibleRows.of(0, null, null).between(0, 0)).toEqual([]);
});
