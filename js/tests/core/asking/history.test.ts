import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { History } from "../../../src/core/asking/history";
import { type MarkChange, Visibility } from "../../../src/core/masks/visibility";
import { Bitset } from "../../../src/core/rows/bitset";
import { Browse } from "../../../src/core/rows/browse";
import { adjust, adjustmentTable, isPlain, PLAIN } from "../../../src/core/values/adjust";
import { random } from "../../random";

describe("history", () => {
  it("undoes and redoes to exactly where it was", () => {
    const next = random(9);
    let total = 0;
    const apply = (by: number) => {
      total += by;
    };
    const history = new History<number>({ apply, invert: (by) => -by });
    const seen = [0];
    for (let i = 0; i < 50; i++) {
      history.record(Math.floor(next() * 100) - 50);
      seen.push(total);
    }
    for (let i = 49; i >= 0; i--) {
      expect(history.undo()).toBe(true);
      expect(total).toBe(seen[i]);
    }
    expect(history.undo()).toBe(false);
    for (let i = 1; i <= 50; i++) {
      expect(history.redo()).toBe(true);
      expect(total).toBe(seen[i]);
    }
    expect(history.canRedo).toBe(false);
  });

  it("forgets what was undone when something new is done, and the oldest when there is too much", () => {
    let total = 0;
    const apply = (by: number) => {
      total += by;
    };
    const history = new History<number>({ apply, invert: (by) => -by }, 3);
    for (const by of [1, 10, 100, 1000]) history.record(by);
    history.undo();
    history.record(5);
    expect(history.canRedo).toBe(false);
    while (history.undo());
    expect(total).toBe(1 + 0);
  });
});

describe("visibility", () => {
  it("changes only what differs, and takes it back", () => {
    let calls = 0;
    const visibility = new Visibility(() => calls++);
    const history = new History<MarkChange>(visibility);
    history.record(visibility.change("hidden", ["instances:1"], true));
    history.record(visibility.change("hidden", ["instances:1", "instances:2"], true));
    expect([...visibility.hidden]).toEqual(["instances:1", "instances:2"]);
    history.undo();
    expect([...visibility.hidden]).toEqual(["instances:1"]);
    history.undo();
    expect(visibility.hidden.size).toBe(0);
    expect(calls).toBe(4);
  });
});

describe("groups of the legend", () => {
  const groups = ["label:cod", "label:ling", "label:"];

  it("are shown alone, then all again, and each step is taken back", () => {
    const visibility = new Visibility(() => {});
    const history = new History<MarkChange>(visibility);
    const off = () => [...visibility.off].sort();
    history.record(visibility.change("off", ["label:ling"], true));
    history.record(visibility.only("label:ling", groups));
    expect(off()).toEqual(["label:", "label:cod"]);
    history.record(visibility.only("label:cod", groups));
    expect(off()).toEqual(["label:", "label:ling"]);
    history.record(visibility.only("label:cod", groups));
    expect(off()).toEqual([]);
    for (const before of [["label:", "label:ling"], ["label:", "label:cod"], ["label:ling"], []]) {
      history.undo();
      expect(off()).toEqual(before);
    }
  });

  it("of another column stay as they are", () => {
    const visibility = new Visibility(() => {});
    visibility.apply(visibility.change("off", ["source:model"], true));
    visibility.apply(visibility.only("label:cod", groups));
    visibility.apply(visibility.only("label:cod", groups));
    expect([...visibility.off]).toEqual(["source:model"]);
  });
});

describe("browsing", () => {
  it("goes through the allowed rows only, also from a row that is not", () => {
    const browse = new Browse(Bitset.of(10, [2, 5, 9]), 10);
    expect([browse.n, browse.first]).toEqual([3, 2]);
    expect([0, 2, 5, 9].map((row) => browse.indexOf(row))).toEqual([-1, 0, 1, 2]);
    expect([-2, 2, 4, 5, 9].map((row) => browse.step(row, 1))).toEqual([2, 5, 5, 9, -1]);
    expect([0, 2, 4, 5, 20].map((row) => browse.step(row, -1))).toEqual([-1, -1, 2, 2, 9]);
  });

  it("goes through all rows where everything is allowed, and through none of none", () => {
    const all = new Browse(null, 3);
    expect([all.step(0, 1), all.step(2, 1), all.step(0, -1), all.indexOf(2)]).toEqual([1, -1, -1, 2]);
    const none = new Browse(new Bitset(4), 4);
    expect([none.first, none.step(-1, 1), none.step(2, -1), none.indexOf(1)]).toEqual([-1, -1, -1, -1]);
    expect(new Browse(null, 0).first).toBe(-1);
  });
});

describe("adjusting the image", () => {
  it("leaves it alone by default", () => {
    expect(isPlain(PLAIN)).toBe(true);
    expect([...adjustmentTable(PLAIN)]).toEqual([...Array(256).keys()]);
  });

  it("lightens shadows, adds brightness, stretches contrast; alpha stays", () => {
    expect(adjustmentTable({ ...PLAIN, gamma: 2 })[64]).toBe(128);
    expect(adjustmentTable({ ...PLAIN, brightness: 0.5 })[0]).toBe(128);
    const steep = adjustmentTable({ ...PLAIN, contrast: 2 / 3 });
    expect([steep[0], steep[100], steep[255]]).toEqual([0, 45, 255]);
    expect([...new Set(adjustmentTable({ ...PLAIN, contrast: -1 }))]).toEqual([128]);
    const pixels = Uint8ClampedArray.of(0, 64, 255, 77);
    adjust(pixels, adjustmentTable({ ...PLAIN, gamma: 2 }));
    expect([...pixels]).toEqual([0, 128, 255, 77]);
  });

  it("is the curve that the kernel draws with", () => {
    const golden = new URL("../../../../tests/wire/tone.json", import.meta.url);
    for (const { tone, table } of JSON.parse(readFileSync(golden, "utf8")))
      expect([...adjustmentTable(tone)].filter((_, i) => i % 15 === 0)).toEqual(table);
  });
});
