// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeCounts } from "../../src/core/masks/rle";
import { createFrame } from "../../src/views/frame";
import { curve, guarantee } from "../../src/views/verify/done";
import { Heading } from "../../src/views/verify/heading";
import { Verify } from "../../src/views/verify/verify";
import type { Model, Progress } from "../../src/views/verify/wire";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";
import { settled } from "./settled";

class FakeModel {
  listeners = new Map<string, Set<() => void>>();
  traits: Record<string, unknown> = {
    ...{ height: 600, context: 0.5, batch: 15, mode: "grid", outline: true, fill: false },
    ...{ auto_submit: false, instructions: "Yes: <b>whole</b>.\nNo: part.", introduce: false },
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

interface Params {
  number: number;
  answers: (boolean | null)[];
  places: number[];
  seconds: number;
}

/** Asks about n masks at a time, `questions` times, as the kernel does. */
class FakeKernel extends FakeChannel {
  asked: { method: string; params: Params }[] = [];
  held: (() => void)[] = [];
  busy = false;
  turn = 0;
  told: boolean[][] = [];
  drafts = new Map<number, (boolean | null)[]>();
  refuse = "";
  /** Requests for crops that are answered with none. */
  none = 0;
  gone = false;
  /** Crops that come with a question; the others are asked for. */
  first = 4;
  graded: object | null = null;
  masks = 100;
  together = "";
  side = 20; // of images; crops are of 20 pixels
  asks = "";
  /** Replaces parts of the progress. */
  progress: object = {};

  constructor(
    readonly n: number,
    readonly questions: number,
  ) {
    super();
  }

  override send(content: unknown): void {
    const request = content as { id: number; client: string; key: string; method: string; params: Params };
    const { id, client, key, method, params } = request;
    if (this.gone) throw new Error("the comm is closed");
    const reply = () => {
      this.asked.push({ method, params });
      const head = { client, id, key };
      try {
        if (method === this.refuse) throw new Error("it is too late");
        const [result, buffers] = this.answer(method, params);
        this.arrive({ kind: "result", ...head, result }, buffers);
      } catch (error) {
        const said = { type: "HistoryError", message: String(error) };
        this.arrive({ kind: "error", ...head, error: said });
      }
    };
    if (this.busy) this.held.push(reply);
    else queueMicrotask(reply);
  }

  free(): void {
    this.busy = false;
    for (const reply of this.held.splice(0)) reply();
  }

  did = (method: string) => this.asked.filter((one) => one.method === method).map(({ params }) => params);

  answer(method: string, params: Params): [object, ArrayBufferView[]] {
    if (method === "draft") {
      this.drafts = new Map([[params.number, params.answers]]);
      const yes = params.answers.filter((one) => one).length;
      const outlook = { estimate: yes / this.n, lower: 0.2, upper: 0.9, outcome: "more" };
      return [{ outlook: { ...outlook, masks: { accept: 60, split: 60 }, answers: 41 } }, []];
    }
    if (method === "crops" && this.none-- > 0) return [{ places: [], crops: [] }, []];
    if (method === "crops")
      return [{ places: params.places, crops: this.crops(params.places) }, this.bytes(params.places.length)];
    if (method === "examples") return [{ right: 1, crops: this.crops([0, 1]) }, this.bytes(2)];
    if (method === "tell") this.told.push(params.answers as boolean[]);
    if (method === "undo") {
      const last = this.told.pop();
      if (!last) throw new Error("there is nothing to undo");
      this.drafts = new Map([[this.told.length, last]]);
    }
    if (method !== "begin") this.turn++;
    return this.state();
  }

  state(): [object, ArrayBufferView[]] {
    const number = this.told.length;
    const open = number < this.questions;
    const answers = this.drafts.get(number) ?? new Array(this.n).fill(null);
    const ids = Array.from({ length: this.n }, (_, i) => 100 * number + i);
    const question = {
      number,
      kind: "sample",
      cluster: "0-60",
      label: "<i>cod</i>",
      size: 60,
      why: "",
      asks: this.asks,
      ids,
    };
    const progress = {
      ...{ strategy: "certified", phase: open ? "search" : "done", target_quality: 0.85, alpha: 0.05 },
      ...{ n_masks: this.masks, n_accepted: 60 * number, n_rejected: 0, n_open: 100 - 60 * number },
      ...{ n_answers: this.n * number, n_questions: number, budget: 90, estimate: 0.95, lower: 0.9 },
      ...{ seconds: 30 * number, note: "so far", together: this.together },
      curve: Array.from({ length: number }, (_, i) => [this.n * (i + 1), 60 * (i + 1)]),
      ...{ state: "", things: "mask", take: "ds.accept(p.accepted)", rest: "nl.Review(ds, p.rest)" },
      ...this.progress,
    };
    const places = ids.map((_, i) => i).slice(0, this.first);
    const about = open ? { question, answers, outlook: null, crops: this.crops(places) } : { question: null };
    const table = Int32Array.from([-1, 0, 60, 0, 0, 0, 0, 0, -1]);
    const state = {
      ...{ turn: this.turn, id: "p", progress, clusters: 1, names: ["cod"], labels: ["cod"] },
      ...{ colors: ["#112233"], graded: this.graded, qualifying: false, crops: [] },
    };
    return [{ ...state, ...about }, [table, ...this.bytes(open ? places.length : 0)]];
  }

  crops(places: number[]): object[] {
    return places.map((place) => ({
      ...{
        id: place,
        label: 0,
        size: [this.side, this.side],
        at: [10, 10, 2, 2],
        box: [0, 0, 20, 20],
        mask: [20, 20],
      },
      ...{ problem: place === 2 ? "missing.jpg" : "", bytes: [MASK.length, place === 2 ? 0 : 3] },
    }));
  }

  bytes(n: number): ArrayBufferView[] {
    return [Uint8Array.from(new Array(n).fill([...MASK]).flat()), new Uint8Array(3 * n)];
  }
}

const MASK = encodeCounts([210, 2, 18, 2, 168]);
let kernel: FakeKernel;
let model: FakeModel;
let closing: AbortController;
let view: Verify;
let el: HTMLElement;
let bitmaps: { made: number; closed: number };
/** Pictures that the browser has not decoded yet; null: it takes no time. */
let decoding: (() => void)[] | null;

const wait = (milliseconds = 40) => settled(milliseconds);
const root = () => el.querySelector<HTMLElement>(".nbl")!;
const press = async (keys: string, more: KeyboardEventInit = {}) => {
  for (const key of keys.split(" ")) {
    root().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};
const text = (of: string) => el.querySelector<HTMLElement>(of)?.textContent ?? "";
const busy = () => el.querySelectorAll('.nbl-verify-card[aria-busy="true"]').length;
const marks = () =>
  [...el.querySelectorAll<HTMLElement>(".nbl-verify-card")].map((one) => one.dataset.answer);
const button = (name: string) => el.querySelector<HTMLButtonElement>(`[data-act="${name}"]`)!;

async function open(
  n = 4,
  questions = 3,
  traits: object = {},
  change = (_: FakeKernel) => {},
): Promise<void> {
  kernel = new FakeKernel(n, questions);
  change(kernel);
  model = new FakeModel();
  Object.assign(model.traits, traits);
  closing = new AbortController();
  el = document.createElement("div");
  document.body.replaceChildren(el);
  const rpc = new Rpc(kernel, closing.signal);
  const frame = createFrame(el, rpc, closing.signal, "Verify");
  view = new Verify(frame, model as unknown as Model, rpc, closing.signal);
  await wait();
}

beforeEach(() => {
  bitmaps = { made: 0, closed: 0 };
  decoding = null;
  vi.stubGlobal("createImageBitmap", async () => {
    if (decoding) await new Promise<void>((decoded) => decoding!.push(decoded));
    bitmaps.made++;
    return { width: 20, height: 20, close: () => bitmaps.closed++ };
  });
  vi.stubGlobal(
    "Path2D",
    class {
      moveTo() {}
      lineTo() {}
      closePath() {}
    },
  );
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("matchMedia", () => ({ addEventListener() {} }));
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
});

afterEach(() => {
  closing?.abort();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("masks are answered by keys, and told with Enter only when all have an answer", async () => {
  await open();
  expect(text(".nbl-verify-heading b")).toBe("<i>cod</i>: is each mask right?");
  await press("y n y Enter");
  expect(kernel.told).toEqual([]);
  expect(text(".nbl-verify-said")).toBe("1 still to answer");
  await press("y");
  await wait();
  expect([marks(), kernel.told]).toEqual([["true", "false", "true", "true"], []]);
  expect(button("Next").classList.contains("nbl-primary")).toBe(true);
  await press("Enter");
  await wait();
  expect(kernel.told).toEqual([[true, false, true, true]]);
  expect(marks()).toEqual(["null", "null", "null", "null"]);
  expect(text(".nbl-verify-gained")).toBe("60 masks gained");
  expect(text(".nbl-verify-answers")).toBe("4 answers, 86 left");
  expect(text(".nbl-verify-pace")).toBe("120 per minute");
  expect(kernel.did("tell")[0].seconds).toBeLessThan(5);
});

test("all yes, then the exceptions", async () => {
  await open();
  await press("a ArrowRight n Enter");
  await wait();
  expect(kernel.told).toEqual([[true, false, true, true]]);
  await press("y A", {});
  await press("A", { shiftKey: true });
  await wait();
  expect(marks()).toEqual(["true", "true", "true", "true"]); // Shift+A found none without an answer
});

test("all no fills what is left, a click turns an answer", async () => {
  await open();
  await press("y");
  await press("A", { shiftKey: true });
  el.querySelectorAll<HTMLElement>(".nbl-verify-card")[3].click();
  await wait();
  expect(marks()).toEqual(["true", "false", "false", "true"]);
  expect(document.activeElement).toBe(root());
});

test("undo takes answers back, then the question that was told, answers as they were", async () => {
  await open();
  await press("y a u u");
  await wait();
  expect([marks(), kernel.did("undo").length]).toEqual([["null", "null", "null", "null"], 0]);
  await press("n a Enter");
  await wait();
  await press("u");
  await wait();
  expect(kernel.told).toEqual([]);
  expect(marks()).toEqual(["false", "true", "true", "true"]);
  await press("y Enter");
  await wait();
  expect(kernel.told).toEqual([[true, true, true, true]]);
});

test("answers are kept by the kernel while they are not told, and are there again", async () => {
  await open();
  await press("y n");
  await wait();
  expect(kernel.did("draft").at(-1)!.answers).toEqual([true, false, null, null]);
  expect(text(".nbl-verify-says b")).toBe("25\u202f%");
  expect(text('[data-outcome="accept"]')).toContain("60 masks gained after about 41 answers");
  const before = kernel;
  await open(4, 3, {}, (next) => {
    next.drafts = before.drafts;
  });
  expect(marks()).toEqual(["true", "false", "null", "null"]);
});

test("with auto_submit the last key tells; all yes does not", async () => {
  await open(4, 3, { auto_submit: true });
  await press("a");
  await wait();
  expect(kernel.told).toEqual([]);
  await press("u y y y n");
  await wait();
  expect(kernel.told).toEqual([[true, true, true, false]]);
});

test("a busy kernel gets the answers when it is free, and none are lost or given twice", async () => {
  await open();
  kernel.busy = true;
  await press("a Enter Enter y n");
  expect(text(".nbl-verify-pending")).toBe("4 answers pending");
  expect(button("Yes").disabled).toBe(true);
  kernel.free();
  await wait();
  expect(kernel.told).toEqual([[true, true, true, true]]);
  expect([text(".nbl-verify-pending"), marks()[0]]).toEqual(["", "null"]);
});

test("when the kernel is gone, what was not saved is said", async () => {
  await open();
  kernel.busy = true;
  await press("a Enter");
  kernel.trigger("comm_live_update");
  expect(text(".nbl-verify-pending")).toBe("4 answers not saved");
  expect(text(".nbl-note-text")).toContain("kernel restarted or is gone");
  expect([button("Yes").disabled, button("Next").disabled]).toEqual([true, true]);
});

test("a question that was answered elsewhere is said, and the open one shown", async () => {
  await open();
  await press("a");
  kernel.refuse = "tell";
  await press("Enter");
  await wait();
  expect(text(".nbl-note-text")).toContain("it is too late");
  expect(kernel.did("begin").length).toBe(2);
  kernel.told.push([true]);
  kernel.turn = 7;
  kernel.arrive({ kind: "event", name: "moved", payload: { turn: 7 } });
  await wait();
  expect(kernel.did("begin").length).toBe(3);
  expect(text(".nbl-verify-gained")).toBe("60 masks gained");
});

test("masks that have not come cannot be answered", async () => {
  kernel = new FakeKernel(6, 1);
  await open(6, 1, {}, (next) => {
    next.first = 2;
    next.busy = true;
  });
  await press("y a");
  expect(kernel.did("draft")).toEqual([]);
  const reply = kernel.held.shift()!;
  kernel.busy = true;
  reply();
  await wait();
  await press("y y y a"); // two are there
  expect(view.sheet!.answers).toEqual([true, true, null, null, null, null]);
  expect(busy()).toBe(4);
  expect(text(".nbl-verify-said")).toBe("not all pictures are there yet");
  kernel.free();
  await wait();
  expect(busy()).toBe(0);
  await press("a");
  expect(view.sheet!.answers.every((one) => one)).toBe(true);
  expect(kernel.did("crops")[0].places).toEqual([2, 3, 4, 5]);
});

test("crops that show less than is looked at are asked for once, not for ever", async () => {
  await open(4, 3, {}, (next) => {
    next.side = 64;
  });
  expect(kernel.did("crops").map(({ places }) => places)).toEqual([[0, 1, 3]]);
  await press("-");
  await wait(250);
  expect(kernel.did("crops").length).toBe(2);
  expect(model.traits.context).toBe(0.75);
});

test("no picture is lost that is being decoded when the view changes", async () => {
  decoding = [];
  await open(6, 2, {}, (next) => {
    next.first = 1;
  });
  const decode = async () => {
    for (const decoded of decoding!.splice(0)) decoded();
    await wait();
  };
  await decode(); // of the first one
  expect([kernel.did("crops").length, decoding.length, busy()]).toEqual([1, 4, 4]); // the third has none
  model.set("fill", true); // as a resize does, this looks at what is wanted, in a moment
  await wait(200);
  while (decoding.length) await decode();
  await press("y y y y y y Enter");
  expect([busy(), kernel.told.length]).toEqual([6, 1]);
  model.set("fill", false);
  while (decoding.length) {
    await wait(200);
    await decode();
  }
  expect(busy()).toBe(0);
});

test("no crops of a question that is open, as the view has it: it asks which one is", async () => {
  await open(6, 2, {}, (next) => {
    next.none = 1;
  });
  expect([kernel.did("begin").length, kernel.did("crops").length, busy()]).toEqual([2, 2, 0]);
});

test("what happened while something was on its way is asked for", async () => {
  await open();
  kernel.busy = true;
  await press("a Enter");
  const [tell] = kernel.held.splice(0, kernel.held.length).slice(-1);
  kernel.arrive({ kind: "event", name: "moved", payload: { turn: 2 } }); // 1 is what it is told here
  kernel.busy = false;
  tell();
  kernel.turn = 2;
  await wait();
  expect(kernel.did("begin").length).toBe(2);
});

test("a kernel that was thought to be gone is asked again", async () => {
  await open(6, 2, {}, (next) => {
    next.gone = true;
  });
  expect([text(".nbl-note-text").slice(0, 10), marks().length]).toEqual(["The kernel", 0]);
  kernel.gone = false;
  kernel.arrive({ kind: "event", name: "hello", payload: {} });
  await wait();
  expect([busy(), marks().length]).toEqual([0, 6]);
});

test("nothing is asked about a question that is being told", async () => {
  await open(4, 4, {}, (next) => {
    next.side = 64;
  });
  await press("a");
  const before = kernel.did("crops").length;
  await press("-"); // wants to see more, in a moment
  kernel.busy = true;
  await press("Enter");
  await wait(250);
  kernel.free();
  await wait();
  const asked = kernel.asked.slice().map(({ method, params }) => `${method} ${params.number}`);
  const told = asked.indexOf("tell 0");
  expect(told).toBeGreaterThan(0);
  expect(asked.slice(told)).not.toContain("crops 0");
  expect(kernel.did("crops").filter(({ number }) => number === 0).length).toBe(before);
});

test("a long question has pages, and all yes is for the page", async () => {
  await open(5, 2, { batch: 3 });
  expect(marks().length).toBe(3);
  await press("a Enter");
  await wait();
  expect(marks().length).toBe(2);
  expect(text(".nbl-verify-count")).toContain("page 2 of 2");
  await press("a Enter");
  await wait();
  expect(kernel.told).toEqual([[true, true, true, true, true]]);
});

test("one at a time shows one; arrows and the dots below move", async () => {
  await open();
  await press("g");
  await wait();
  expect([model.traits.mode, marks().length]).toEqual(["one", 1]);
  await press("y ArrowRight");
  await wait();
  expect(view.sheet!.current).toBe(2);
  el.querySelector<HTMLElement>('.nbl-verify-dots [data-place="3"]')!.click();
  await wait();
  expect([view.sheet!.current, view.sheet!.answers]).toEqual([3, [true, null, null, null]]);
});

test("instructions come first, as text, and no key answers below them", async () => {
  await open(4, 3, { introduce: true });
  expect(document.activeElement).toBe(document.body); // the keyboard stays where it is
  expect(el.querySelector(".nbl-verify-rules b")).toBeNull();
  expect(text(".nbl-verify-intro h3")).toBe("Is each mask right?");
  expect(text(".nbl-verify-rules")).toContain("<b>whole</b>");
  expect(el.querySelectorAll(".nbl-verify-examples canvas").length).toBe(2);
  await press("y a");
  expect(view.sheet!.answers).toEqual([null, null, null, null]);
  await press("Enter");
  expect(model.traits.introduce).toBe(false);
  await press("y");
  expect(view.sheet!.answers[0]).toBe(true);
  await press("i");
  expect(el.querySelector<HTMLElement>(".nbl-verify-intro")!.hidden).toBe(false);
  expect(document.activeElement?.textContent).toContain("Start");
  await press("Escape");
  expect(el.querySelector<HTMLElement>(".nbl-verify-intro")!.hidden).toBe(true);
});

test("a picture that is missing is said, and its mask can be answered all the same", async () => {
  await open();
  const card = el.querySelectorAll<HTMLElement>(".nbl-verify-card")[2];
  expect([card.title, card.getAttribute("aria-label")]).toEqual([
    "missing.jpg",
    "mask 3 of 4, no picture: no answer yet",
  ]);
  await press("ArrowRight ArrowRight n");
  expect(view.sheet!.answers[2]).toBe(false);
});

test("in the end it says what holds, and the cell to run", async () => {
  await open(4, 1);
  await press("a Enter");
  await wait();
  expect(text(".nbl-verify-done h3")).toBe("60 masks accepted");
  expect(text(".nbl-verify-done")).toContain(
    "At least 90\u202f% of them are right with a probability of 95\u202f%",
  );
  expect(text(".nbl-verify-done")).not.toContain("so far"); // the note would say it again
  const cells = [...el.querySelectorAll<HTMLInputElement>(".nbl-verify-cell input")].map((one) => one.value);
  expect(cells).toEqual(["ds.accept(p.accepted)", "nl.Review(ds, p.rest)"]); // 40 are open
  const written: string[] = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (code: string) => written.push(code) } });
  el.querySelector<HTMLButtonElement>(".nbl-verify-cell button")!.click();
  await wait();
  expect(written).toEqual(["ds.accept(p.accepted)"]);
  await press("u");
  await wait();
  expect(marks()).toEqual(["true", "true", "true", "true"]);
});

test("in the end it shows how masks grew with answers", async () => {
  await open(4, 2, {}, (next) => {
    next.masks = 200;
  });
  await press("a Enter");
  await wait();
  await press("a Enter");
  await wait();
  const svg = el.querySelector(".nbl-verify-curve svg")!;
  expect(svg.getAttribute("aria-label")).toBe("120 masks accepted after 8 answers");
  expect(svg.querySelector(".nbl-rise")!.getAttribute("d")).toBe("M0 72L130.0 36.0L260.0 0.0");
  expect(text(".nbl-verify-curve")).toContain("masks accepted, up to 120");
});

test("the end card speaks for earlier rounds as well", async () => {
  await open(4, 1, {}, (next) => {
    next.together = "Of the 400 masks accepted in 2 rounds at least 85% are right.";
  });
  await press("a Enter");
  await wait();
  expect(text(".nbl-verify-done")).toContain("Of the 400 masks accepted in 2 rounds");
});

test("a curve of one question, or of no mask, is not drawn", () => {
  const end = { n_accepted: 9, n_answers: 15, curve: [[15, 9]] } as unknown as Progress;
  expect(curve(end)).toBe(null);
  const steps = [15, 30].map((answers) => [answers, 0]);
  const none = { ...end, n_accepted: 0, curve: steps } as unknown as Progress;
  expect(curve(none)).toBe(null);
});

test("an audit speaks of right and wrong masks, and has no clusters", async () => {
  await open(4, 2, {}, (next) => {
    next.progress = { state: "open", target_quality: 0.95, n_accepted: 7, n_rejected: 1, n_masks: 1200 };
  });
  expect(text(".nbl-verify-gained")).toBe("7 right, 1 wrong");
  expect(text(".nbl-verify-gauge h4")).toBe("Right among all 1,200");
  expect(el.querySelector<HTMLElement>(".nbl-verify-tree")!.hidden).toBe(true);
  await press("y");
  await wait(200);
  expect(text(".nbl-verify-outcomes")).toBe("openmore answers are needed, about 41 answers");
  expect(text(".nbl-verify-says")).toContain("target 95");
});

test("a question of its own words is asked in them", async () => {
  await open(4, 2, { introduce: true }, (next) => {
    next.asks = "Is nothing missing?";
  });
  expect(text(".nbl-verify-heading b")).toBe("Is nothing missing?");
  expect(text(".nbl-verify-intro h3")).toBe("Is nothing missing?");
});

test("a question about instances counts instances, and ends with the answers to write", async () => {
  const note = "At least 85% of the 60 instances answered sex = f are f, with probability 95%.";
  await open(4, 1, {}, (next) => {
    next.asks = "sex = f?";
    next.progress = { things: "instance", take: "ds.apply(p)", note };
  });
  expect(text(".nbl-verify-heading b")).toBe("sex = f?");
  expect(text(".nbl-verify-heading")).toContain("The answers decide about 60 instances.");
  expect(text(".nbl-verify-gained")).toBe("0 instances gained");
  await press("y");
  await wait(200);
  expect(text('[data-outcome="accept"]')).toContain("60 instances gained");
  await press("a Enter");
  await wait();
  expect(text(".nbl-verify-done h3")).toBe("60 instances answered");
  expect(text(".nbl-verify-done")).toContain(note);
  expect(text(".nbl-verify-done")).not.toContain("mask");
  const cells = [...el.querySelectorAll<HTMLInputElement>(".nbl-verify-cell input")].map((one) => one.value);
  expect(cells).toEqual(["ds.apply(p)", "nl.Review(ds, p.rest)"]);
});

test("where what is left cannot be asked one by one, the end offers no cell for it", async () => {
  await open(4, 1, {}, (next) => {
    next.progress = { things: "instance", take: "ds.apply(p)", rest: "", n_open: 9 };
  });
  await press("a Enter");
  await wait();
  const cells = [...el.querySelectorAll<HTMLInputElement>(".nbl-verify-cell input")].map((one) => one.value);
  expect(cells).toEqual(["ds.apply(p)"]);
});

test("a qualification asks in the words of the question, too", () => {
  const heading = new Heading();
  const question = { number: -1, kind: "known", cluster: "", label: "", size: 0, why: "", ids: [] } as const;
  heading.show({ ...question, ids: [], asks: "sex = f?" }, "instance");
  expect(heading.root.textContent).toContain("Qualification: sex = f?");
  heading.show({ ...question, ids: [], asks: "" }, "mask");
  expect(heading.root.textContent).toContain("Qualification: is each mask right?");
});

test("an estimate has no target", async () => {
  await open(4, 2, {}, (next) => {
    next.progress = { state: "open", target_quality: null };
  });
  await press("y");
  await wait(200);
  expect(text(".nbl-verify-says")).toContain("no target");
  expect(el.querySelector<HTMLElement>(".nbl-verify-target")!.hidden).toBe(true);
  expect(text(".nbl-verify-outcomes")).toBe("");
});

test.each([
  ["holds", "The target of 95\u202f% is reached"],
  ["fails", "The target of 95\u202f% is missed"],
  ["open", "The audit ended before it was decided"],
])("at its end an audit that %s says so, and how to keep it", async (state, head) => {
  await open(4, 0, {}, (next) => {
    next.progress = { state, target_quality: 0.95, n_rejected: 2, note: "Of the 9 masks ..." };
  });
  expect(text(".nbl-verify-done h3")).toBe(head);
  expect(text(".nbl-verify-done")).toContain("Of the 9 masks ...");
  const cells = [...el.querySelectorAll<HTMLInputElement>(".nbl-verify-cell input")];
  expect(cells.map((one) => one.value)).toEqual(["ds.certify(a)", "nl.Review(ds, a.wrong, again=True)"]);
});

test("what is not proved is not promised, whichever the strategy", () => {
  const end = { n_accepted: 9, estimate: 1, lower: null, target_quality: 0.85 } as Progress;
  const proved = { ...end, lower: 0.8499, alpha: 0.0127 };
  expect(guarantee(proved)).toContain(
    "At least 84.9\u202f% of them are right with a probability of 98.7\u202f%",
  );
  expect(guarantee({ ...end, alpha: 0.05 })).toBe("No more is promised than was answered.");
  expect(guarantee({ ...end, alpha: null })).toContain("this strategy gives no guarantee");
});

test("without candidates it says so", async () => {
  await open(4, 0, {}, (next) => {
    next.masks = 0;
  });
  expect(text(".nbl-verify-done h3")).toBe("No candidates");
  expect(text(".nbl-verify-done")).toContain("Lower min_score or min_area");
  expect(el.querySelector<HTMLElement>(".nbl-verify-side")!.hidden).toBe(true);
});

test("how a qualification went is said", async () => {
  await open(4, 2, {}, (next) => {
    next.graded = { asked: 5, right: 3, needed: 4, passed: false };
  });
  expect(text(".nbl-verify-notice")).toContain("Not passed: 3 of 5 answered as known, 4 are needed");
});

test("pictures are let go with their question, and all with the view", async () => {
  await open(4, 8);
  for (let i = 0; i < 6; i++) {
    await press("a Enter");
    await wait();
  }
  expect(bitmaps.made).toBe(7 * 3); // the third has none
  expect(bitmaps.made - bitmaps.closed).toBe(3);
  closing.abort();
  await wait();
  expect([bitmaps.made - bitmaps.closed, kernel.listening]).toEqual([0, 0]);
});
