/** A few masks of a cluster, answered yes or no: nl.Verify. Within a question nothing waits for the kernel. */
import { unpack } from "../../core/icicle";
import {
  complete,
  counts,
  evenly,
  moveTo,
  newSheet,
  nextOpen,
  page,
  rest,
  type Sheet,
  say,
  turn,
  undo,
} from "../../core/sheet";
import { measured } from "../../core/timing";
import { watchTheme } from "../../draw/theme";
import { asArray } from "../../wire/codec";
import { Cancelled, RemoteError, type Rpc } from "../../wire/rpc";
import { cheatsheet } from "../cheatsheet";
import { h, perFrame } from "../dom";
import { claim, focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import { followHeight } from "../mount";
import { WORDS } from "./card";
import { Cards } from "./cards";
import { Clock } from "./clock";
import { Controls } from "./controls";
import type { Crop } from "./crops";
import { done } from "./done";
import type { Looks } from "./draw";
import { Gauge } from "./gauge";
import { Heading } from "./heading";
import { Intro } from "./intro";
import { type Commands, command, KEYS } from "./keys";
import { Loader } from "./loader";
import { Numbers } from "./numbers";
import { Tree } from "./tree";
import type { Model, Outlook, State } from "./wire";

const SETTLED = 150; // milliseconds after the last move or resize until the kernel is asked about it
const [LEAST, MOST] = [0, 8]; // context, as the trait allows
const FIRST = 0.1; // context from which less is none

export class Verify {
  sheet: Sheet | null = null;
  #state: State | null = null;
  #outlook: Outlook | null = null;
  #fresh = true;
  /** What the kernel is asked for that brings another question. */
  #waiting: "" | "begin" | "tell" | "skip" | "undo" = "";
  #told = 0;
  /** What the person waits to see since when. */
  #asked: { name: string; start: number } | null = null;
  #peeking = false;
  #clock = new Clock(performance.now());
  #timers = new Map<string, number>();
  readonly #cards: Cards;
  readonly #loader: Loader;
  readonly #controls: Controls;
  readonly #numbers: Numbers;
  readonly #heading = new Heading();
  readonly #gauge = new Gauge();
  readonly #tree: Tree;
  readonly #intro: Intro;
  readonly #note = h("p.nbl-verify-note");
  readonly #notice = h("div.nbl-verify-notice", { role: "status", hidden: true });
  readonly #said = h("div.nbl-verify-said", { role: "status", "aria-live": "polite" });
  readonly #over = h("div.nbl-verify-over", { hidden: true });
  readonly #main: HTMLElement;

  constructor(
    readonly frame: Frame,
    readonly model: Model,
    readonly rpc: Rpc,
    readonly signal: AbortSignal,
  ) {
    this.#numbers = new Numbers(frame.toolbar);
    this.#controls = new Controls(this.#commands, frame.toolbar);
    this.#cards = new Cards((place, dot) => this.#click(place, dot), signal);
    this.#tree = new Tree(signal);
    this.#intro = new Intro(rpc, () => this.#introduce(false), signal);
    this.#loader = new Loader(
      rpc,
      this.#cards,
      () => this.#wish(),
      (place) => (this.#asked && place === this.sheet?.current ? this.#draw() : this.#drawSoon()),
      (error) => frame.fail(error, () => void this.#loader.fetch()),
    );
    this.#main = this.#build();
    this.#follow();
    void this.#go("begin");
  }

  readonly #commands: Commands = {
    say: (answer) => {
      const { sheet } = this;
      if (!sheet || !this.#seen([sheet.current])) return;
      const first = !complete(sheet);
      this.#change(say(sheet, answer), WORDS[`${answer}`]);
      if (first && this.model.get("auto_submit") && complete(this.sheet!)) this.#tell();
    },
    rest: (answer) => {
      if (this.sheet && this.#seen(page(this.sheet)))
        this.#change(rest(this.sheet, answer), `${WORDS[`${answer}`]} to the others`);
    },
    tell: () => this.#tell(),
    move: (by) => this.#move(by),
    undo: () => this.#undo(),
    skip: () => {
      if (this.#ready && !this.#state!.qualifying) void this.#go("skip", { number: this.#number });
    },
    mode: () => this.#set("mode", this.model.get("mode") === "grid" ? "one" : "grid"),
    context: (factor) => {
      const wider = this.model.get("context") * factor;
      const context = factor > 1 ? Math.max(wider, FIRST * 1.5) : wider < FIRST ? LEAST : wider;
      this.#set("context", Math.min(context, MOST));
    },
    outline: () => this.#set("outline", !this.model.get("outline")),
    fill: () => this.#set("fill", !this.model.get("fill")),
    instructions: () => this.#introduce(!this.#intro.open),
  };

  get #ready(): boolean {
    return Boolean(this.sheet) && !this.#waiting && !this.rpc.lost && !this.#intro.open;
  }

  get #number(): number {
    return this.#state?.question?.number ?? 0;
  }

  /** Nobody can answer for masks that are not there yet. */
  #seen(places: readonly number[]): boolean {
    return this.#ready && places.every((place) => this.#cards.has(place));
  }

  #build(): HTMLElement {
    const { frame } = this;
    const keys = cheatsheet(frame, KEYS, this.signal);
    frame.toolbar.append(
      h("button.nbl-quiet.nbl-icon", { "aria-label": "keys", title: "keys (?)", onclick: keys }, "?"),
    );
    const ask = h("div.nbl-verify-ask", {}, this.#heading.root, this.#notice, this.#cards.root);
    const side = h("aside.nbl-verify-side", {}, this.#gauge.root, this.#tree.root, this.#note);
    const main = h("div.nbl-verify-main", {}, ask, this.#over, side);
    const body = h(
      "div.nbl-verify-body",
      { hidden: true },
      this.#numbers.bar,
      main,
      this.#said,
      this.#controls.root,
    );
    frame.body.append(body, this.#intro.root);
    return body;
  }

  #follow(): void {
    const { signal, model, rpc } = this;
    const { root } = this.frame;
    followHeight(this.frame, model as never, signal);
    const looks = () => {
      this.#drawSoon();
      this.#later("sharpen", () => void this.#loader.fetch());
    };
    for (const name of ["context", "mode", "outline", "fill", "batch", "instructions"]) {
      model.on(`change:${name}`, looks);
      signal.addEventListener("abort", () => model.off(`change:${name}`, looks), { once: true });
    }
    hear(root, "keydown", (event) => this.#key(event), { signal });
    hear(root, "keyup", (event) => event.key === " " && this.#peek(false), { signal });
    hear(root, "blur", () => this.#peek(false), { signal, capture: true });
    hear(
      root,
      "click",
      (event) => (event.target as HTMLElement).closest("button, canvas") && this.#refocus(),
      {
        signal,
      },
    );
    rpc.on<{ turn: number }>("moved", ({ turn: now }) => {
      if (!this.#waiting && now !== this.#state?.turn) void this.#go("begin");
    });
    rpc.watch(() => this.#update());
    watchTheme(() => this.#tree.draw(), signal);
    const observer = new ResizeObserver(() => {
      this.#drawSoon();
      this.#tree.draw();
      this.#later("sharpen", () => void this.#loader.fetch());
    });
    observer.observe(this.#cards.root);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      this.#loader.stop();
      this.#cards.release();
      for (const timer of this.#timers.values()) window.clearTimeout(timer);
    });
  }

  /** Ask the kernel for something that brings another question, or this one again. */
  async #go(what: "begin" | "tell" | "skip" | "undo", params: object = {}): Promise<void> {
    this.#waiting = what;
    this.#asked = { name: "nbl:verify:next", start: performance.now() };
    this.#told = what === "tell" ? (this.sheet?.answers.length ?? 0) : 0;
    this.#loader.stop(); // the kernel would find another question
    if (!this.#state) this.frame.empty("…");
    this.#update();
    const view = { size: this.#size, context: this.model.get("context") };
    try {
      const { result, buffers } = await this.rpc.request<State>(what, { ...params, ...view });
      this.#waiting = "";
      this.#told = 0;
      this.frame.settle();
      this.#take(result, buffers);
    } catch (error) {
      if (error instanceof Cancelled) return;
      this.#waiting = "";
      this.#told = 0;
      const stale = error instanceof RemoteError && error.type === "HistoryError";
      if (stale && what !== "undo") await this.#go("begin");
      this.frame.empty("");
      this.frame.fail(error, stale ? undefined : () => void this.#go(what, params));
      this.#update();
      if (this.sheet) void this.#loader.fetch();
    }
  }

  #take(state: State, buffers: DataView[]): void {
    const [table, ...crops] = buffers;
    const { question, progress } = state;
    this.#state = state;
    this.frame.empty("");
    this.#main.hidden = false;
    this.sheet = question ? newSheet(state.answers ?? [], this.#batch(question.ids.length)) : null;
    void this.#loader.begin(state, crops); // decoded while the rest is drawn
    this.#outlook = state.outlook ?? null;
    this.#fresh = true;
    this.#clock = new Clock(performance.now());
    this.#numbers.show(progress);
    const clusters = unpack(asArray(Int32Array, table), state.clusters, state.names);
    this.#main.classList.toggle("nbl-verify-ended", !question);
    this.#tree.show(clusters, progress.n_masks, question?.cluster ?? "");
    this.#note.textContent = question ? progress.note : "";
    this.#grade();
    this.#over.hidden = Boolean(question);
    if (question) this.#heading.show(question);
    else this.#over.replaceChildren(done(progress));
    this.#draw();
    if (question && this.model.get("introduce")) this.#introduce(true);
  }

  #grade(): void {
    const graded = this.#state!.graded;
    this.#notice.hidden = !graded;
    if (!graded) return;
    const { asked, right, needed, passed } = graded;
    const as = `${right} of ${asked} answered as known`;
    this.#notice.dataset.passed = String(passed);
    this.#notice.textContent = passed
      ? `Passed: ${as}. Now the real questions.`
      : `Not passed: ${as}, ${needed} are needed. Read the rules (I) and try these.`;
  }

  readonly #drawSoon = (() => {
    let draw: (() => void) | null = null;
    return () => {
      draw ??= perFrame(() => this.#draw(), this.signal);
      draw();
    };
  })();

  /** All that depends on the answers and on how masks are looked at. */
  #draw(): void {
    const { sheet, model } = this;
    if (sheet) this.sheet = { ...sheet, batch: this.#batch(sheet.answers.length) };
    this.#cards.one = model.get("mode") === "one";
    if (this.sheet) {
      this.#cards.draw(this.sheet, (crop) => this.#looks(crop), this.#label);
      if (this.#asked && this.#cards.has(this.sheet.current)) {
        measured(this.#asked.name, this.#asked.start);
        this.#asked = null;
      }
    }
    this.#update();
  }

  #looks(crop: Crop | null): Looks {
    const { model } = this;
    const color = this.#state?.colors[crop?.head.label ?? -1] ?? "#ffffff";
    const hidden = this.#peeking;
    return {
      context: model.get("context"),
      outline: model.get("outline") && !hidden,
      fill: model.get("fill") && !hidden,
      color,
    };
  }

  /** What a mask is said to be, where the question does not say it of all. */
  readonly #label = (crop: Crop | null): string =>
    this.#state?.question?.label ? "" : (this.#state?.labels[crop?.head.label ?? -1] ?? "");

  /** Counts, buttons, gauge: all but the masks. */
  #update(): void {
    const state = this.#state;
    const { sheet, model, rpc } = this;
    this.#numbers.pending(this.#told, rpc.lost);
    this.#main.setAttribute("aria-busy", String(Boolean(this.#waiting)));
    if (!state) return;
    const ready = this.#ready;
    const past = state.progress.n_questions > 0 || state.turn > 0 || state.clusters > 1;
    this.#controls.update({
      answer: ready,
      tell: Boolean(sheet && complete(sheet)),
      skip: ready && !state.qualifying,
      undo: !this.#waiting && !rpc.lost && Boolean(sheet?.past.length || (past && !state.qualifying)),
    });
    this.#controls.press({
      Outline: model.get("outline"),
      Fill: model.get("fill"),
      One: model.get("mode") === "one",
      Rules: this.#intro.open,
    });
    this.#gauge.root.hidden = !state.question || state.qualifying;
    if (!sheet || !state.question) return;
    const { yes, no, left } = counts(sheet);
    const pages = Math.ceil(sheet.answers.length / sheet.batch);
    this.#heading.count(yes, no, left, [Math.floor(sheet.current / sheet.batch) + 1, pages]);
    this.#gauge.show(state.question, this.#outlook, state.progress.target_quality, this.#fresh);
  }

  #change(sheet: Sheet, words: string): void {
    const before = this.sheet!;
    if (sheet === before) return;
    const start = performance.now();
    this.#clock.tick(start);
    this.sheet = sheet;
    this.#fresh = sheet.answers === before.answers && this.#fresh;
    this.#asked ??= { name: "nbl:verify:step", start };
    this.frame.settle();
    this.#drawSoon();
    if (sheet.answers !== before.answers) {
      this.#keep();
      const { left } = counts(sheet);
      this.#say(`${words}; ${left ? `${left} open` : "all answered: Enter tells them"}`);
    } else this.#later("keep", () => this.#keep());
  }

  /** Have the kernel keep the answers, and say what they would mean. */
  #keep(): void {
    const { sheet } = this;
    if (!sheet || this.#waiting) return;
    const params = { number: this.#number, answers: sheet.answers, place: sheet.current };
    this.rpc
      .request<{ outlook: Outlook | null }>("draft", params, { key: "draft" })
      .then(({ result }) => {
        if (this.sheet?.answers !== sheet.answers) return;
        this.#outlook = result.outlook;
        this.#fresh = true;
        this.#update();
      })
      .catch((error) => {
        if (error instanceof Cancelled || params.number !== this.#number || this.#waiting) return;
        this.frame.fail(error);
      });
  }

  #tell(): void {
    if (this.#intro.open) {
      this.#introduce(false);
      return;
    }
    const { sheet } = this;
    if (!sheet || !this.#ready) return;
    const answers = complete(sheet);
    if (!answers) {
      const { left } = counts(sheet);
      this.#say(`${left} still to answer`);
      this.#change(moveTo(sheet, nextOpen({ ...sheet, current: sheet.current - 1 })), "");
      return;
    }
    this.#clock.tick(performance.now());
    this.#say("told");
    void this.#go("tell", { number: this.#number, answers, seconds: this.#clock.seconds });
  }

  #undo(): void {
    if (this.#waiting || this.rpc.lost || this.#intro.open) return;
    if (this.sheet?.past.length) this.#change(undo(this.sheet), "taken back");
    else if (this.#state && !this.#state.qualifying) void this.#go("undo");
  }

  #move(by: number): void {
    const { sheet } = this;
    if (!sheet || this.#intro.open) return;
    const last = sheet.answers.length - 1;
    const far = Math.abs(by) === 2 ? Math.sign(by) * this.#cards.across : by;
    const ends = Math.min(Math.max(sheet.current + far, 0), last);
    this.#change(
      moveTo(sheet, Math.abs(by) === 2 && ends !== sheet.current + far ? sheet.current : ends),
      "",
    );
  }

  #click(place: number, dot: boolean): void {
    if (!this.sheet || this.#intro.open) return;
    if (dot) this.#change(moveTo(this.sheet, place), "");
    else if (this.#seen([place])) {
      const sheet = turn(this.sheet, place);
      this.#change(sheet, WORDS[`${sheet.answers[place]}`]);
    }
    this.#refocus();
  }

  #introduce(on: boolean): void {
    const state = this.#state;
    if (on && state)
      this.#intro.show(this.model.get("instructions"), state.colors, String(state.progress.n_answers > 0));
    else this.#intro.hide();
    if (!on && this.model.get("introduce")) this.#set("introduce", false);
    if (!on) this.#refocus();
    this.#clock.tick(performance.now());
    this.#update();
  }

  get #size(): number {
    const most = this.model.get("batch");
    this.#cards.one = this.model.get("mode") === "one";
    return this.#cards.wanted(this.sheet ? page(this.sheet).length : most);
  }

  #batch(n: number): number {
    return evenly(n, this.model.get("batch"));
  }

  #wish() {
    const [size, context] = [this.#size, this.model.get("context")];
    const near = this.sheet ? page(this.sheet) : [];
    const blurred = near.filter((place) => this.#cards.blurred(place, context, size));
    return { number: this.#number, size, context, places: [...blurred, ...this.#cards.missing] };
  }

  #set<K extends "context" | "mode" | "outline" | "fill" | "introduce">(
    name: K,
    value: ReturnType<typeof this.model.get<K>>,
  ): void {
    this.model.set(name, value);
    this.model.save_changes();
  }

  #peek(on: boolean): void {
    if (this.#peeking === on) return;
    this.#peeking = on;
    this.#drawSoon();
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.#intro.open) {
      claim(event);
      this.#introduce(false);
      return;
    }
    if (event.key === " " && !(event.target as HTMLElement).matches("button, select, input")) {
      claim(event);
      this.#peek(true);
      return;
    }
    const run = command(event, this.#commands);
    if (!run) return;
    claim(event);
    if (!event.repeat || event.key.startsWith("Arrow")) run(); // a key held down answers once
  }

  #refocus(): void {
    const { root } = this.frame;
    if (!root.querySelector(".nbl-cheatsheet") && !this.#intro.open) focusOn(root);
  }

  #say(text: string): void {
    this.#said.textContent = text;
  }

  #later(name: string, work: () => void): void {
    window.clearTimeout(this.#timers.get(name));
    if (!this.signal.aborted) this.#timers.set(name, window.setTimeout(work, SETTLED));
  }
}
