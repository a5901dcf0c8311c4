import { expect, test } from "vitest";
import { fromGaps, fromRuns, indexIn } from "../../../src/core/rows/gaps";

test("row numbers come back from their gaps, whatever their length", () => {
  const bytes = Uint8Array.of(5, 1, 127, 0x81, 0x80, 0x80, 1);
  expect([...fromGaps(bytes, 4)]).toEqual([5, 6, 133, 134 + 2 ** 21]);
  expect([...fromGaps(new Uint8Array(0), 0)]).toEqual([]);
});

test("runs of equal numbers come back, also of negative ones", () => {
  const bytes = Uint8Array.of(8, 3, 1, 1, 7, 2, 0x82, 1, 1);
  expect([...fromRuns(bytes, 7)]).toEqual([4, 4, 4, 3, -1, -1, 64]);
  expect([...fromRuns(new Uint8Array(0), 0)]).toEqual([]);
});

test("a row is found among ascending ones, and one that is not there is not", () => {
  const rows = Int32Array.of(0, 3, 4, 90);
  expect([0, 3, 90, 1, 91, -1].map((row) => indexIn(rows, row))).toEqual([0, 1, 3, -1, -1, -1]);
  expect(indexIn(new Int32Array(0), 0)).toBe(-1);
});
