// @vitest-environment jsdom
/** The form by keyboard, and the definition, in a view that has both beside its picture. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import { SelectionStore } from "../../src/core/rows/selection";
import { Panels } from "../../src/views/answers/panels";
import type { Host, Subject } from "../../src/views/answers/script";
import type { Answer, Part, Question } from "../../src/views/answers/wire";
import { answerOf, isChosen, measure, spread } from "../../src/views/answers/words";
import { createFrame, type Frame } from "../../src/views/frame";
import { Popover } from "../../src/views/popover";
import { ActionBar, ANSWER } from "../../src/views/rows/actions";
import * as script from "../../src/widgets/answers";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";

const BLANK = {
  options: [],
  retired: [],
  counts: [],
  text: "",
  unit: "",
  low: null,
  high: null,
  default: null,
};

function question(name: string, kind: Question["kind"], more: Partial<Question> = {}): Question {
  const known = { asked: 1, answered: 0, value: null, required: false, depth: 0 };
  return { name, kind, ...BLANK, ...known, ...more };
}

/** Keeps answers of rows as the kernel does: ripe is asked where sex is f. */
class FakeKernel extends FakeChannel {
  asked: { method: string; params: Record<string, unknown> }[] = [];
  answers = new Map<string, Answer>();
  done: [string, Answer | undefined][] = [];
  busy = false;
  held: (() => void)[] = [];
  rev = 1;
  /** Whether its image is asked something, too. */
  image = false;

  override send(content: unknown): void {
    const { id, client, key, method, params } = content as FakeKernel["asked"][0] & Record<string, unknown>;
    const reply = () => {
      this.asked.push({ method, params });
      const head = { client, id, key };
      try {
        const result = this.answer(method, params);
        this.arrive({ kind: "result", ...head, result: { rev: this.rev, ...result } });
      } catch (error) {
        const message = (error as Error).message;
        this.arrive({ kind: "error", ...head, error: { type: "DataError", message } });
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

  answer(method: string, params: Record<string, unknown>): object {
    if (method === "questions_of") return { parts: [{ ...this.part("7"), ids: [] }] };
    if (method === "act") return { note: "answered", change: "c" };
    if (method === "sample") return { images: 1, score: null, shown: {} };
    if (method === "definition") {
      const example = { id: 3, row: 2, label: "ling" };
      const said = { path: ["fish", "cod"], color: "#112233", key: "c", text: "<b>Any</b> cod." };
      return { label: params.label, ...said, right: [example], wrong: [], more: 0, lost: 1 };
    }
    if (method === "make_example") return { note: `instance ${params.instance_id} is now a right example` };
    const [row] = params.instances as number[];
    if (method === "give_answer") {
      const { name, value, ids } = params as { name: string; value: Answer; ids: number[] };
      if (name === "length" && Number(value) > 200) throw new Error("length must be at most 200 cm");
      for (const one of ids) {
        this.done.push([`${one}|${name}`, this.answers.get(`${one}|${name}`)]);
        this.answers.set(`${one}|${name}`, value);
      }
      this.rev++;
    }
    if (method === "undo_answer") {
      const [key, before] = this.done.pop()!;
      if (before === undefined) this.answers.delete(key);
      else this.answers.set(key, before);
      this.rev++;
    }
    const parts = row === undefined ? [] : [this.part(String(row))];
    const weather = question("weather", "one", { options: ["sun"], counts: [0], required: true });
    if (this.image) parts.push({ of: "images", ids: [9], title: "a.jpg", declared: 1, questions: [weather] });
    return { parts, note: method, of: "instances", ids: [row] };
  }

  part(row: string): Part {
    const value = (name: string) => this.answers.get(`${row}|${name}`) ?? null;
    const one = (name: string, kind: Question["kind"], more: Partial<Question>) => {
      const given = value(name);
      const { options = [] } = more;
      const chosen = (option: string) =>
        kind === "yes/no" ? given === (option === "yes") && given !== null : [given].flat().includes(option);
      const counts = options.map((option) => Number(chosen(option)));
      return question(name, kind, { ...more, counts, value: given, answered: Number(given !== null) });
    };
    const questions = [
      one("sex", "one", { options: ["f", "m", "unsure"], required: true }),
      ...(value("sex") === "f"
        ? [one("ripe", "yes/no", { options: ["yes", "no"], required: true, depth: 1 })]
        : []),
      one("damage", "many", { options: ["net", "hook"], default: ["net"] }),
      one("length", "number", { unit: "cm", low: 0, high: 200 }),
      one("remark", "text", {}),
    ];
    return { of: "instances", ids: [Number(row)], title: `cod ${row}`, declared: 5, questions };
  }
}

let kernel: FakeKernel;
let frame: Frame;
let store: SelectionStore;
let beside: Panels;
let closing: AbortController;
let rows: number[];
let said: string[];
let asks: string | undefined;
let done: number;
let bubbled: string[];

beforeEach(() => {
  document.body.replaceChildren();
  closing = new AbortController();
  kernel = new FakeKernel();
  const el = document.createElement("div");
  document.body.append(el);
  const rpc = new Rpc(kernel as never, closing.signal);
  frame = createFrame(el, rpc, closing.signal, "Test");
  store = new SelectionStore();
  [rows, said, asks, done, bubbled] = [[1], [], undefined, 0, []];
  const host: Host = {
    ...{ frame, rpc, store, signal: closing.signal, main: frame.body },
    subject: (): Subject => ({ instances: rows, images: [] }),
    label: () => "cod",
    say: (text) => said.push(text),
    find: () => {},
    get asks() {
      return asks;
    },
    done: async () => {
      done++;
      await settle(); // the view asks its kernel first
      rows = [rows[0] + 1];
      beside.follow();
    },
  };
  beside = new Panels(host, async () => script);
  frame.root.addEventListener("keydown", (event) => {
    if (!beside.key(event)) bubbled.push(event.key);
  });
});

afterEach(() => closing.abort());

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const focused = () => document.activeElement?.closest<HTMLElement>(".nbl-field")?.dataset.name ?? "";
const press = async (key: string, more: KeyboardEventInit = {}) => {
  document.activeElement!.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }),
  );
  await settle();
};
const open = async () => {
  frame.root.focus();
  await press("Q", { shiftKey: true });
};
const fields = () =>
  [...frame.root.querySelectorAll<HTMLElement>(".nbl-field")].map((one) => one.dataset.name);
const field = (name: string) => frame.root.querySelector<HTMLElement>(`[data-name="${name}"]`)!;
const typed = (name: string) => field(name).querySelector<HTMLInputElement>(".nbl-field-input")!;
const type = (name: string, text: string) => {
  typed(name).value = text;
  typed(name).dispatchEvent(new Event("input", { bubbles: true }));
};
const given = () => kernel.did("give_answer").map(({ ids, name, value }) => [ids, name, value]);

test("one key opens the form at the first question that must be answered, and Escape leaves it", async () => {
  await open();
  expect([fields(), focused()]).toEqual([["sex", "damage", "length", "remark"], "sex"]);
  await press("Escape");
  expect(document.activeElement).toBe(frame.root);
  await press("Q", { shiftKey: true });
  expect(focused()).toBe("sex");
  await press("Q", { shiftKey: true });
  expect(frame.root.querySelector(".nbl-panels")).toBeNull();
});

test("a digit answers, and the question that it brings up is next", async () => {
  await open();
  await press("1");
  expect(given()).toEqual([[[1], "sex", "f"]]);
  expect([fields()[1], focused()]).toEqual(["ripe", "ripe"]);
  await press("2");
  expect(given()[1]).toEqual([[1], "ripe", false]);
  field("sex").focus();
  await press("2");
  expect(fields()).not.toContain("ripe");
  expect(field("sex").querySelector("[aria-checked=true]")?.textContent).toBe("2m");
});

test("digits that come while the kernel is busy answer the questions that follow", async () => {
  await open();
  kernel.busy = true;
  for (const key of ["1", "1", "2"]) await press(key);
  expect(kernel.held).toHaveLength(1);
  kernel.free();
  await settle();
  expect(given()).toEqual([
    [[1], "sex", "f"],
    [[1], "ripe", true],
    [[1], "damage", ["hook"]],
  ]);
});

test("many options are turned one by one, 0 says none, Backspace takes the answer away, Enter the default", async () => {
  await open();
  await press("ArrowDown");
  expect(focused()).toBe("damage");
  await press("Enter");
  await press("2");
  await press("1");
  await press("0");
  await press("Backspace");
  expect(given().map(([, , value]) => value)).toEqual([["net"], ["net", "hook"], ["hook"], [], null]);
  await press("ArrowUp");
  expect(focused()).toBe("sex");
});

test("arrows go from option to option, and letters go to the view", async () => {
  await open();
  await press("ArrowRight");
  await press("ArrowRight");
  expect(document.activeElement?.textContent).toBe("2m");
  (document.activeElement as HTMLElement).click();
  await settle();
  expect(given()).toEqual([[[1], "sex", "m"]]);
  await press("m");
  expect(bubbled.at(-1)).toBe("m");
});

test("an error is said at the field, and what was typed stays there", async () => {
  await open();
  typed("length").focus();
  type("length", "300");
  await press("Enter");
  expect(field("length").querySelector("[role=alert]")?.textContent).toBe("length must be at most 200 cm");
  expect([typed("length").value, typed("length").getAttribute("aria-invalid")]).toEqual(["300", "true"]);
  expect(focused()).toBe("length");
  type("length", "30");
  expect(field("length").querySelector<HTMLElement>("[role=alert]")?.hidden).toBe(true);
  await press("Enter");
  expect(kernel.answers.get("1|length")).toBe("30");
  expect(focused()).toBe("remark");
});

test("what is being typed stays while other answers arrive, and is given when other rows are shown", async () => {
  await open();
  typed("remark").focus();
  type("remark", "half");
  kernel.answers.set("1|sex", "f");
  kernel.rev++;
  (store as unknown as { rev: number }).rev = kernel.rev;
  beside.follow();
  await settle();
  expect([fields()[1], typed("remark").value, focused()]).toEqual(["ripe", "half", "remark"]);
  rows = [2];
  beside.follow();
  await settle();
  expect(given()).toEqual([[[1], "remark", "half"]]);
  expect(typed("remark").value).toBe("");
});

test("digits in a text are text, and Ctrl+Z takes answers back where nothing is being typed", async () => {
  await open();
  await press("1");
  typed("remark").focus();
  await press("1");
  expect(given()).toHaveLength(1);
  field("sex").focus();
  await press("z", { ctrlKey: true });
  expect(kernel.did("undo_answer")).toHaveLength(1);
  expect(kernel.answers.size).toBe(0);
  await press("z", { ctrlKey: true }); // nothing was given here any more: it is for the view
  expect(bubbled.at(-1)).toBe("z");
});

test("a view that asks goes on when nothing must be answered any more, and the keys stay in the form", async () => {
  asks = "instances"; // what the image lacks is not waited for
  kernel.image = true;
  await open();
  await press("1");
  expect([done, focused()]).toEqual([0, "ripe"]);
  await press("1");
  await press("2"); // the next row is not there yet: nothing is answered that was not seen
  await settle();
  await settle();
  expect([done, rows, focused()]).toEqual([1, [2], "sex"]);
  expect(given()).toHaveLength(2);
  await press("2");
  expect(given().at(-1)).toEqual([[2], "sex", "m"]);
  await settle();
  await settle();
  expect(rows).toEqual([3]);
});

test("a definition is text with crops, and one key makes an example", async () => {
  frame.root.focus();
  await press("T", { shiftKey: true });
  const panel = frame.root.querySelector(".nbl-definition")!;
  expect(panel.textContent).toContain("fish › cod");
  expect(panel.textContent).toContain("<b>Any</b> cod.");
  expect(panel.textContent).toContain("1 example not in this dataset");
  await press("x", { altKey: true });
  await press("≈", { altKey: true, shiftKey: true, code: "KeyX" });
  expect(kernel.did("make_example").map(({ right }) => right)).toEqual([true, false]);
  expect(said[0]).toBe("Instance 1 is now a right example");
  await press("T", { shiftKey: true });
  expect(frame.root.querySelector(".nbl-panels")).toBeNull();
});

test("rows in bulk are answered by one action with the name of the question", async () => {
  const popover = new Popover(frame, closing.signal);
  const rpc = new Rpc(kernel as never, closing.signal);
  const state = {
    ...{ of: "instances", n: 9, rpc, store, own: Bitset.of(9, [7]), heads: new Map(), leftOut: 0, asks: 1 },
    ...{ focus: Bitset.of(9, [7]), seen: Bitset.all(9), inView: () => [7, 8] },
  };
  const labels = { open: () => {} };
  const bar = new ActionBar(frame, state as never, popover, {
    ...{ actions: [ANSWER], labels, script: async () => script },
  });
  frame.root.append(bar.root);
  bar.update();
  expect(bar.root.textContent).toContain("Answer …");
  expect(bar.answer()).toBe(true);
  await settle();
  expect(focused()).toBe("sex");
  await press("2");
  expect(kernel.did("act")).toMatchObject([
    { action: "answer", values: { column: "sex", value: "m" }, n: 1 },
  ]);
  expect(popover.open).toBe(false);
  state.asks = 0;
  const other = new ActionBar(frame, state as never, popover, {
    ...{ actions: [ANSWER], labels, script: async () => script },
  });
  other.update();
  expect(other.root.textContent).not.toContain("Answer");
});

test("words of questions", () => {
  const damage = question("damage", "many", {
    ...{ options: ["net", "hook"], counts: [2, 1], asked: 2, answered: 2 },
  });
  expect([isChosen(damage, "net"), isChosen(damage, "hook")]).toEqual([true, "mixed"]);
  expect(answerOf(damage, "hook")).toEqual(["hook"]);
  expect(spread(damage)).toBe("2 of 2 answered; an answer replaces them all");
  expect(spread(question("sex", "one"))).toBe("");
  expect(measure(question("l", "number", { unit: "cm", low: 0 }))).toBe("cm, at least 0");
});
