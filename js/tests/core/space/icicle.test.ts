import { expect, test } from "vitest";
import { clusterAt, layout, unpack } from "../../../src/core/space/icicle";

// parent, start, stop, depth, state, yes, no, label, estimate: a cluster split into an accepted and an open one.
const TABLE = Int32Array.from(
  [
    [-1, 0, 0],
    [0, 0, 60],
    [100, 60, 100],
    [0, 1, 1],
    [3, 1, 0],
    [12, 12, 0],
    [3, 0, 0],
    [0, 0, 0],
    [800, 930, -1],
  ].flat(),
);

test("clusters come out of columns", () => {
  const [all, left, right] = unpack(TABLE, 3, ["cod"]);
  expect(all).toMatchObject({
    parent: -1,
    start: 0,
    stop: 100,
    state: "split",
    yes: 12,
    no: 3,
    label: "cod",
  });
  expect(left).toMatchObject({ depth: 1, state: "accepted", estimate: 0.93 });
  expect(right.estimate).toBeNaN();
  expect(() => unpack(TABLE, 2, [])).toThrow("expected 18 numbers of 2 clusters");
});

test("they lie where their masks are, below their parents, and are found there", () => {
  const { rects, row } = layout(unpack(TABLE, 3, ["cod"]), 100, 200, 108);
  expect(row).toBe(18);
  expect(rects[1]).toEqual({ x: 0, y: 18, w: 120, h: 18 });
  expect([clusterAt(rects, 10, 5), clusterAt(rects, 10, 20), clusterAt(rects, 150, 20)]).toEqual([0, 1, 2]);
  expect(clusterAt(rects, 10, 60)).toBe(-1);
});

test("of a million masks, one is still a pixel wide and within the map", () => {
  const one = { ...unpack(TABLE, 3, [""])[0], start: 999_999, stop: 1_000_000 };
  const { rects } = layout([one], 1_000_000, 200, 100);
  expect(rects[0]).toMatchObject({ x: 199, w: 1 });
});
