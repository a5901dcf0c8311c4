// @vitest-environment jsdom
import { expect, test } from "vitest";
import { ChartHead, type State } from "../../src/views/chart/head";
import { fromInput, inputOf, rangeText } from "../../src/views/chart/range";
import { showStill } from "../../src/views/chart/still";
import { createFrame } from "../../src/views/frame";
import { Rpc } from "../../src/wire/rpc";

type Listener = (...args: never[]) => void;

/** A model whose state the test sets, and whose requests it answers. */
class FakeModel {
  readonly sent: { method: string; params: { name: string; value: unknown }; id: number; client: string }[] =
    [];
  readonly listeners = new Map<string, Set<Listener>>();
  state: State = {};

  get(): State {
    return this.state;
  }

  set(state: State): void {
    this.state = state;
    this.#tell("change:state");
  }

  send(message: never): void {
    this.sent.push(message);
  }

  on(name: string, listener: Listener): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  }

  off(name?: string | null, listener?: Listener | null): void {
    this.listeners.get(name!)?.delete(listener!);
  }

  receive(message: object): void {
    this.#tell("msg:custom", message, []);
  }

  get listening(): number {
    return [...this.listeners.values()].reduce((n, set) => n + set.size, 0);
  }

  #tell(name: string, ...args: unknown[]): void {
    for (const listener of this.listeners.get(name) ?? []) listener(...(args as never[]));
  }
}

const FULL: State = {
  title: "score",
  count: "3 / 10 predictions",
  note: "",
  legend: [["cod", "#ff0000"]],
  modes: [
    ["linear", "linear"],
    ["log", "log"],
  ],
  mode: "linear",
  range: { kind: "number", lo: 0.25, hi: null, limits: [0, 1] },
  values: null,
  missing: { n: 2, chosen: true },
  chosen: true,
};

function open(state: State = FULL) {
  const model = new FakeModel();
  model.state = state;
  const control = new AbortController();
  const el = document.createElement("div");
  document.body.append(el);
  const rpc = new Rpc(model as never, control.signal);
  new ChartHead(createFrame(el, rpc, control.signal, "Chart"), model as never, rpc, control.signal);
  const button = (text: string) =>
    [...el.querySelectorAll("button")].find((b) => b.textContent === text) as HTMLButtonElement;
  const hidden = (node: Element | null | undefined): boolean =>
    !node ||
    (node as HTMLElement).style.display === "none" ||
    (node !== el && hidden(node.parentElement ?? el));
  return { model, el, control, button, hidden };
}

test("title, counts, legend and range are shown", () => {
  const { el, button } = open();
  expect(el.textContent).toContain("score");
  expect(el.textContent).toContain("3 / 10 predictions");
  expect(el.querySelector(".nbl-chart-legend")!.textContent).toBe("cod");
  expect(el.querySelector("summary.nbl-chart-on")!.textContent).toBe("≥ 0.25");
  expect(button("2 missing").getAttribute("aria-pressed")).toBe("true");
});

test("texts of the data are never HTML", () => {
  const { el } = open({ ...FULL, title: "<img src=x>", values: [["<b>x</b>", 1, false]] });
  expect(el.querySelector("img")).toBeNull();
  expect(el.querySelector(".nbl-chart-values b")).toBeNull();
  expect(el.textContent).toContain("<b>x</b>");
});

test("controls tell the kernel what was chosen", () => {
  const { model, el, button } = open();
  button("Clear").click();
  button("2 missing").click();
  button("linear").click();
  const [from, to] = el.querySelectorAll<HTMLInputElement>("input");
  to.value = "0.5";
  to.dispatchEvent(new Event("change"));
  from.value = "";
  from.dispatchEvent(new Event("change"));
  expect(model.sent.map(({ params }) => [params.name, params.value])).toEqual([
    ["clear", null],
    ["missing", null],
    ["mode", "log"],
    ["range", [0.25, 0.5]],
    ["range", [null, 0.5]],
  ]);
});

test("one of several options is chosen from a list that follows the kernel", () => {
  const { model, el, hidden } = open({ ...FULL, options: ["all labels", "cod"], option: "cod" });
  const list = el.querySelector("select")!;
  expect(hidden(list)).toBe(false);
  expect([list.value, list.options.length]).toEqual(["cod", 2]);
  list.value = "all labels";
  list.dispatchEvent(new Event("change"));
  expect(model.sent.map(({ params }) => [params.name, params.value])).toEqual([["option", "all labels"]]);
  model.set({ ...FULL, options: ["all labels", "<b>eel</b>"], option: "<b>eel</b>" });
  expect([list.value, list.options.length]).toEqual(["<b>eel</b>", 2]);
  expect(list.querySelector("b")).toBeNull();
  model.set(FULL);
  expect(hidden(list)).toBe(true);
});

test("what is being typed stays when other views change the counts", () => {
  const range = { kind: "number" as const, lo: null, hi: null, limits: [0, 1] as [number, number] };
  const { model, el } = open({ ...FULL, range });
  const [from, to] = el.querySelectorAll<HTMLInputElement>("input");
  from.focus();
  from.value = "0.5";
  model.set({ ...FULL, range, count: "2 / 10 predictions" });
  from.dispatchEvent(new Event("change"));
  expect(model.sent.map(({ params }) => params.value)).toEqual([[0.5, null]]);
  model.set({ ...FULL, range: { ...range, lo: 0.5, hi: 0.9 } });
  expect([from.value, to.value]).toEqual(["0.5", "0.9"]);
  model.set({ ...FULL, range });
  expect([from.value, to.value]).toEqual(["", ""]);
});

test("categories are chosen by check boxes that keep the focus", () => {
  const values: State["values"] = [
    ["cod", 1200, true],
    ["ling", 3, false],
  ];
  const { model, el } = open({ ...FULL, range: null, values });
  const boxes = () => el.querySelectorAll<HTMLInputElement>(".nbl-chart-values input");
  expect([...boxes()].map((box) => box.checked)).toEqual([true, false]);
  el.querySelector("details")!.open = true;
  boxes()[1].focus();
  boxes()[1].click();
  expect(model.sent[0].params).toEqual({ name: "value", value: 1 });
  model.set({ ...FULL, range: null, values: [values[0], ["ling", 3, true]] });
  expect(boxes()[1].checked).toBe(true);
  expect(document.activeElement).toBe(boxes()[1]);
});

test("a note stands alone", () => {
  const { el, button, hidden } = open({ ...FULL, note: "There are no images." });
  expect(el.querySelector(".nbl-chart-note")!.textContent).toBe("There are no images.");
  expect(hidden(button("2 missing"))).toBe(true);
  expect(hidden(el.querySelector("input"))).toBe(true);
});

test("Escape closes what is open, then takes the filter away", () => {
  const { model, el } = open();
  const root = el.querySelector<HTMLElement>(".nbl")!;
  const list = [...el.querySelectorAll("details")].find((d) => d.querySelector("input"))!;
  const press = () => root.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  list.open = true;
  press();
  expect(list.open).toBe(false);
  expect(model.sent).toEqual([]);
  press();
  expect(model.sent[0].params.name).toBe("clear");
});

test("errors of requests and of the figure are shown", async () => {
  const { model, el, button } = open();
  button("Clear").click();
  const { id, client } = model.sent[0];
  model.receive({ kind: "error", id, client, key: "", error: { type: "DataError", message: "no such bar" } });
  await Promise.resolve();
  await Promise.resolve();
  expect(el.querySelector(".nbl-note")!.textContent).toContain("no such bar");
  model.receive({ kind: "event", name: "failed", payload: { message: "the brush went wrong" } });
  expect(el.querySelector(".nbl-note")!.textContent).toContain("the brush went wrong");
});

test("nothing listens once the view is closed", () => {
  const { model, el, control } = open();
  control.abort();
  expect(model.listening).toBe(0);
  expect(el.children).toHaveLength(0);
});

test("a range is written shortly", () => {
  expect(rangeText(0.2, 0.5, "number")).toBe("0.2 – 0.5");
  expect(rangeText(null, 0.123456, "number")).toBe("≤ 0.1235");
  expect(rangeText(3, null, "number")).toBe("≥ 3");
  expect(rangeText(null, null, "number")).toBe("");
  expect(rangeText(Date.UTC(2024, 2, 1), null, "time")).toBe("≥ 2024-03-01");
});

test("inputs give back what they were given", () => {
  for (const value of [0, -3, 0.25, 1e9, 123456])
    expect(fromInput(inputOf(value, "number"), "number")).toBe(value);
  for (const moment of [0, Date.UTC(2024, 1, 29, 13, 37), Date.UTC(1969, 6, 20, 20, 17, 40)])
    expect(fromInput(inputOf(moment, "time"), "time")).toBe(moment);
  expect(fromInput(" ", "number")).toBeNull();
  expect(fromInput("abc", "number")).toBeNull();
  expect(inputOf(Number.NaN, "time")).toBe("");
});

test("where no figure can be drawn, the kernel's picture of it stands below the head and follows", () => {
  globalThis.matchMedia ??= (() => ({ addEventListener: () => {} })) as never;
  let image = "";
  const listeners: (() => void)[] = [];
  const model = {
    get: () => image,
    on: (_: string, tell: () => void) => listeners.push(tell),
    off: () => {},
  };
  const el = document.createElement("div");
  const abort = new AbortController();
  showStill(el, model, abort.signal);
  expect(el.querySelector("img")).toBeNull(); // in Jupyter
  image = "data:image/png;base64,AAAA";
  for (const tell of listeners) tell();
  expect(el.querySelector("img")?.src).toBe(image);
  expect(el.classList.contains("nbl-chart")).toBe(true);
  abort.abort();
  expect(el.querySelector("img")).toBeNull();
});
