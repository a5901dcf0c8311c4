// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { SelectionStore } from "../../src/core/rows/selection";
import { createFrame } from "../../src/views/frame";
import { Table } from "../../src/views/table/table";
import type { TableTraits } from "../../src/views/table/wire";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";
import { settled } from "./settled";

const N = 2000;
const ROOM = 250; // pixels of the grid

class FakeModel {
  listeners = new Map<string, Set<() => void>>();
  traits: TableTraits = {
    of: "images",
    source: "table-1",
    columns: ["image_id", "label", "score"],
    pinned: [],
    widths: {},
    sort: [],
    filters: {},
    search: "",
    thumbnails: false,
    height: 300,
  };
  get = <K extends keyof TableTraits>(name: K) => this.traits[name];
  set = <K extends keyof TableTraits>(name: K, value: TableTraits[K]) => {
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

/** A kernel that answers at once, by these rules, and notes what it was asked. */
class FakeKernel extends FakeChannel {
  asked: string[] = [];
  busy = false;
  rev = 1;
  override send(content: unknown, _: unknown, buffers: ArrayBufferView[] = []): void {
    const request = content as { id: number; client: string; key: string; method: string; params: never };
    this.asked.push(request.method);
    if (this.busy) return;
    const { id, client, key } = request;
    try {
      const [result, out] = this.answer(request.method, request.params, buffers);
      queueMicrotask(() =>
        this.arrive({ kind: "result", client, id, key, result: { rev: this.rev, ...result } }, out),
      );
    } catch (error) {
      const { message } = error as Error;
      queueMicrotask(() =>
        this.arrive({ kind: "error", client, id, key, error: { type: "DataError", message } }),
      );
    }
  }

  answer(method: string, params: never, buffers: ArrayBufferView[]): [object, ArrayBufferView[]] {
    const cells = (rows: number[]) => ({
      image_id: rows,
      label: rows.map((row) => row % 2),
      score: rows.map((row) => (row % 10 ? row / N : null)),
    });
    if (method === "describe") {
      const head = { editable: true, whole: false, home: "own", categories: [], colors: [] };
      const columns = [
        { ...head, name: "image_id", kind: "number", whole: true, editable: false },
        {
          ...head,
          name: "label",
          kind: "category",
          categories: ["<b>cod</b>", "ling"],
          colors: ["#111111", "#222222"],
        },
        { ...head, name: "score", kind: "number" },
      ];
      const names = ["image_id", "label", "score"];
      return [{ n: N, names, columns, run: true, id: "image_id", labels: [], label_colors: [] }, []];
    }
    if (method === "cells") return [{ cells: cells([...(buffers[0] as Int32Array)]) }, []];
    if (method === "order") {
      const { start = 0 } = params as { start?: number };
      const order = Int32Array.from({ length: N }, (_, i) => N - 1 - i);
      return [{ n: N }, [order.slice(start, start + 600)]];
    }
    if (method === "keep") {
      const { search } = params as { search: string };
      if (search === "(") throw new Error("no regular expression");
      const rows = Bitset.of(
        N,
        Array.from({ length: N / 2 }, (_, i) => 2 * i),
      );
      const first = Int32Array.from({ length: 60 }, (_, i) => 2 * i);
      return [
        {
          any: true,
          title: "even",
          titles: { label: "label <b>cod</b>" },
          code: "rows",
          cells: cells([...first]),
        },
        [first, rows.toBytes()],
      ];
    }
    if (method === "bars") return [{ bars: {} }, []];
    if (method === "sample")
      return [{ images: null, score: null, shown: { "at random": [[7, "7.jpg"]] } }, []];
    if (method === "pictures") return [{ errors: {} }, [new Uint8Array(0)]];
    return [{ note: `${method} done`, change: "c-1" }, []];
  }
}

let model: FakeModel;
let kernel: FakeKernel;
let store: SelectionStore;
let closing: AbortController;
let el: HTMLElement;

const settle = () => settled(60);
const shown = () =>
  [...el.querySelectorAll<HTMLElement>(".nbl-tr")]
    .filter((row) => row.style.display !== "none")
    .sort((a, b) => Number(a.dataset.place) - Number(b.dataset.place));
const texts = (row: HTMLElement) => [...row.querySelectorAll(".nbl-td")].map((cell) => cell.textContent);
const counts = () => el.querySelector(".nbl-counts")!.textContent;
const key = (name: string, more: KeyboardEventInit = {}) =>
  el
    .querySelector(".nbl-grid")!
    .dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, composed: true, ...more }));
const click = (element: Element, more: MouseEventInit = {}) =>
  element.dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true, detail: 1, ...more }));

beforeEach(async () => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("matchMedia", () => ({ addEventListener() {} }));
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(ROOM + 50);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(600);
  closing?.abort();
  closing = new AbortController();
  model = new FakeModel();
  kernel = new FakeKernel();
  store = new SelectionStore();
  const nothing = { n: 0, imageRow: new Int32Array(0) };
  store.reset(1, { images: { n: N, imageRow: null }, instances: nothing, predictions: nothing }, [], null);
  el = document.createElement("div");
  document.body.replaceChildren(el);
  const rpc = new Rpc(kernel, closing.signal);
  const frame = createFrame(el, rpc, closing.signal, "Table");
  new Table(frame, model, rpc, store, closing.signal);
  await vi.waitFor(() => expect(texts(shown()[0])[0]).toBe("0"));
});

test("only the rows in view have elements, and texts are texts", () => {
  expect(shown().length).toBeLessThan(15);
  expect(texts(shown()[0])).toEqual(["0", "<b>cod</b>", "–"]);
  expect(texts(shown()[3])).toEqual(["3", "ling", "0.002"]);
  expect(el.querySelector("b")?.textContent).not.toBe("cod");
  expect(counts()).toBe("2,000 / 2,000 images");
});

test("keys move the active row of the whole workspace", async () => {
  key("End");
  expect(store.active).toEqual({ of: "images", row: N - 1 });
  await settle();
  expect(texts(shown().at(-1)!)[0]).toBe("1999");
  key("PageUp");
  key("ArrowUp");
  expect(store.active!.row).toBeLessThan(N - 9);
  key("Home");
  expect(store.active).toEqual({ of: "images", row: 0 });
});

test("a click picks nothing, with Ctrl a row, with Shift a range, Ctrl+A all, Escape none", () => {
  click(shown()[1]);
  expect(store.active).toEqual({ of: "images", row: 1 });
  expect(store.clauses.size).toBe(0);
  click(shown()[3], { ctrlKey: true });
  click(shown()[5], { shiftKey: true });
  expect([...store.clauses.get("table-1")!.rows.rows()]).toEqual([3, 4, 5]);
  expect(store.clauses.get("table-1")!.title).toBe("3 rows");
  key("a", { ctrlKey: true });
  expect(store.clauses.get("table-1")!.rows.count()).toBe(N);
  key("Escape");
  expect(store.clauses.size).toBe(0);
});

test("others' brushing shows at once, though the kernel is busy", async () => {
  kernel.busy = true;
  store.set("scatter", { of: "images", rows: Bitset.of(N, [2, 4, 8]), title: "lasso", code: "" });
  await settle();
  expect(shown().map((row) => texts(row)[0])).toEqual(["2", "4", "8"]);
  expect(counts()).toContain("3 / ");
});

test("a filter becomes a clause, narrows the table itself, and leaves with the selection", async () => {
  model.set("filters", { label: { kind: "values", values: ["<b>cod</b>"], missing: "out" } });
  await settle();
  expect(store.clauses.get("table-1/filter")!.title).toBe("even");
  expect(counts()).toContain("1,000 / ");
  expect(texts(shown()[1])[0]).toBe("2");
  expect(el.querySelector(".nbl-chips")!.textContent).toContain("label <b>cod</b>");
  store.clear();
  await settle();
  expect(model.traits.filters).toEqual({});
  expect(counts()).toContain("2,000 / ");
});

test("a search that fails says so until it is mended", async () => {
  model.set("search", "(");
  await settle();
  expect(el.querySelector(".nbl-note")!.textContent).toContain("no regular expression");
  model.set("search", "");
  await settle();
  expect(el.querySelector<HTMLElement>(".nbl-note")!.style.display).toBe("none");
});

test("clicks on a header sort up, down and not at all", async () => {
  const name = el.querySelectorAll<HTMLElement>(".nbl-th-name")[2];
  click(name);
  await settle();
  expect(model.traits.sort).toEqual([["score", true]]);
  await vi.waitFor(() => expect(texts(shown()[0])[0]).toBe("1999"));
  key("End", { ctrlKey: true });
  await vi.waitFor(() => expect(texts(shown().at(-1)!)[0]).toBe("0")); // of the last part of the order
  click(el.querySelectorAll(".nbl-th-name")[1], { shiftKey: true });
  expect(model.traits.sort).toEqual([
    ["score", true],
    ["label", true],
  ]);
  click(name, { shiftKey: true });
  expect(model.traits.sort).toEqual([
    ["score", false],
    ["label", true],
  ]);
  click(name);
  expect(model.traits.sort).toEqual([]);
});

test("many rows are acted on only after a second yes", async () => {
  const button = [...el.querySelectorAll("button")].find((one) => one.textContent === "Nothing here 2,000")!;
  click(button);
  expect(kernel.asked).not.toContain("act");
  await settle();
  expect(kernel.asked).not.toContain("act");
  const question = `Set state of 2,000 images, of which 1,9`; // those on the screen were shown
  expect(el.querySelector(".nbl-report")!.textContent).toContain(question);
  expect(el.querySelector(".nbl-sample")!.textContent).toContain("7.jpg");
  click(el.querySelector(".nbl-actions button.nbl-primary")!);
  await settle();
  expect(kernel.asked).toContain("act");
  expect(el.querySelector(".nbl-actions")!.textContent).toContain("Act done");
});

test("a button stays the button it was while what it says is still so: a click under way counts", async () => {
  store.set("lasso", { of: "images", rows: Bitset.of(N, [1, 2, 3]), title: "three", code: "" });
  await settle();
  const button = el.querySelector('.nbl-actions [data-action="Nothing here"]')!;
  expect(button.textContent).toBe("Nothing here 3");
  store.setActive({ of: "images", row: 2 }, "viewer");
  store.set("box", { of: "images", rows: Bitset.of(N, [1, 2, 3, 4]), title: "four", code: "" });
  await settle();
  expect(button.isConnected).toBe(true);
  store.set("box", { of: "images", rows: Bitset.of(N, [1, 2]), title: "two", code: "" });
  await settle();
  expect(button.isConnected).toBe(false);
  expect(el.querySelector('.nbl-actions [data-action="Nothing here"]')!.textContent).toBe("Nothing here 2");
});

test("a click on a row half in view scrolls nothing, and a range leaves out rows never on the screen", async () => {
  const grid = el.querySelector<HTMLElement>(".nbl-grid")!;
  const last = shown().at(-1)!;
  click(last.querySelector(".nbl-td")!);
  await settle();
  expect(grid.scrollTop).toBe(0);
  grid.scrollTop = 1000 * 26;
  grid.dispatchEvent(new Event("scroll"));
  await settle();
  click(shown()[3].querySelector(".nbl-td")!, { shiftKey: true });
  const rows = [...store.clauses.get("table-1")!.rows.rows()];
  expect(rows).toContain(Number(last.dataset.place));
  expect(rows.length).toBeLessThan(30);
  expect(rows.some((row) => row > 50 && row < 990)).toBe(false);
  await settle();
  expect(el.querySelector(".nbl-focus")!.textContent).toContain("between were never on the screen");
});

test("another view's active row is scrolled to when it is pointed at, not when this view is touched", async () => {
  const nothing = { n: 0, imageRow: new Int32Array(0) };
  const active = { of: "images", row: 1500 } as const;
  kernel.rev = 2;
  store.reset(2, { images: { n: N, imageRow: null }, instances: nothing, predictions: nothing }, [], active);
  await settle();
  click(shown()[2].querySelector(".nbl-td")!, { ctrlKey: true });
  await settle();
  expect(shown()[0].dataset.place).toBe("0");
  store.setActive({ of: "images", row: 700 }, "viewer");
  await settle();
  expect(shown().map((row) => row.dataset.place)).toContain("700");
});

test("closing leaves no listener, no element and nothing to answer", async () => {
  kernel.busy = true;
  model.set("search", "a");
  closing.abort();
  expect([model.listening, kernel.listening, store.listening]).toEqual([0, 0, 0]);
  expect(el.children.length).toBe(0);
  store.set("scatter", { of: "images", rows: Bitset.of(N, [1]), title: "", code: "" });
  await settle();
});
