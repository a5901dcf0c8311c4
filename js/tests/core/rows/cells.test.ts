import { expect, test } from "vitest";
import { RowCache } from "../../../src/core/rows/cells";

test("cells of a reply are found by row and column", () => {
  const cache = new RowCache(10);
  cache.put(1, [7, 3], { label: [0, 2], score: [0.5, null] });
  expect(cache.get(3)).toEqual({ label: 2, score: null });
  expect(cache.get(4)).toBeUndefined();
});

test("rows of older tables are shown until newer cells come, but count as unknown", () => {
  const cache = new RowCache(10);
  cache.put(1, [0, 1], { a: ["x", "y"] });
  expect(cache.unknown(1, [0, 1, 2, -1])).toEqual([2]);
  expect(cache.unknown(2, [0, 1, 2])).toEqual([0, 1, 2]);
  expect(cache.get(0)).toEqual({ a: "x" });
  cache.put(2, [0], { a: ["z"] });
  expect(cache.unknown(2, [0, 1])).toEqual([1]);
  expect(cache.get(0)).toEqual({ a: "z" });
});

test("the rows looked at longest ago go first", () => {
  const cache = new RowCache(3);
  cache.put(1, [0, 1, 2], { a: [0, 1, 2] });
  cache.get(0);
  cache.put(1, [3], { a: [3] });
  expect(cache.size).toBe(3);
  expect(cache.get(1)).toBeUndefined();
  expect(cache.get(0)).toEqual({ a: 0 });
  cache.clear();
  expect(cache.size).toBe(0);
});
