import { beforeEach, describe, expect, test } from "vitest";
import { Bitset } from "../../../src/core/rows/bitset";
import { type Changed, type Of, SelectionStore } from "../../../src/core/rows/selection";

// Four images; instances on images 0 0 1 3 and one without an image; predictions on images 2 0 3.
const INDEX = {
  images: { n: 4, imageRow: null },
  instances: { n: 5, imageRow: Int32Array.of(0, 0, 1, 3, -1) },
  predictions: { n: 3, imageRow: Int32Array.of(2, 0, 3) },
};
const clause = (of: Of, rows: number[]) => ({ of, rows: Bitset.of(INDEX[of].n, rows), title: "", code: "" });
const rowsOf = (set: Bitset | null) => (set ? [...set.rows()] : null);

let store: SelectionStore;
let changes: Changed[];
let controller: AbortController;

beforeEach(() => {
  store = new SelectionStore();
  store.reset(1, INDEX, [], null);
  changes = [];
  controller = new AbortController();
  store.subscribe((changed) => changes.push(changed), controller.signal);
});

test("without a clause everything is allowed", () => {
  expect(store.allowed("images")).toBeNull();
});

describe("a clause", () => {
  test("of images allows the rows on these images in the other tables", () => {
    store.set("a", clause("images", [0, 2]));
    expect(rowsOf(store.allowed("images"))).toEqual([0, 2]);
    expect(rowsOf(store.allowed("instances"))).toEqual([0, 1]);
    expect(rowsOf(store.allowed("predictions"))).toEqual([0, 1]);
  });

  test("of instances allows their images, and what is predicted there", () => {
    store.set("a", clause("instances", [1, 3, 4]));
    expect(rowsOf(store.allowed("images"))).toEqual([0, 3]);
    expect(rowsOf(store.allowed("predictions"))).toEqual([1, 2]);
  });

  test("does not filter the view that made it", () => {
    store.set("a", clause("images", [0]));
    expect(store.allowed("images", ["a"])).toBeNull();
    expect(rowsOf(store.allowed("images", ["b"]))).toEqual([0]);
  });

  test("meets the others' clauses", () => {
    store.set("a", clause("images", [0, 1, 3]));
    store.set("b", clause("instances", [2, 3]));
    expect(rowsOf(store.allowed("images"))).toEqual([1, 3]);
    expect(rowsOf(store.allowed("instances"))).toEqual([2, 3]);
    expect(rowsOf(store.allowed("instances", ["b"]))).toEqual([0, 1, 2, 3]);
    expect(rowsOf(store.allowed("predictions"))).toEqual([2]);
  });

  test("replaces the last one of its source, and goes with null", () => {
    store.set("a", clause("images", [0]));
    store.set("a", clause("images", [1]));
    expect(store.clauses.size).toBe(1);
    expect(rowsOf(store.allowed("images"))).toEqual([1]);
    store.set("a", null);
    expect(store.allowed("images")).toBeNull();
  });

  test("of the wrong size is refused and changes nothing", () => {
    store.set("a", clause("images", [0]));
    expect(() => store.set("a", { ...clause("images", []), rows: new Bitset(3) })).toThrow(
      "a clause of images needs 4 rows, got 3",
    );
    expect(rowsOf(store.allowed("images"))).toEqual([0]);
  });
});

test("listeners hear what changed and by whom, until their signal aborts", () => {
  store.set("a", clause("images", [0]));
  store.setActive({ of: "instances", row: 3 }, "b");
  store.setHover({ of: "images", row: 0 }, "c");
  expect(changes).toEqual([
    { clauses: true, by: "a" },
    { active: true, by: "b" },
    { hover: true, by: "c" },
  ]);
  expect(store.listening).toBe(1);
  controller.abort();
  store.clear();
  expect(changes.length).toBe(3);
  expect(store.listening).toBe(0);
});

test("what does not change is not told", () => {
  store.setActive({ of: "images", row: 1 }, "a");
  store.setActive({ of: "images", row: 1 }, "b");
  store.set("nobody", null);
  expect(changes.length).toBe(1);
});

test("the image of a row is found through its table", () => {
  expect(store.imageOf({ of: "images", row: 2 })).toBe(2);
  expect(store.imageOf({ of: "instances", row: 3 })).toBe(3);
  expect(store.imageOf({ of: "instances", row: 4 })).toBe(-1);
  expect(store.imageOf(null)).toBe(-1);
});

test("new tables replace everything that rows meant", () => {
  store.set("a", clause("images", [0]));
  store.setHover({ of: "images", row: 3 }, "a");
  const smaller = { ...INDEX, images: { n: 2, imageRow: null } };
  const kept = { source: "a", of: "images" as const, rows: Bitset.of(2, [1]), title: "", code: "" };
  store.reset(2, smaller, [kept], { of: "images", row: 1 });
  expect(rowsOf(store.allowed("images"))).toEqual([1]);
  expect(store.hover).toBeNull();
  expect(changes.at(-1)).toEqual({ tables: true, clauses: true, active: true, hover: true, by: "" });
});

test("clear takes every clause, and says so for each", () => {
  store.set("a", clause("images", [0]));
  store.set("b", clause("images", [1]));
  store.clear();
  expect(store.clauses.size).toBe(0);
});
