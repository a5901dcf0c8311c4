// @vitest-environment jsdom
import { expect, test, vi } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { SelectionStore } from "../../src/core/rows/selection";
import { Bar } from "../../src/views/bar/bar";
import { createFrame } from "../../src/views/frame";
import type { Rpc } from "../../src/wire/rpc";

const none = { n: 0, imageRow: null };
const rpc = {
  lost: false,
  on: () => {},
  watch: () => {},
  request: async () => ({ result: { undo: "", redo: "", uncommitted: "" }, buffers: [] }),
} as unknown as Rpc;

test("a click removes the clause that is shown, also where another of the same look was there before", async () => {
  const { signal } = new AbortController();
  const store = new SelectionStore();
  store.reset(1, { images: { n: 4, imageRow: null }, instances: none, predictions: none }, [], null);
  const el = document.createElement("div");
  document.body.append(el);
  new Bar(createFrame(el, rpc, signal, "Bar"), rpc, store, signal);
  const clause = { of: "images" as const, rows: Bitset.of(4, [1]), title: "score", code: "" };
  const chip = () => el.querySelector<HTMLButtonElement>(".nbl-chip");
  store.set("first", clause);
  await vi.waitFor(() => expect(chip()).not.toBeNull());
  store.set("first", null);
  store.set("second", clause);
  await vi.waitFor(() => expect(chip()?.dataset.source).toBe("second"));
  chip()!.click();
  expect([...store.clauses.keys()]).toEqual([]);
});
