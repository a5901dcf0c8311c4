import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { SelectionStore } from "../../src/core/rows/selection";
import { SelectionSync } from "../../src/wire/selection_sync";
import { FakeChannel } from "./channel";

let channel: FakeChannel;
let store: SelectionStore;
let controller: AbortController;

const SIZES = { images: 3, instances: 2, predictions: 0 };
const ROWS = [Uint8Array.of(0, 1, 4, 1), new Uint8Array(0)]; // runs: 0 and 2
const state = (more: object = {}) => ({
  kind: "selection",
  op: "state",
  rev: 4,
  sizes: SIZES,
  clauses: [],
  active: null,
  ...more,
});
const images = (rows: number[]) => ({
  of: "images" as const,
  rows: Bitset.of(3, rows),
  title: "t",
  code: "",
});
const ops = () => channel.sent.map(({ message }) => message.op);

beforeEach(() => {
  channel = new FakeChannel();
  store = new SelectionStore();
  controller = new AbortController();
  new SelectionSync(store, channel, controller.signal);
  channel.arrive(state(), ROWS);
});

test("it says ready, and takes the state it is sent", () => {
  expect(ops()).toEqual(["ready"]);
  expect(store.rev).toBe(4);
  expect(store.tables.instances.imageRow).toEqual(Int32Array.of(0, 2));
});

test("a clause made here goes to the kernel, with its rows as bits", () => {
  store.set("scatter-1", images([0, 2]));
  const [, clause, sync] = channel.sent;
  expect(clause.message).toMatchObject({
    op: "clause",
    source: "scatter-1",
    of: "images",
    rev: 4,
    title: "t",
  });
  expect([...(clause.buffers[0] as Uint8Array)]).toEqual([0b101]);
  expect(sync.message).toMatchObject({ op: "sync", seq: 0 });
});

test("while the kernel is busy only the newest of each source waits", () => {
  store.set("a", images([0]));
  for (let i = 0; i < 50; i++) store.set("a", images([i % 3]));
  store.set("b", images([1]));
  expect(ops()).toEqual(["ready", "clause", "sync"]);
  const { client } = channel.sent[2].message;
  channel.arrive({ kind: "selection", op: "ack", client, seq: 0 });
  expect(ops()).toEqual(["ready", "clause", "sync", "clause", "clause", "sync"]);
  expect([...(channel.sent[3].buffers[0] as Uint8Array)]).toEqual([0b010]);
});

test("a clause taken away is told as removed", () => {
  store.set("a", images([0]));
  channel.arrive({ kind: "selection", op: "ack", client: channel.sent[1].message.client, seq: 0 });
  store.set("a", null);
  expect(channel.sent[3].message).toMatchObject({ op: "clause", source: "a", removed: true });
});

test("what comes from another page or from Python is taken, and not sent back", () => {
  const head = { kind: "selection", op: "clause", client: "other", rev: 4, source: "python", of: "images" };
  channel.arrive({ ...head, title: "", code: "" }, [Uint8Array.of(0b10)]);
  expect([...store.allowed("images")!.rows()]).toEqual([1]);
  channel.arrive({ kind: "selection", op: "active", client: "", rev: 4, of: "instances", row: 1 });
  expect(store.active).toEqual({ of: "instances", row: 1 });
  channel.arrive({ ...head, removed: true });
  expect(store.allowed("images")).toBeNull();
  expect(ops()).toEqual(["ready"]);
});

test("rows of tables that are no more are not taken", () => {
  const head = { kind: "selection", op: "clause", client: "other", rev: 3, source: "python", of: "images" };
  channel.arrive({ ...head, title: "", code: "" }, [Uint8Array.of(0b10)]);
  expect(store.clauses.size).toBe(0);
});

test("the active row goes both ways, once", () => {
  store.setActive({ of: "images", row: 2 }, "viewer-1");
  expect(channel.sent[1].message).toMatchObject({ op: "active", of: "images", row: 2, rev: 4 });
});

test("new tables end what was under way; their clauses are the kernel's", () => {
  store.set("a", images([0]));
  const clauses = [{ source: "a", of: "images", title: "", code: "" }];
  channel.arrive(state({ rev: 5, sizes: { ...SIZES, images: 4 }, clauses }), [
    ...ROWS,
    Uint8Array.of(0b1000),
  ]);
  expect([...store.allowed("images")!.rows()]).toEqual([3]);
  store.set("b", { ...images([]), rows: new Bitset(4) });
  expect(channel.sent.at(-2)?.message).toMatchObject({ op: "clause", source: "b", rev: 5 });
});

test("closing lets go of channel and store", () => {
  controller.abort();
  expect(channel.listening).toBe(0);
  expect(store.listening).toBe(0);
});

test("the state the kernel's tests wrote down is read as they meant it", () => {
  const file = new URL("../../../tests/wire/selection.json", import.meta.url);
  const golden = JSON.parse(readFileSync(file, "utf-8")) as { message: object; buffers: string[] };
  const decoded = golden.buffers.map((text) => Uint8Array.from(Buffer.from(text, "base64")));
  channel.arrive(golden.message, decoded);
  expect(store.tables.instances).toEqual({ n: 3, imageRow: Int32Array.of(0, 0, 2) });
  const clause = store.clauses.get("table-1/filter");
  expect(clause).toMatchObject({ of: "instances", title: "score ≥ 0.5", code: 'rows["score"] >= 0.5' });
  expect([...store.allowed("images")!.rows()]).toEqual([0, 2]);
  expect(store.active).toEqual({ of: "instances", row: 2 });
});
