import { expect, test, vi } from "vitest";
import { SelectionStore } from "../../src/core/rows/selection";
import { connectSelection } from "../../src/wire/connect";
import { FakeChannel } from "./channel";

class FakeModel extends FakeChannel {
  get(): unknown {
    return "anywidget:selection-1";
  }
}

const host = (getWidget: () => Promise<unknown>) => ({ getWidget }) as never;

test("views of one page share the store that the host hands over, and need no message", async () => {
  const store = new SelectionStore();
  const shared = host(async () => ({ exports: { store } }));
  const [a, b] = [new FakeModel(), new FakeModel()];
  const { signal } = new AbortController();
  expect(await connectSelection(a, shared, signal)).toBe(store);
  expect(await connectSelection(b, shared, signal)).toBe(store);
  expect([...a.sent, ...b.sent]).toEqual([]);
});

test.each([
  ["knows nothing of other widgets", undefined],
  ["has no such widget", host(() => Promise.reject(new Error("no binding")))],
  ["hands over nothing", host(async () => ({ exports: undefined }))],
])("a view whose host %s links through the kernel", async (_, without) => {
  vi.spyOn(console, "info").mockImplementation(() => undefined);
  const model = new FakeModel();
  const store = await connectSelection(model, without, new AbortController().signal);
  expect(model.sent.map(({ message }) => message.op)).toEqual(["ready"]);
  const sizes = { images: 2, instances: 0, predictions: 0 };
  const head = { kind: "selection", op: "state", rev: 0, sizes, active: null };
  const clauses = [{ source: "table-1", of: "images", title: "", code: "" }];
  model.arrive({ ...head, clauses }, [new Int32Array(0), new Int32Array(0), Uint8Array.of(0b10)]);
  expect([...store.allowed("images")!.rows()]).toEqual([1]);
});
