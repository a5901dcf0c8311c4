// @vitest-environment jsdom
/** The image that is wanted comes, whatever was asked for ahead of others meanwhile. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SelectionStore } from "../../src/core/rows/selection";
import { createFrame } from "../../src/views/frame";
import { Settings } from "../../src/views/viewer/options";
import { Viewer } from "../../src/views/viewer/viewer";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";
import { settled } from "./settled";

const N = 9;
const OPTIONS: Record<string, unknown> = {
  ...{ opacity: 0.5, color_by: "label", show_image: true, show_labels: true, show_predictions: true },
  ...{ fill: true, outlines: true, min_score: 0, only_selected: false },
  ...{ show_list: false, height: 400 },
};

/** Draws nothing. */
const context = new Proxy({} as Record<string | symbol, unknown>, {
  get: (known, name) => known[name] ?? (() => ({ width: 1, data: new Uint8ClampedArray(4) })),
});

/** Answers one request at a time, when it is told to. */
class Kernel extends FakeChannel {
  rev = 0;

  answer(method: string, at = 0): boolean {
    const found = this.sent.filter(({ message }) => message.method === method)[at];
    if (!found) return false;
    this.sent.splice(this.sent.indexOf(found), 1);
    const { client, id, key, params } = found.message as never as Record<string, never>;
    const { row: asked, image_id } = params as { row?: number; image_id: number };
    const row = asked ?? image_id;
    const [result, buffers] = method === "masks" ? this.#masks(row) : this.#pixels();
    this.arrive({ kind: "result", client, id, key, result: { rev: this.rev, row, ...result } }, buffers);
    return true;
  }

  #masks(row: number): [object, ArrayBufferView[]] {
    const names = { instances: [], predictions: [] };
    const color = { name: "label", kind: "category", categories: [], colors: [] };
    const head = { imageId: row, file: `${row}.jpg`, width: 2, height: 3, state: null, columns: [] };
    return [
      { ...head, label: names, source: names, color, regions: [] },
      Array.from({ length: 22 }, () => new Uint8Array(0)),
    ];
  }

  #pixels(): [object, ArrayBufferView[]] {
    return [{ mime: "image/png", width: 2, height: 3, whole: true }, [new Uint8Array(1)]];
  }
}

let kernel: Kernel;
let store: SelectionStore;
let view: Viewer;
let closing: AbortController;

beforeEach(() => {
  vi.stubGlobal("createImageBitmap", async () => ({ width: 2, height: 3, close() {} }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("matchMedia", () => ({ addEventListener() {} }));
  vi.stubGlobal(
    "ImageData",
    class {
      data = new Uint8ClampedArray(4);
    },
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  performance.measure = (() => {}) as never;
  closing = new AbortController();
  kernel = new Kernel();
  store = new SelectionStore();
  const none = { n: 0, imageRow: new Int32Array(0) };
  store.reset(0, { images: { n: N, imageRow: null }, instances: none, predictions: none }, [], null);
  const model = { get: (name: string) => OPTIONS[name], set() {}, save_changes() {}, on() {}, off() {} };
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const rpc = new Rpc(kernel, closing.signal);
  const frame = createFrame(el, rpc, closing.signal, "Viewer");
  view = new Viewer(
    frame,
    rpc,
    store,
    new Settings(model as never, closing.signal),
    "viewer",
    closing.signal,
    model,
  );
});

afterEach(() => {
  closing.abort();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function all(): Promise<void> {
  for (let i = 0; i < 12; i++) {
    while (kernel.answer("masks") || kernel.answer("pixels"));
    await settled(5);
  }
}

const go = (row: number) => store.setActive({ of: "images", row }, "test");

test("an image gone to while it was asked for ahead is not lost to the next that is", async () => {
  kernel.answer("masks");
  kernel.answer("pixels");
  await settled(5); // 0 is shown, 1 is asked for ahead
  go(1);
  kernel.answer("masks"); // the masks of 1, its pixels do not come yet
  await settled(300); // … so that they are shown without, and 2 is asked for ahead
  expect([view.onStage?.head.row, view.pixels]).toEqual([1, undefined]);
  await all();
  expect([view.row, view.onStage?.head.row]).toEqual([1, 1]);
  expect(view.pixels?.whole).toBe(true);
});

test("an image answered of older tables is asked for again", async () => {
  await all();
  kernel.rev = 1; // the kernel is ahead
  go(5);
  kernel.answer("masks");
  kernel.answer("pixels");
  await settled(5);
  const none = { n: 0, imageRow: new Int32Array(0) };
  const images = { n: N, imageRow: null };
  store.reset(1, { images, instances: none, predictions: none }, [], { of: "images", row: 5 });
  await all();
  expect([view.row, view.onStage?.head.row, view.pixels?.whole]).toEqual([5, 5, true]);
});
