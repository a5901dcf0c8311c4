// @vitest-environment jsdom
import { expect, test, vi } from "vitest";
import { createFrame } from "../../src/views/frame";
import { SPOT, SPOT_ASKED, type Spotted } from "../../src/views/spot";
import { Activity } from "../../src/views/work/activity";
import { type Comment, left, nothing, type Place } from "../../src/views/work/words";
import { Work } from "../../src/views/work/work";
import type { Rpc } from "../../src/wire/rpc";

const STATE: Place = {
  phase: "task",
  job: 3,
  step: "label",
  by: "line",
  name: "queue",
  of: "images",
  reviewing: false,
  author: "",
  answer: "",
  image: 7,
  thread: [],
  note: "",
  tasks: 10,
  open: 6,
  held: 1,
  review: 0,
  rework: 0,
};

const SAID: Comment = {
  reviewer: "eva",
  when: Date.UTC(2026, 1, 3, 14, 5, 59) / 1000,
  verdict: "rework",
  text: "one is missing",
  place: null,
  author: "bo",
};

test("pauses below a minute count in full, longer ones not at all", () => {
  const clock = new Activity();
  expect(clock.seconds(5_000)).toBe(0);
  clock.input(10_000);
  clock.input(12_000);
  clock.input(71_999); // a pause of 59.999 s
  expect(clock.seconds(71_999)).toBeCloseTo(61.999);
  expect(clock.seconds(80_000)).toBeCloseTo(70);
  expect(clock.seconds(131_999)).toBeCloseTo(61.999); // at 60 s the clock goes back to the last input
  clock.input(200_000);
  clock.input(201_000);
  expect(clock.seconds(201_000)).toBeCloseTo(62.999);
});

test("a hidden page never counts", () => {
  const clock = new Activity();
  clock.input(0);
  clock.hidden(5_000);
  expect(clock.seconds(20_000)).toBe(5);
  clock.input(30_000);
  clock.input(31_000);
  expect(clock.seconds(31_000)).toBe(6);
  clock.hidden(200_000); // idle for long before it was hidden
  expect(clock.seconds(200_000)).toBe(6);
});

test("the next task begins with the input that ended the one before", () => {
  const clock = new Activity();
  clock.input(0);
  clock.input(4_000);
  clock.restart(4_000);
  expect(clock.seconds(4_000)).toBe(0);
  clock.input(9_000);
  expect(clock.seconds(9_000)).toBe(5);
  clock.restart(200_000);
  expect(clock.seconds(200_000)).toBe(0);
  clock.input(201_000);
  expect(clock.seconds(201_000)).toBe(0);
});

function enter(row: HTMLElement): void {
  row.querySelector("input")!.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
}

function place(...replies: Partial<Place>[]) {
  const end = new AbortController();
  const asked: [string, Record<string, unknown>][] = [];
  const states = replies.map((reply) => ({ ...STATE, ...reply }));
  const rpc = {
    lost: false,
    on: () => {},
    watch: () => {},
    request: async (method: string, params: Record<string, unknown>) => {
      asked.push([method, params]);
      return { result: states.length > 1 ? states.shift() : states[0], buffers: [] };
    },
  } as unknown as Rpc;
  const box = document.createElement("div");
  box.className = "widget-vbox";
  const [el, view] = [document.createElement("div"), document.createElement("div")];
  view.className = "nbl";
  view.tabIndex = 0;
  box.append(el, view);
  document.body.append(box);
  let now = 0;
  const frame = createFrame(el, rpc, end.signal, "Work");
  const work = new Work(frame, { get: () => "ana" }, rpc, end.signal, () => now);
  const button = (name: string) => el.querySelector<HTMLButtonElement>(`[data-act="${name}"]`)!;
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { asked, box, el, view, work, button, pass, end: () => end.abort() };
}

test("Ctrl+Enter anywhere in the place sends the answer with the active seconds, and nothing twice", async () => {
  const { asked, view, el, pass, end } = place({}, { job: 4 });
  await vi.waitFor(() => expect(el.textContent).toContain("Label this image"));
  view.dispatchEvent(new MouseEvent("pointerdown", { bubbles: true }));
  pass(7_000);
  const key = () => new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true });
  view.dispatchEvent(key());
  view.dispatchEvent(key());
  document.body.dispatchEvent(key()); // elsewhere on the page
  await vi.waitFor(() => expect(asked.map(([method]) => method)).toEqual(["now", "send_answer"]));
  expect(asked[1][1]).toEqual({ job: 3, seconds: 7 });
  end();
});

test("a task is skipped with a reason, and Escape closes the question", async () => {
  const { asked, el, button, end } = place({}, { job: 4 });
  await vi.waitFor(() => expect(button("skip").hidden).toBe(false));
  const row = el.querySelector<HTMLElement>(".nbl-work-form")!;
  const input = row.querySelector("input")!;
  button("skip").click();
  expect(row.hidden).toBe(false);
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  expect(row.hidden).toBe(true);
  button("skip").click();
  input.value = " blurred ";
  enter(row);
  await vi.waitFor(() =>
    expect(asked.at(-1)).toEqual(["skip_task", { reason: "blurred", seconds: 0, job: 3 }]),
  );
  await vi.waitFor(() => expect(row.hidden).toBe(true));
  end();
});

test("a reviewer accepts, or sends back with a comment that must not be empty", async () => {
  const { asked, el, button, end } = place({ step: "review", author: "bo", reviewing: true });
  await vi.waitFor(() => expect(el.textContent).toContain("Check what bo answered"));
  expect(button("send").hidden).toBe(true);
  button("send back").click();
  const row = el.querySelector<HTMLElement>(".nbl-work-form")!;
  enter(row);
  expect(asked).toHaveLength(1);
  row.querySelector("input")!.value = "one is missing";
  enter(row);
  await vi.waitFor(() =>
    expect(asked.at(-1)).toEqual([
      "decide_on",
      { verdict: "rework", comment: "one is missing", place: null, seconds: 0, job: 3 },
    ]),
  );
  end();
});

test("a lost lease, a comment and an empty queue say what to do", async () => {
  const lost = place({ phase: "lost", step: "rework", thread: [{ ...SAID, text: "<b>look</b>" }] });
  await vi.waitFor(() => expect(lost.el.textContent).toContain("Nothing is lost"));
  expect(lost.el.textContent).toContain("<b>look</b>"); // text, never HTML
  expect(lost.button("send").disabled).toBe(false);
  lost.end();
  expect(nothing({ ...STATE, phase: "done" }).text).toContain("ds.collect(q)");
  const waiting = nothing({ ...STATE, phase: "waiting", open: 0, review: 2 });
  expect(waiting.text).toContain("1 task is with others, 2 answers wait for a review");
  expect(left({ ...STATE, held: 0 })).toBe("6 to do");
});

test("a place that is clicked on the picture goes with the comment, and can be removed", async () => {
  const { asked, el, view, button, end } = place({ step: "review", author: "bo", reviewing: true });
  const told: Spotted[] = [];
  view.addEventListener(SPOT, (event) => told.push((event as CustomEvent<Spotted>).detail));
  await vi.waitFor(() => expect(el.textContent).toContain("Check what bo answered"));
  expect(told.at(-1)).toEqual({ image: 7, at: null, pick: null });
  button("send back").click();
  expect(el.textContent).toContain("Click the picture to show where");
  told.at(-1)!.pick!([12.5, 40]);
  expect(told.at(-1)!.at).toEqual([12.5, 40]);
  expect(el.textContent).toContain("About the place at 13, 40");
  const remove = [...el.querySelectorAll("button")].find((one) => one.textContent === "Remove the place")!;
  remove.click();
  expect(told.at(-1)!.at).toBe(null);
  told.at(-1)!.pick!([3, 4]);
  const row = el.querySelector<HTMLElement>(".nbl-work-form")!;
  row.querySelector("input")!.value = "one is missing";
  enter(row);
  await vi.waitFor(() => expect(asked.at(-1)![1]).toMatchObject({ place: { x: 3, y: 4 } }));
  end();
});

test("who reworks an answer sees the place of the comment, also when the view comes later", async () => {
  const { el, view, end } = place({ step: "rework", thread: [{ ...SAID, place: { x: 5, y: 6 } }] });
  await vi.waitFor(() => expect(el.textContent).toContain("one is missing"));
  const told: Spotted[] = [];
  view.addEventListener(SPOT, (event) => told.push((event as CustomEvent<Spotted>).detail));
  view.dispatchEvent(new CustomEvent(SPOT_ASKED, { bubbles: true }));
  expect(told).toEqual([{ image: 7, at: [5, 6], pick: null }]);
  end();
});

test("a reviewer sees every comment: who, when, what, and where, one place marked at a time", async () => {
  const thread: Comment[] = [
    { ...SAID, place: { x: 5.4, y: 6 } },
    { ...SAID, reviewer: "ann", text: "closer", place: { x: 30, y: 40 } },
    { ...SAID, verdict: "approve", text: "fine" },
  ];
  const { el, view, end } = place({ step: "review", author: "bo", reviewing: true, thread });
  await vi.waitFor(() => expect(el.querySelectorAll(".nbl-work-thread li").length).toBe(3));
  const [first, second, third] = [...el.querySelectorAll(".nbl-work-thread li")].map((li) => li.textContent);
  expect(first).toBe("eva sent back bo’s answer, 2026-02-03 14:05 UTCat 5, 6one is missing");
  expect(second).toContain("ann");
  expect(third).toBe("eva accepted bo’s answer, 2026-02-03 14:05 UTCfine");
  const told: Spotted[] = [];
  view.addEventListener(SPOT, (event) => told.push((event as CustomEvent<Spotted>).detail));
  view.dispatchEvent(new CustomEvent(SPOT_ASKED, { bubbles: true }));
  expect(told.at(-1)!.at).toEqual([30, 40]); // the last one that has a place
  const buttons = () => [...el.querySelectorAll<HTMLElement>(".nbl-work-thread button")];
  buttons()[0]!.click();
  expect(told.at(-1)!.at).toEqual([5.4, 6]);
  expect(buttons().map((one) => one.getAttribute("aria-pressed"))).toEqual(["true", "false"]);
  buttons()[0]!.click();
  expect(told.at(-1)!.at).toBe(null);
  end();
});

test("the newest comment is in sight, and a click on an older one moves nothing", async () => {
  const tall = vi.spyOn(Element.prototype, "scrollHeight", "get").mockReturnValue(300);
  const thread: Comment[] = [
    { ...SAID, place: { x: 5, y: 6 } },
    { ...SAID, text: "still too wide" },
  ];
  const { el, end } = place({ step: "review", author: "bo", reviewing: true, thread });
  const list = () => el.querySelector<HTMLElement>(".nbl-work-thread")!;
  await vi.waitFor(() => expect(list().scrollTop).toBe(300));
  list().scrollTop = 20;
  el.querySelector<HTMLElement>(".nbl-work-thread button")!.click();
  expect(list().scrollTop).toBe(20);
  tall.mockRestore();
  end();
});
