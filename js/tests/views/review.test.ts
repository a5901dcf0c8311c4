// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeCounts } from "../../src/core/masks/rle";
import { SelectionStore } from "../../src/core/rows/selection";
import { createFrame } from "../../src/views/frame";
import type { Correction } from "../../src/views/review/correction";
import { Review } from "../../src/views/review/review";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";
import { settled } from "./settled";

class FakeModel {
  listeners = new Map<string, Set<() => void>>();
  traits: Record<string, unknown> = {
    ...{ height: 500, outline: true, overlap: "skip", context: 1, source: "review-1" },
  };
  get = (name: string) => this.traits[name];
  set = (name: string, value: unknown) => {
    this.traits[name] = value;
    for (const callback of [...(this.listeners.get(`change:${name}`) ?? [])]) callback();
  };
  save_changes = () => {};
  on = (name: string, callback: () => void) => {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(callback));
  };
  off = (name: string, callback: () => void) => this.listeners.get(name)?.delete(callback);
}

type Params = {
  item_id: number;
  what: string;
  label?: string;
  overlap?: string;
  word?: string;
  seconds: number;
};

/** Keeps answers as the kernel does. */
class FakeKernel extends FakeChannel {
  asked: { method: string; params: Params }[] = [];
  held: (() => void)[] = [];
  busy = false;
  rev = 1;
  refused = new Set<number>();
  /** Items that the kernel gives an error for, how often. */
  broken = new Map<number, number>();
  gone = false;
  /** Places in the order of asking, where the kernel ranks them. */
  order: number[] | null = null;
  /** What is suggested for each place; none: it is no review of suspects. */
  corrections: Correction[] = [];
  states: Uint8Array;
  constructor(readonly n: number) {
    super();
    this.states = new Uint8Array(n);
  }

  override send(content: unknown): void {
    const request = content as { id: number; client: string; key: string; method: string; params: Params };
    const { id, client, key, method, params } = request;
    if (this.gone) throw new Error("the comm is closed");
    const reply = () => {
      this.asked.push({ method, params });
      const head = { client, id, key };
      try {
        const [result, buffers] = this.answer(method, params);
        this.arrive({ kind: "result", ...head, result: { rev: this.rev, ...result } }, buffers);
      } catch (error) {
        this.arrive({ kind: "error", ...head, error: { type: "DataError", message: String(error) } });
      }
    };
    if (this.busy) this.held.push(reply);
    else queueMicrotask(reply);
  }

  free(): void {
    this.busy = false;
    for (const reply of this.held.splice(0)) reply();
  }

  get ranked(): Int32Array[] {
    return this.order ? [Int32Array.from(this.order)] : [];
  }

  did = (method: string) => this.asked.filter((one) => one.method === method).map(({ params }) => params);

  answer(method: string, params: Params): [object, ArrayBufferView[]] {
    const rows = Int32Array.from(this.states, (state, i) => (state === 3 ? -1 : i));
    if (method === "items") {
      const head = { of: "predictions", annotator: "anna", order: [], labels: ["<b>cod</b>", "ling"] };
      const ids = Float64Array.from({ length: this.n }, (_, i) => 100 + i);
      const colors = ["#112233", "#445566"];
      return [
        { ...head, colors, selected: false, keys: {}, asks: false },
        [ids, this.states.slice(), this.states.slice(), rows, ...this.ranked],
      ];
    }
    if (method === "labels" || method === "add_label") {
      if (method === "add_label") {
        this.rev++;
        this.arrive({ kind: "event", name: "refresh", payload: { rev: this.rev } });
      }
      const names = ["<b>cod</b>", "ling", ...(method === "labels" ? [] : ["zander"])];
      const more = {
        ...{ colors: names.map(() => "#112233"), counts: names.map(() => 3), retired: [] },
        ...{ parents: names.map(() => []), keys: {} },
      };
      return [{ names, ...more, name: "zander" }, []];
    }
    if (method === "states") return [{}, [this.states.slice(), rows, ...this.ranked]];
    const place = params.item_id - 100;
    const left = this.broken.get(place) ?? 0;
    this.broken.set(place, left - 1);
    if (method === "item" && left > 0) throw new Error("the disk is away");
    if (method === "item") {
      const facts = [
        ["label", "<b>cod</b>", "category"],
        ["score", 0.25, "number"],
        ["file", "<img src=x>.jpg", "text"],
        ["area", 4, "whole"],
      ];
      const head = {
        id: params.item_id,
        imageId: 1,
        label: "<b>cod</b>",
        size: [64, 48],
        at: [10, 10, 2, 2],
      };
      const below = place === 1 ? { id: 7, label: "ling", iou: 0.5 } : null;
      const box = [0, 0, 20, 20];
      const crop = { box, mask: [20, 20], problem: place === 2 ? "missing.jpg" : "" };
      const mask = encodeCounts([210, 2, 18, 2, 168]);
      const correction = this.corrections[place] ?? null;
      const drawn = (correction?.outlines ?? []).map(() => mask);
      const pixels = new Uint8Array(place === 2 ? 0 : 3);
      return [{ ...head, ...crop, facts, below, correction }, [mask, pixels, ...drawn]];
    }
    if (method === "answer" && this.refused.has(params.item_id)) throw new Error("it overlaps an instance");
    if (method === "answer") this.states[place] = params.what === "reject" ? 2 : 1;
    if (method === "correct" && this.refused.has(params.item_id)) throw new Error("it was changed since");
    if (method === "correct")
      for (const at of [place, ...this.corrections[place].ids.map((id) => id - 100)]) this.states[at] = 4;
    if (method === "take_back") this.states[place] = 0;
    this.rev++;
    this.arrive({ kind: "event", name: "refresh", payload: { rev: this.rev } });
    return [{ id: params.item_id, note: "done" }, []];
  }
}

let kernel: FakeKernel;
let model: FakeModel;
let store: SelectionStore;
let closing: AbortController;
let view: Review;
let el: HTMLElement;
let bitmaps: { made: number; closed: number; most: number };

const wait = (milliseconds = 30) => settled(milliseconds);
const root = () => el.querySelector<HTMLElement>(".nbl")!;
const press = async (key: string, more: KeyboardEventInit = {}) => {
  root().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  await new Promise((resolve) => setTimeout(resolve, 2));
};
const text = (of: string) => el.querySelector<HTMLElement>(of)?.textContent ?? "";
const shown = () => text(".nbl-review-facts").match(/id(\d+)/)?.[1];
const answers = () => kernel.did("answer").map(({ item_id, what, label }) => [item_id, what, label]);

async function open(n = 6, states: number[] = [], change = (_: FakeKernel) => {}): Promise<void> {
  kernel = new FakeKernel(n);
  change(kernel);
  kernel.states.set(states);
  model = new FakeModel();
  store = new SelectionStore();
  const imageRow = new Int32Array(n);
  const none = { n: 0, imageRow: new Int32Array(0) };
  const images = { n: 1, imageRow: null };
  store.reset(1, { images, instances: none, predictions: { n, imageRow } }, [], null);
  closing = new AbortController();
  el = document.createElement("div");
  document.body.replaceChildren(el);
  const rpc = new Rpc(kernel, closing.signal);
  view = new Review(createFrame(el, rpc, closing.signal, "Review"), model, rpc, store, closing.signal);
  await wait();
}

beforeEach(() => {
  bitmaps = { made: 0, closed: 0, most: 0 };
  vi.stubGlobal("createImageBitmap", async () => {
    bitmaps.made++;
    bitmaps.most = Math.max(bitmaps.most, bitmaps.made - bitmaps.closed);
    return { width: 20, height: 20, close: () => bitmaps.closed++ };
  });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
});

afterEach(() => {
  closing?.abort();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("one key answers and the next mask is there", async () => {
  await open();
  expect([shown(), store.active]).toEqual(["100", { of: "predictions", row: 0 }]);
  await press("m");
  await press("x");
  await press("2");
  await press("1"); // the label it has: accepted as it is
  await press("Enter");
  expect(answers()).toEqual([
    [100, "accept", undefined],
    [101, "reject", undefined],
    [102, "relabel", "ling"],
    [103, "accept", undefined],
    [104, "accept", undefined],
  ]);
  expect([shown(), text(".nbl-review-place")]).toEqual(["105", "5 / 6"]);
  await wait(200);
  expect(store.active).toEqual({ of: "predictions", row: 5 });
  expect(kernel.did("answer").every(({ seconds }) => seconds >= 0 && seconds < 5)).toBe(true);
});

test("what the kernel ranks first comes next, and is made ready", async () => {
  await open(8, [], (one) => {
    one.order = [5, 1, 0, 2, 3, 4, 6, 7];
  });
  expect(shown()).toBe("105");
  await press("m");
  expect(shown()).toBe("101");
  kernel.order = [7, 6, 0, 2, 3, 4, 1, 5];
  kernel.asked = [];
  await wait(400); // the view asks for the states once nothing is pending
  expect(kernel.did("item").map(({ item_id }) => item_id)).toEqual([107, 106]);
  await press("x");
  expect(shown()).toBe("107");
  await press("ArrowRight");
  expect(shown()).toBe("106");
  await press("ArrowLeft");
  expect(shown()).toBe("107");
});

test("data are texts, never HTML", async () => {
  await open();
  expect(
    el.querySelector(".nbl-review-title b b, .nbl-review-facts b, .nbl-review-facts img, .nbl-review-chip b"),
  ).toBeNull();
  expect(text(".nbl-review-facts")).toContain("<img src=x>.jpg");
});

test("three are made ready ahead and one behind, and the others are let go", {
  timeout: 60_000,
}, async () => {
  await open(500);
  expect(kernel.did("item").map(({ item_id }) => item_id)).toEqual([100, 101, 102, 103]);
  for (let i = 0; i < 500; i++) await press(i % 7 ? "m" : "ArrowRight");
  await wait(200);
  expect(kernel.did("item").length).toBeLessThanOrEqual(500 + 80);
  expect(answers().length).toBe(500 - Math.ceil(500 / 7));
  expect(bitmaps.most).toBeLessThanOrEqual(6);
  expect(bitmaps.made - bitmaps.closed).toBe(view.crops.alive);
  closing.abort();
  await wait();
  expect([bitmaps.made - bitmaps.closed, view.crops.alive, kernel.listening, store.listening]).toEqual([
    0, 0, 0, 0,
  ]);
});

test("a key held down answers once, and nothing is answered unseen", async () => {
  await open();
  await press("m", { repeat: true });
  expect(answers()).toEqual([]);
  kernel.busy = true;
  for (let i = 0; i < 10; i++) await press("m");
  kernel.free();
  await wait();
  expect(answers().length).toBe(4); // those that were ready
});

test("answers wait for a busy kernel and are counted", async () => {
  await open();
  kernel.busy = true;
  await press("m");
  await press("x");
  expect([text(".nbl-review-pending"), text(".nbl-review-place")]).toEqual(["2 pending", "2 / 6"]);
  kernel.free();
  await wait();
  expect([text(".nbl-review-pending"), [...kernel.states]]).toEqual(["", [1, 2, 0, 0, 0, 0]]);
});

test("a refused answer comes back and says why; Shift+M insists", async () => {
  await open();
  kernel.refused.add(101);
  kernel.busy = true;
  for (const key of ["m", "m", "m"]) await press(key);
  kernel.free();
  await wait();
  expect([shown(), text(".nbl-note-text")]).toEqual(["101", "Error: it overlaps an instance"]);
  expect(text(".nbl-review-warning")).toContain("ling 7");
  kernel.refused.clear();
  await press("M", { shiftKey: true });
  expect(kernel.did("answer").at(-1)).toMatchObject({ item_id: 101, overlap: "allow" });
  expect([shown(), text(".nbl-review-place")]).toEqual(["103", "3 / 6"]);
});

test("undo goes back to the last answer, redo gives it again", async () => {
  await open();
  await press("m");
  await press("x");
  await press("u");
  expect([shown(), text(".nbl-review-state"), kernel.did("take_back")]).toEqual([
    "101",
    "",
    [{ item_id: 101 }],
  ]);
  await press("y", { ctrlKey: true });
  expect([shown(), kernel.did("make_again")]).toEqual(["102", [{ item_id: 101 }]]);
  await press("z", { ctrlKey: true });
  await press("x", { ctrlKey: true });
  await press("z", { metaKey: true });
  expect(kernel.did("take_back").length).toBe(3);
});

test("back shows what was answered, and another answer takes its place", async () => {
  await open();
  await press("m");
  await press("ArrowLeft");
  await wait();
  expect([shown(), text(".nbl-review-state")]).toEqual(["100", "accepted"]);
  await press("m"); // as it was: nothing to tell
  expect(answers().length).toBe(1);
  await press("ArrowLeft");
  await wait();
  await press("x");
  expect(answers().at(-1)).toEqual([100, "reject", undefined]);
});

test("skipped ones come last; the end says what came of it", async () => {
  await open(3);
  await press("ArrowRight");
  await press("m");
  await press("x");
  expect(text(".nbl-review-done h3")).toBe("2 predictions reviewed, 1 skipped");
  await press("Enter");
  expect(shown()).toBe("100");
  await press("m");
  expect(text(".nbl-review-done h3")).toBe("All 3 predictions reviewed");
  await press("u");
  await wait();
  expect([shown(), el.querySelector<HTMLElement>(".nbl-review-over")!.hidden]).toEqual(["100", true]);
});

test("what was answered before is not asked, and an end without answers says so", async () => {
  await open(3, [1, 2, 0]);
  expect([shown(), text(".nbl-review-place")]).toEqual(["102", "2 / 3"]);
  await open(2, [1, 2]);
  expect(text(".nbl-review-done h3")).toBe("All 2 predictions were reviewed before");
  await open(0);
  expect(text(".nbl-empty")).toContain("nothing to review");
});

test("rows that vanish are passed over", async () => {
  await open();
  kernel.states[0] = kernel.states[1] = 3;
  kernel.rev++;
  kernel.arrive({ kind: "event", name: "refresh", payload: { rev: kernel.rev } });
  await wait(400);
  expect([shown(), text(".nbl-review-place")]).toEqual(["102", "0 / 4"]);
});

test("an image that cannot be read is said, and can be answered all the same", async () => {
  await open();
  await press("m");
  await press("m");
  expect(text(".nbl-review-waiting")).toBe("missing.jpg");
  await press("x");
  expect(answers().at(-1)).toEqual([102, "reject", undefined]);
});

test("L finds a label to accept with, also one that was not there before", async () => {
  await open();
  root().focus();
  const field = () => el.querySelector<HTMLInputElement>("[role=combobox]")!;
  const take = async (name: string) => {
    await press("l");
    field().value = name;
    field().dispatchEvent(new Event("input", { bubbles: true }));
    field().dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    await wait();
  };
  await take("lin");
  expect(document.activeElement).toBe(root());
  await take("zander");
  expect(answers()).toEqual([
    [100, "relabel", "ling"],
    [101, "relabel", "zander"],
  ]);
  expect(el.querySelector('[data-label="zander"]')).not.toBeNull();
});

test("buttons do what keys do, and give the keyboard back", async () => {
  await open();
  const button = (name: string) => el.querySelector<HTMLButtonElement>(`[data-act="${name}"]`)!;
  button("Accept").click();
  await wait();
  expect(document.activeElement).toBe(root());
  button("Reject").click();
  await wait();
  button("Skip").click();
  await wait();
  el.querySelector<HTMLButtonElement>('[data-label="ling"]')!.click();
  await wait();
  button("Undo").click();
  await wait();
  expect(answers()).toEqual([
    [100, "accept", undefined],
    [101, "reject", undefined],
    [103, "relabel", "ling"],
  ]);
  expect(kernel.did("take_back")).toEqual([{ item_id: 103 }]);
  button("Outline").click();
  expect(model.get("outline")).toBe(false);
});

test("Ctrl+Enter and typing in a control are left alone", async () => {
  await open();
  const select = el.querySelector<HTMLSelectElement>(".nbl-review-overlap")!;
  select.dispatchEvent(new KeyboardEvent("keydown", { key: "m", bubbles: true }));
  await press("m", { ctrlKey: true });
  await press("m", { altKey: true });
  expect(answers()).toEqual([]);
  select.value = "replace";
  select.dispatchEvent(new Event("change"));
  expect(model.get("overlap")).toBe("replace");
});

test("a kernel that is gone gets no answers, and what it did not hear is counted", async () => {
  await open();
  kernel.busy = true;
  await press("m");
  kernel.trigger("comm_live_update");
  await press("m");
  expect(text(".nbl-review-pending")).toBe("1 answer not saved");
  expect(el.querySelector<HTMLButtonElement>('[data-act="Accept"]')!.disabled).toBe(true);
  expect(text(".nbl-review-place")).toBe("1 / 6");
});

test("an item that could not be had is asked for again, and what was wrong goes away", async () => {
  await open(6, [], (next) => next.broken.set(0, 1));
  expect([shown(), text(".nbl-note-text")]).toEqual([undefined, expect.stringContaining("the disk is away")]);
  await vi.waitFor(() => expect(shown()).toBe("100"), { timeout: 30_000 });
  expect(text(".nbl-note-text")).toBe("");
});

test("items are asked for once the kernel is there after all", async () => {
  await open(6, [], (next) => {
    next.gone = true;
  });
  expect(text(".nbl-note-text")).toContain("is gone");
  kernel.gone = false;
  kernel.arrive({ kind: "event", name: "hello", payload: {} });
  await vi.waitFor(() => expect(shown()).toBe("100"), { timeout: 30_000 });
});

/** A review of suspects: the first is joined with the third, the second is odd, the fourth is renamed. */
const suspects = (one: FakeKernel) => {
  const nothing = { word: "", why: "No correction is suggested.", ids: [], outlines: [] };
  one.order = [0, 1, 2, 3, 4, 5];
  one.corrections = Array.from({ length: 6 }, () => nothing);
  const outlines: Correction["outlines"] = [{ box: [0, 0, 20, 20], mask: [20, 20] }];
  one.corrections[0] = { word: "Join 2 masks", why: "", ids: [100, 102], outlines };
  one.corrections[3] = { ...nothing, word: "Rename to <b>cod</b>", why: "", ids: [103] };
};
const button = () => el.querySelector<HTMLButtonElement>('[data-act="Correct"]')!;

test("C does what its button says, to all that it touches, and U takes it back", async () => {
  await open(6, [], suspects);
  expect([button().hidden, button().disabled, text(".nbl-review-word")]).toEqual([
    false,
    false,
    "Join 2 masks",
  ]);
  expect(el.querySelector<HTMLElement>(".nbl-review-dashes")!.hidden).toBe(false);
  await press("c");
  expect(kernel.did("correct")).toMatchObject([{ item_id: 100, word: "Join 2 masks" }]);
  expect(Object.keys(kernel.did("correct")[0]).sort()).toEqual(["item_id", "seconds", "word"]);
  expect([shown(), text(".nbl-review-place")]).toEqual(["101", "2 / 6"]);
  expect([button().disabled, text(".nbl-review-word"), button().title]).toEqual([
    true,
    "No correction",
    "No correction is suggested.",
  ]);
  await press("c"); // an odd one: it says that nothing is suggested
  expect([shown(), text(".nbl-review-said"), kernel.did("correct").length]).toEqual([
    "101",
    "No correction is suggested.",
    1,
  ]);
  await press("ArrowRight");
  expect([shown(), text(".nbl-review-word")]).toEqual(["103", "Rename to <b>cod</b>"]);
  expect(el.querySelector<HTMLElement>(".nbl-review-dashes")!.hidden).toBe(true);
  button().click();
  await wait(400);
  expect(text(".nbl-review-counts")).toContain("✎ 3");
  await press("u");
  await press("u");
  expect(kernel.did("take_back").map(({ item_id }) => item_id)).toEqual([103, 100]);
  expect([shown(), text(".nbl-review-state"), text(".nbl-review-place")]).toEqual(["100", "", "0 / 6"]);
});

test("a refused correction is shown again with the reason, and nothing else is answered", async () => {
  await open(6, [], suspects);
  kernel.refused.add(100);
  await press("c");
  await wait(400);
  expect([shown(), text(".nbl-note-text")]).toEqual(["100", "Error: it was changed since"]);
  expect([text(".nbl-review-place"), [...kernel.states]]).toEqual(["0 / 6", [0, 0, 0, 0, 0, 0]]);
});

test("where nothing is suspected there is no button, and C is no key of the review", async () => {
  await open();
  expect(button().hidden).toBe(true);
  await press("c");
  expect(kernel.did("correct")).toEqual([]);
});
