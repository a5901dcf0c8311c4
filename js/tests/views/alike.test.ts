import { expect, test } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { SelectionStore } from "../../src/core/rows/selection";
import { KEY, leaveAlike, moreLike } from "../../src/views/alike";
import { keysOf } from "../../src/views/gallery/keys";
import { KEYS as review } from "../../src/views/review/keys";
import { KEYS as scatter } from "../../src/views/scatter/keys";
import { KEYS as table } from "../../src/views/table/keys";

function rowsOf(n: number, ...rows: number[]): Bitset {
  const out = new Bitset(n);
  for (const row of rows) out.add(row);
  return out;
}

function open(answer: () => Promise<unknown> = async () => ({ result: {}, buffers: [] })) {
  const store = new SelectionStore();
  const nothing = { n: 0, imageRow: new Int32Array(0) };
  store.reset(
    7,
    { images: { n: 4, imageRow: null }, instances: nothing, predictions: nothing },
    [{ source: "similar", of: "images", rows: rowsOf(4, 1, 2), title: "1 and 1 like it", code: "" }],
    null,
  );
  const sent: unknown[] = [];
  const failed: unknown[] = [];
  const rpc = {
    lost: false,
    request(method: string, params: object, options: { buffers: Uint8Array[] }) {
      sent.push([method, params, [...options.buffers[0]]]);
      return answer();
    },
  };
  const frame = { fail: (error: unknown) => failed.push(error), settle: () => failed.splice(0) };
  return { view: { rpc, store, frame } as never, store, rpc, sent, failed };
}

test("the kernel is asked for what looks like the rows", async () => {
  const { view, sent } = open();
  await moreLike(view, "images", rowsOf(4, 0, 3));
  expect(sent).toEqual([["similar", { of: "images", rev: 7 }, [0b1001]]]);
});

test("nothing is asked without rows, or without a kernel", async () => {
  const { view, rpc, sent } = open();
  await moreLike(view, "images", null);
  await moreLike(view, "images", rowsOf(4));
  rpc.lost = true;
  await moreLike(view, "images", rowsOf(4, 1));
  expect(sent).toEqual([]);
});

test("what the kernel refuses is shown", async () => {
  const { view, failed } = open(() => Promise.reject(new Error("no embeddings")));
  await moreLike(view, "images", rowsOf(4, 1));
  expect(failed).toEqual([new Error("no embeddings")]);
});

test("the look-alikes can be left", () => {
  const { store } = open();
  expect(leaveAlike(store, "me")).toBe(true);
  expect(store.clauses.size).toBe(0);
  expect(leaveAlike(store, "me")).toBe(false);
});

test("every view of rows has the key on its sheet, and no other key of that name", () => {
  for (const sheet of [
    table,
    scatter,
    review,
    keysOf("images"),
    keysOf("instances"),
    keysOf("predictions"),
  ]) {
    expect(sheet).toContainEqual(KEY);
    expect(sheet.filter(([keys]) => keys.split(" ").includes("K"))).toHaveLength(1);
  }
});
