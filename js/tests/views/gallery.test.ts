// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { type Of, SelectionStore } from "../../src/core/rows/selection";
import { createFrame } from "../../src/views/frame";
import { Gallery } from "../../src/views/gallery/gallery";
import { type GalleryTraits, without } from "../../src/views/gallery/state";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";
import { settled } from "./settled";

// Node imports no blobs: the script of list and form is the module itself.
vi.mock("../../src/views/answers/script", async () => {
  const script = await import("../../src/widgets/answers");
  return { scriptOf: () => async () => script };
});

const N = 100_000;
const [WIDTH, HEIGHT] = [600, 300]; // pixels: four tiles of 128 in a row

class FakeModel {
  listeners = new Map<string, Set<() => void>>();
  constructor(public traits: GalleryTraits) {}
  get = <K extends keyof GalleryTraits>(name: K) => this.traits[name];
  set = <K extends keyof GalleryTraits>(name: K, value: GalleryTraits[K]) => {
    this.traits[name] = value;
    for (const callback of [...(this.listeners.get(`change:${name}`) ?? [])]) callback();
  };
  save_changes = () => {};
  on = (name: string, callback: () => void) => {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(callback));
  };
  off = (name: string, callback: () => void) => this.listeners.get(name)?.delete(callback);
  get listening(): number {
    return [...this.listeners.values()].reduce((n, set) => n + set.size, 0);
  }
}

interface Asked {
  method: string;
  params: Record<string, unknown>;
  rows: number[];
}

/** A kernel that answers at once, by these rules, and notes what it was asked. */
class FakeKernel extends FakeChannel {
  asked: Asked[] = [];
  busy = false;
  rev = 1;
  n = N;
  override send(content: unknown, _: unknown, buffers: ArrayBufferView[] = []): void {
    const request = content as { id: number; client: string; key: string; method: string; params: never };
    const { id, client, key, method, params } = request;
    const rows =
      method === "act" || method === "sample"
        ? [...Bitset.fromBytes(this.n, buffers[0] as Uint8Array).rows()]
        : [...((buffers[0] as Int32Array) ?? [])];
    this.asked.push({ method, params, rows });
    if (this.busy) return;
    const [result, out] = this.answer(method, rows);
    queueMicrotask(() =>
      this.arrive({ kind: "result", client, id, key, result: { rev: this.rev, ...result } }, out),
    );
  }

  did = (method: string) => this.asked.filter((one) => one.method === method);

  answer(method: string, rows: number[]): [object, ArrayBufferView[]] {
    if (method === "describe") {
      const head = { editable: true, whole: false, home: "own", categories: [], colors: [] };
      const category = (name: string, categories: string[]) => ({
        ...head,
        name,
        kind: "category",
        categories,
        colors: categories.map(() => "#112233"),
      });
      const columns = [
        category("label", ["<b>cod</b>", "ling"]),
        category("state", ["unlabeled", "partial", "complete", "empty"]),
        category("decision", ["open", "accepted", "rejected"]),
        { ...head, name: "score", kind: "number" },
        { ...head, name: "depth", kind: "number", whole: true },
        { ...head, name: "chance", kind: "number" },
        category("suspicion", ["odd", "split"]),
      ];
      const names = ["image_id", "file", "state", "depth"];
      const labels = this.rev > 1 ? ["<b>cod</b>", "ling", "ray"] : ["<b>cod</b>", "ling"];
      return [
        {
          n: this.n,
          names,
          columns,
          run: true,
          id: "image_id",
          suspects: true,
          labels,
          label_colors: labels.map(() => "#112233"),
        },
        [],
      ];
    }
    if (method === "cells") {
      const cells = {
        image_id: rows.map((row) => row + 1000),
        file: rows.map((row) => `reef/<i>${row}.jpg`),
        state: rows.map((row) => row % 4),
        depth: rows,
        chance: rows.map(() => 0.375),
        suspicion: rows.map((row) => (row % 2 ? 1 : -1)),
      };
      return [{ cells }, []];
    }
    if (method === "labels" || method === "add_label") {
      const names = ["<b>cod</b>", "ling", ...(method === "labels" ? [] : ["ray"])];
      const colors = names.map(() => "#112233");
      const more = { counts: names.map((_, i) => 10 + i), parents: names.map(() => []), keys: {} };
      return [{ names, colors, ...more, retired: [], name: "ray" }, []];
    }
    if (method === "order")
      return [{ n: this.n }, [Int32Array.from({ length: this.n }, (_, i) => this.n - 1 - i)]];
    if (method === "pictures") {
      const errors = Object.fromEntries(rows.filter((row) => row === 2).map((row) => [row, "missing.jpg"]));
      return [{ errors }, rows.map((row) => new Uint8Array(row === 2 ? 0 : 3))];
    }
    if (method === "sample") {
      const shown = { "least sure": [[rows[0], "cod 0.31"]], "at random": [[rows.at(-1), "ling 0.90"]] };
      return [{ images: 64, score: [0.31, 0.98], shown }, []];
    }
    return [{ note: `${method} done`, change: method === "act" ? "c-1" : "" }, []];
  }
}

let model: FakeModel;
let kernel: FakeKernel;
let store: SelectionStore;
let closing: AbortController;
let el: HTMLElement;
let bitmaps: { made: number; closed: number };

const settle = () => settled(60);
const tiles = () =>
  [...el.querySelectorAll<HTMLElement>(".nbl-tile")]
    .filter((tile) => tile.style.display !== "none")
    .sort((a, b) => Number(a.getAttribute("aria-posinset")) - Number(b.getAttribute("aria-posinset")));
const grid = () => el.querySelector<HTMLElement>(".nbl-grid")!;
const picked = () => [...(store.clauses.get("gallery-1")?.rows.rows() ?? [])];
const counts = () => el.querySelector(".nbl-counts")!.textContent;
const bar = () => el.querySelector(".nbl-actions")!.textContent;
const key = (name: string, more: KeyboardEventInit = {}) =>
  grid().dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, composed: true, ...more }));
const mouse = (type: string, x: number, y: number, more: MouseEventInit = {}) =>
  grid().dispatchEvent(
    new MouseEvent(type, { bubbles: true, composed: true, clientX: x, clientY: y, detail: 1, ...more }),
  );
const pointer = (type: string, x: number, y: number, more: MouseEventInit & { touch?: boolean } = {}) => {
  const event = new MouseEvent(type, { bubbles: true, composed: true, clientX: x, clientY: y, ...more });
  Object.assign(event, { pointerId: 1, pointerType: more.touch ? "touch" : "mouse" });
  grid().dispatchEvent(event);
};
/** The middle of a place in the first rows. */
const middle = (place: number): [number, number] => [
  (place % 4) * 148 + 75,
  Math.floor(place / 4) * 166 + 70,
];
const click = (place: number, more: MouseEventInit = {}) => mouse("click", ...middle(place), more);
const button = (label: string) =>
  [...el.querySelectorAll<HTMLButtonElement>("button")].find((one) => one.dataset.action === label)!;

async function open(of: Of = "images", traits: Partial<GalleryTraits> = {}): Promise<void> {
  closing?.abort();
  closing = new AbortController();
  model = new FakeModel({
    ...{ of, source: "gallery-1", size: 128, order_by: "", ascending: true, overlays: true, height: 400 },
    ...traits,
  });
  kernel = new FakeKernel();
  store = new SelectionStore();
  const imageRow = Int32Array.from({ length: of === "images" ? 0 : N }, () => 0);
  const others = { n: imageRow.length, imageRow };
  store.reset(1, { images: { n: N, imageRow: null }, instances: others, predictions: others }, [], null);
  el = document.createElement("div");
  document.body.replaceChildren(el);
  const rpc = new Rpc(kernel, closing.signal);
  const frame = createFrame(el, rpc, closing.signal, "Gallery");
  new Gallery(frame, model, rpc, store, closing.signal);
  await vi.waitFor(() => expect(tiles().length).toBeGreaterThan(0));
  await settle();
}

beforeEach(async () => {
  const nothing = class {
    observe() {}
    disconnect() {}
  };
  vi.stubGlobal("ResizeObserver", nothing);
  vi.stubGlobal("matchMedia", () => ({ addEventListener() {} }));
  bitmaps = { made: 0, closed: 0 };
  vi.stubGlobal("createImageBitmap", async () => {
    bitmaps.made++;
    return { width: 64, height: 48, close: () => bitmaps.closed++ };
  });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(HEIGHT);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(WIDTH);
  const box = { left: 0, top: 0, right: WIDTH, bottom: HEIGHT, width: WIDTH, height: HEIGHT };
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(box as DOMRect);
  await open();
});

afterEach(() => closing.abort());

test("only the tiles in view have elements, and texts are texts", () => {
  expect(tiles().length).toBe(8);
  expect(tiles()[5].textContent).toContain("<i>5.jpg");
  expect(tiles()[5].getAttribute("aria-label")).toBe("image 1005: <i>5.jpg, partial");
  expect(tiles()[5].getAttribute("aria-setsize")).toBe(String(N));
  expect(counts()).toBe("100,000 / 100,000 images");
});

test("what became of an image shows by the shape of its badge", () => {
  const shapes = tiles().map((tile) => tile.querySelector<HTMLElement>(".nbl-badge")!.dataset.shape);
  expect(shapes.slice(0, 4)).toEqual(["", "part", "done", "empty"]);
});

test("an image whose file is missing says so", () => {
  expect(tiles()[2].classList.contains("nbl-missing")).toBe(true);
  expect(tiles()[2].title).toContain("missing.jpg");
  expect(tiles()[2].getAttribute("aria-label")).toContain("no picture");
  expect(tiles()[3].classList.contains("nbl-missing")).toBe(false);
});

test("clicks pick: one, more with Ctrl, ranges with Shift, none beside the tiles", () => {
  click(1);
  expect(picked()).toEqual([1]);
  click(3, { ctrlKey: true });
  click(1, { ctrlKey: true });
  expect(picked()).toEqual([3]);
  click(3);
  click(6, { shiftKey: true });
  expect(picked()).toEqual([3, 4, 5, 6]);
  expect(store.clauses.get("gallery-1")!.title).toBe("4 images");
  mouse("click", 2, 2);
  expect(picked()).toEqual([]);
  expect(store.clauses.size).toBe(0);
});

test("keys move, pick, extend, pick all and none", async () => {
  key("ArrowRight");
  key(" ");
  expect(picked()).toEqual([1]);
  key("ArrowDown", { shiftKey: true });
  expect(picked()).toEqual([1, 2, 3, 4, 5]);
  key("End");
  await settle();
  expect(tiles().at(-1)!.getAttribute("aria-posinset")).toBe(String(N));
  const cursor = el.querySelector(`[id="${grid().getAttribute("aria-activedescendant")}"]`);
  expect(cursor).toBe(tiles().at(-1));
  key("a", { ctrlKey: true });
  expect(store.clauses.get("gallery-1")!.rows.count()).toBe(N);
  await settle();
  expect(counts()).toContain("100,000 picked");
  key("Escape");
  expect(store.clauses.size).toBe(0);
});

test("Enter and a double click point all views at a tile, and leave picks as they were", () => {
  key("ArrowRight");
  key("Enter");
  expect(store.active).toEqual({ of: "images", row: 1 });
  expect(store.clauses.size).toBe(0);
  click(2);
  click(5);
  mouse("click", ...middle(5), { detail: 2 });
  mouse("dblclick", ...middle(5));
  expect(store.active).toEqual({ of: "images", row: 5 });
  expect(picked()).toEqual([2]);
});

test("a drag picks what its box touches, Escape gives up, Ctrl adds", async () => {
  pointer("pointerdown", 200, 20);
  pointer("pointermove", 400, 200);
  await settle();
  expect(picked()).toEqual([1, 2, 5, 6]);
  expect(el.querySelector(".nbl-band")).not.toBeNull();
  pointer("pointerup", 400, 200);
  mouse("click", 400, 200); // browsers send one after a drag
  expect(picked()).toEqual([1, 2, 5, 6]);
  expect(el.querySelector(".nbl-band")).toBeNull();
  pointer("pointerdown", 20, 20, { ctrlKey: true });
  pointer("pointermove", 60, 60, { ctrlKey: true });
  pointer("pointerup", 60, 60, { ctrlKey: true });
  expect(picked()).toEqual([0, 1, 2, 5, 6]);
  pointer("pointerdown", 20, 20);
  pointer("pointermove", 60, 60);
  await settle();
  expect(picked()).toEqual([0]);
  key("Escape");
  expect(picked()).toEqual([0, 1, 2, 5, 6]);
});

test("a freehand line picks the tiles whose middles it encloses", async () => {
  pointer("pointerdown", 20, 20, { altKey: true });
  for (const [x, y] of [
    [290, 20],
    [290, 140],
    [20, 140],
  ]) {
    pointer("pointermove", x, y, { altKey: true });
    await settle();
  }
  pointer("pointerup", 20, 140);
  expect(picked()).toEqual([0, 1]);
});

test("a press, a hover or a click brings no other view's active row into view", async () => {
  const nothing = { n: 0, imageRow: new Int32Array(0) };
  const active = { of: "images", row: 90_000 } as const;
  kernel.rev = 2;
  store.reset(2, { images: { n: N, imageRow: null }, instances: nothing, predictions: nothing }, [], active);
  await settle();
  pointer("pointermove", ...middle(5));
  pointer("pointerdown", ...middle(5));
  click(5);
  await settle();
  expect(tiles()[0].getAttribute("aria-posinset")).toBe("1");
  store.setActive({ of: "images", row: 40_000 }, "viewer"); // while the pointer is down
  await settle();
  expect(tiles()[0].getAttribute("aria-posinset")).toBe("1");
  pointer("pointerup", ...middle(5));
  store.setActive({ of: "images", row: 40_004 }, "viewer");
  await settle();
  expect(tiles().map((tile) => tile.getAttribute("aria-posinset"))).toContain("40005");
  expect(picked()).toEqual([5]);
});

test("a click with Shift before anything was picked begins there, not at another view's row", async () => {
  store.setActive({ of: "images", row: 2_580 }, "viewer");
  await settle();
  grid().scrollTop = 0;
  grid().dispatchEvent(new Event("scroll"));
  await settle();
  click(6, { shiftKey: true });
  expect(picked()).toEqual([6]);
});

test("a drag picks no tile that was never on the screen, however far its box spans", async () => {
  pointer("pointerdown", 200, 20);
  pointer("pointermove", 400, 200);
  await settle();
  grid().scrollTop = 100 * 166; // as a jump of the scroll bar
  grid().dispatchEvent(new Event("scroll"));
  pointer("pointermove", 400, 201);
  await settle();
  pointer("pointerup", 400, 201);
  expect(picked()).toEqual([1, 2, 5, 6, 401, 402, 405, 406]);
});

test("a drag is given up where other tiles come to lie under it", async () => {
  click(3);
  pointer("pointerdown", 20, 20);
  pointer("pointermove", 400, 200);
  await settle();
  store.set("scatter", { of: "images", rows: Bitset.of(N, [3, 50, 51, 52, 53]), title: "lasso", code: "" });
  await settle();
  pointer("pointermove", 400, 201);
  await settle();
  pointer("pointerup", 400, 201);
  mouse("click", 400, 201); // the one that browsers send after a drag
  expect(picked()).toEqual([3]);
});

test("a range leaves out tiles that were never on the screen, and says how many", async () => {
  click(1);
  grid().scrollTop = 100 * 166;
  grid().dispatchEvent(new Event("scroll"));
  await settle();
  click(2, { shiftKey: true }); // place 402 is there now
  expect(picked()).toEqual([1, 2, 3, 4, 5, 6, 7, 400, 401, 402]);
  await settle();
  expect(bar()).toContain("392 between were never on the screen");
});

test("a large accept says what it takes and shows some of it; Escape gives it up, its button does it", async () => {
  await open("predictions");
  key("a", { ctrlKey: true });
  await settle();
  key("a");
  expect(bar()).toContain("Looking at 100,000 predictions");
  await settle();
  const text = "Make instances of 100,000 predictions on 64 images, score 0.31–0.98, of which 99,992 were";
  expect(bar()).toContain(text);
  const tiles = [...el.querySelectorAll(".nbl-sample figcaption")].map((one) => one.textContent);
  expect(tiles).toEqual(["cod 0.31", "ling 0.90"]);
  expect(kernel.did("act")).toEqual([]);
  const sure = document.activeElement!;
  expect(sure.textContent).toBe("Accept 100,000");
  sure.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true }));
  expect(el.querySelector(".nbl-sample")).toBeNull();
  expect(picked().length).toBe(N);
  key("a");
  await settle();
  (document.activeElement as HTMLElement).click();
  await settle();
  expect(kernel.did("act").length).toBe(1);
});

test("what is on the screen and few is accepted at once", async () => {
  await open("predictions");
  click(0);
  click(7, { shiftKey: true });
  key("a");
  await settle();
  expect(kernel.did("sample")).toEqual([]);
  expect(kernel.did("act")[0].rows.length).toBe(8);
});

test("a finger scrolls, and picks once it has rested", async () => {
  pointer("pointerdown", ...middle(0), { touch: true });
  pointer("pointermove", 75, 20, { touch: true });
  await new Promise((resolve) => setTimeout(resolve, 450));
  expect(picked()).toEqual([]);
  pointer("pointercancel", 75, 20, { touch: true });
  pointer("pointerdown", ...middle(0), { touch: true });
  await new Promise((resolve) => setTimeout(resolve, 450));
  expect(picked()).toEqual([0]);
  pointer("pointermove", ...middle(5), { touch: true });
  await settle();
  expect(picked()).toEqual([0, 1, 4, 5]);
  pointer("pointerup", ...middle(5), { touch: true });
});

test("others' brushing shows at once, though the kernel is busy", async () => {
  kernel.busy = true;
  store.set("scatter", { of: "images", rows: Bitset.of(N, [2, 4, 8]), title: "lasso", code: "" });
  await settle();
  expect(tiles().map((tile) => tile.getAttribute("aria-posinset"))).toEqual(["1", "2", "3"]);
  expect(tiles()[0].getAttribute("aria-setsize")).toBe("3");
  expect(counts()).toContain("3 / ");
  store.set("scatter", { of: "images", rows: Bitset.of(N, []), title: "lasso", code: "" });
  await settle();
  expect(el.querySelector(".nbl-empty")!.textContent).toContain("No images match");
});

test("an order comes from the kernel, and its column into the captions", async () => {
  const select = el.querySelector<HTMLSelectElement>("select.nbl-order")!;
  expect([...select.options].map((option) => option.value)).toContain("depth");
  select.value = "depth";
  select.dispatchEvent(new Event("change"));
  await settle();
  expect(kernel.did("order")[0].params).toEqual({ sort: [["depth", true]] });
  expect(tiles()[0].querySelector(".nbl-tile-value")!.textContent).toBe("99,999");
  key(" ");
  expect(picked()).toEqual([N - 1]);
});

test("suspects have kind and chance in their captions, and what is picked is corrected as suggested", async () => {
  await open("instances", { order_by: "chance", ascending: false });
  const value = (place: number) => tiles()[place].querySelector(".nbl-tile-value")!.textContent;
  expect([value(0), value(1)].sort()).toEqual(["0.375", "split 0.38"]); // every second row is suspected
  expect(button("Correct")).toBeUndefined(); // not for all that are shown
  click(0);
  await settle();
  button("Correct").click();
  await settle();
  expect(kernel.did("act")).toMatchObject([{ params: { action: "correct", n: 1 } }]);
});

test("nothing here is one request for what is picked, at once, and its report offers an undo", async () => {
  click(0);
  click(3, { shiftKey: true });
  key("n");
  await settle();
  const { params, rows } = kernel.did("act")[0];
  expect(rows).toEqual([0, 1, 2, 3]);
  expect(params).toMatchObject({ action: "set", values: { column: "state", value: "empty" }, n: 4, rev: 1 });
  expect(bar()).toContain("Act done");
  [...el.querySelectorAll("button")].find((one) => one.textContent === "Undo")!.click();
  await settle();
  expect(kernel.did("undo")[0].params).toEqual({ change: "c-1" });
  key("z", { ctrlKey: true });
  await settle();
  expect(kernel.did("undo")[1].params).toEqual({});
  key("y", { ctrlKey: true });
  await settle();
  expect(kernel.did("redo").length).toBe(1);
});

test("undo and redo pressed while an edit is under way are done after it, in order", async () => {
  click(0);
  key("n");
  key("z", { ctrlKey: true });
  key("y", { ctrlKey: true });
  key("z", { ctrlKey: true });
  await settle();
  const did = kernel.asked.map(({ method }) => method).filter((one) => /act|undo|redo/.test(one));
  expect(did).toEqual(["act", "undo", "redo", "undo"]);
  expect(bar()).toContain("Undo done");
});

test("what is done to all that is shown is asked first, with the number", async () => {
  store.set("scatter", { of: "images", rows: Bitset.of(N, [2, 4, 8]), title: "lasso", code: "" });
  await settle();
  key("c");
  expect(kernel.did("act")).toEqual([]);
  expect(bar()).toContain("Set state of 3 images to complete?");
  el.querySelector<HTMLButtonElement>(".nbl-actions .nbl-primary")!.click();
  await settle();
  expect(kernel.did("act")[0].rows).toEqual([2, 4, 8]);
});

test("digits give instances a label, Delete removes them after a yes", async () => {
  await open("instances");
  click(1);
  key("2");
  await settle();
  expect(kernel.did("act")[0].params).toMatchObject({ values: { column: "label", value: "ling" } });
  await settle();
  key("Delete");
  expect(bar()).toContain("Remove 1 instance from the dataset?");
  key("7"); // there are two labels
  await settle();
  expect(bar()).toContain("There is no label 7: the dataset has 2");
  expect(kernel.did("act").length).toBe(1);
});

test("a digit pressed before a new label is known waits for it", async () => {
  await open("instances");
  click(1);
  kernel.rev = 2;
  store.reset(2, { ...store.tables }, [], null);
  store.set("gallery-1", { of: "instances", rows: Bitset.of(N, [1]), title: "", code: "" });
  key("3");
  await settle();
  expect(kernel.did("act")[0].params).toMatchObject({ values: { column: "label", value: "ray" } });
});

test("predictions without a name are accepted under one, by digit or from a list", async () => {
  await open("predictions");
  click(1);
  key("2");
  await settle();
  expect(kernel.did("act").at(-1)!.params).toMatchObject({
    action: "accept",
    values: { overlap: "skip", label: "ling" },
  });
  await settle();
  key("l");
  await settle();
  expect(el.textContent).toContain("Accept 1 prediction as");
  expect(kernel.did("act")).toHaveLength(1);
});

test("predictions are accepted with A or M and rejected with X", async () => {
  await open("predictions");
  click(1);
  for (const name of ["a", "M", "x"]) {
    key(name);
    await settle();
  }
  const actions = kernel.did("act").map(({ params }) => params.action);
  expect(actions).toEqual(["accept", "accept", "reject"]);
});

test("once the kernel is gone nothing can be done, and it says so", async () => {
  kernel.trigger("comm_live_update");
  await settle();
  click(1);
  await settle();
  expect(button("Complete").disabled).toBe(true);
  key("n");
  expect(kernel.did("act")).toEqual([]);
  expect(el.querySelector(".nbl-note")!.textContent).toContain("kernel");
});

test("pictures stay while tables without other rows come, and are closed in the end", async () => {
  const { made } = bitmaps;
  expect(made).toBeGreaterThan(7);
  kernel.rev = 2;
  kernel.busy = true;
  const nothing = { n: 0, imageRow: new Int32Array(0) };
  store.reset(2, { images: { n: N, imageRow: null }, instances: nothing, predictions: nothing }, [], null);
  await settle();
  expect(bitmaps.closed).toBe(0);
  closing.abort();
  await settle();
  expect(bitmaps.closed).toBe(bitmaps.made);
});

test("fewer pictures than made are kept, however far one scrolls", async () => {
  model.set("size", 320);
  for (let i = 0; i < 40; i++) {
    key("PageDown");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(bitmaps.made - bitmaps.closed).toBeLessThan(300);
});

test("rows have other numbers once some are gone", () => {
  const gone = Int32Array.of(2, 5);
  expect([0, 2, 3, 5, 6].map((row) => without(gone, row))).toEqual([0, -1, 2, -1, 4]);
});

test("closing leaves no listener and no element", async () => {
  closing.abort();
  expect([model.listening, kernel.listening, store.listening]).toEqual([0, 0, 0]);
  expect(el.children.length).toBe(0);
  await settle();
});
