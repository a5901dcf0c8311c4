/** A few masks of a cluster, answered yes or no: nl.Verify. Within a question nothing waits for the kernel. */
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
} from "../../core/asking/sheet";
import { measured } from "../../core/timing";
import { h, perFrame } from "../../draw/dom";
import { white } from "../../draw/palette";
import type { Rpc } from "../../wire/rpc";
import { Beside } from "../beside/beside";
import { cheatsheet } from "../cheatsheet";
import { DisplayControl } from "../display";
import { claim, focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import { followHeight } from "../mount";
import { WORDS } from "./card";
import { Cards } from "./cards";
import { Clock } from "./clock";
import type { Crop } from "./crops";
import type { Looks } from "./draw";
import { asked } from "./heading";
import { Intro } from "./intro";
import { type Commands, command, KEYS } from "./keys";
import { Loader } from "./loader";
import { Panel } from "./panel";
import { Session } from "./session";
import type { Model, State } from "./wire";

const SETTLED = 150; // milliseconds after the last move or resize until the kernel is asked about it
const [LEAST, MOST] = [0, 8]; // context, as the trait allows
const FIRST = 0.1; // smallest context above 0

export class Verify {
  sheet: Sheet | null = null;
  /** The step that the person waits for, and since when. */
  #asked: { name: string; start: number } | null = null;
  #peeking = false;
  #clock = new Clock(performance.now());
  #timers = new Map<string, number>();
  readonly #cards: Cards;
  readonly #loader: Loader;
  readonly #session: Session;
  readonly #panel: Panel;
  readonly #intro: Intro;
  readonly #display: DisplayControl;
  readonly #beside: Beside;

  constructor(
    readonly frame: Frame,
    readonly model: Model,
    readonly rpc: Rpc,
    readonly signal: AbortSignal,
  ) {
    this.#display = new DisplayControl(frame, model, rpc, signal);
    this.#display.setting.watch(
      () => {},
      () => void this.#loader.fetch(),
    );
    this.#cards = new Cards((place, dot) => this.#click(place, dot), signal);
    this.#intro = new Intro(rpc, () => this.#introduce(false), signal);
    this.#loader = new Loader(rpc, this.#cards, {
      wish: () => this.#wish(),
      arrived: (place) => (this.#asked && place === this.sheet?.current ? this.#draw() : this.#drawSoon()),
      failed: (error) => frame.fail(error, () => void this.#loader.fetch()),
      recovered: () => frame.settle(),
      outdated: () => this.#outdated(),
    });
    this.#session = new Session(rpc, {
      asking: () => this.#asking(),
      came: (state, buffers) => this.#take(state, buffers),
      failed: (error, again) => this.#failed(error, again),
      foresaw: () => this.#update(),
      lost: (error) => frame.fail(error),
    });
    this.#panel = new Panel(model, this.#session, this.#cards.root, this.#commands, frame.toolbar, signal);
    this.#build();
    this.#beside = new Beside({ frame, rpc, model, signal });
    this.#follow();
    void this.#session.go("begin");
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
      if (this.#ready && !this.#session.state!.qualifying)
        void this.#session.go("skip", { number: this.#session.number });
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
    return Boolean(this.sheet) && !this.#session.waiting && !this.rpc.lost && !this.#intro.open;
  }

  /** Whether all these masks are visible: only then can they be answered. */
  #seen(places: readonly number[]): boolean {
    if (!this.#ready) return false;
    const there = places.every((place) => this.#cards.has(place));
    if (!there) this.#panel.say("not all pictures are there yet");
    return there;
  }

  #build(): void {
    const { frame } = this;
    const keys = cheatsheet(frame, KEYS, this.signal);
    frame.toolbar.append(
      this.#display.root,
      h("button.nbl-quiet.nbl-icon", { "aria-label": "keys", title: "keys (?)", onclick: keys }, "?"),
    );
    frame.body.append(this.#panel.root, this.#intro.root);
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
    rpc.on<{ turn: number }>("moved", ({ turn: now }) => void this.#session.heard(now));
    let { lost } = rpc;
    rpc.watch(() => {
      if (lost && !rpc.lost) this.#regained();
      lost = rpc.lost;
      this.#update();
    });
    const observer = new ResizeObserver(() => {
      this.#drawSoon();
      this.#panel.resize();
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

  #asking(): { size: number; context: number } {
    this.#asked = { name: "nbl:verify:next", start: performance.now() };
    this.#loader.stop(); // for the kernel, another question is open then
    if (!this.#session.state) this.frame.empty("…");
    this.#update();
    return { size: this.#size, context: this.model.get("context") };
  }

  /** The kernel is back: repeat requests, which never reached it in between. */
  #regained(): void {
    if (this.#session.waiting) return;
    if (this.#session.state) void this.#loader.fetch();
    else void this.#session.go("begin");
  }

  /** The kernel has no crops of this question: request the open one, unless that is under way. */
  #outdated(): void {
    if (!this.#session.waiting && !this.signal.aborted) void this.#session.go("begin");
  }

  #failed(error: unknown, again?: () => void): void {
    if (this.signal.aborted) return;
    this.frame.empty("");
    this.frame.fail(error, again);
    this.#update();
    if (this.sheet) void this.#loader.fetch();
  }

  #take(state: State, buffers: DataView[]): void {
    const [table, ...crops] = buffers;
    const { question } = state;
    this.frame.settle();
    this.frame.empty("");
    this.sheet = question ? newSheet(state.answers ?? [], this.#batch(question.ids.length)) : null;
    void this.#loader.begin(state, crops); // decoded while the rest is drawn
    this.#clock = new Clock(performance.now());
    this.#panel.show(state, table);
    this.#draw();
    if (question && this.model.get("introduce")) this.#introduce(true);
  }

  readonly #drawSoon = (() => {
    let draw: (() => void) | null = null;
    return () => {
      draw ??= perFrame(() => this.#draw(), this.signal);
      draw();
    };
  })();

  /** Draw all that depends on the answers and on the looks. */
  #draw(): void {
    const { sheet, model } = this;
    if (sheet) this.sheet = { ...sheet, batch: this.#batch(sheet.answers.length) };
    this.#cards.one = model.get("mode") === "one";
    if (this.sheet) {
      this.#cards.draw(this.sheet, (crop) => this.#looks(crop), this.#label);
      this.#display.applied(this.#cards.auto);
      if (this.#asked && this.#cards.has(this.sheet.current)) {
        measured(this.#asked.name, this.#asked.start);
        this.#asked = null;
      }
    }
    const image = this.sheet && this.#cards.imageOf(this.sheet.current);
    if (image !== undefined) this.#beside.show(image);
    this.#update();
  }

  #looks(crop: Crop | null): Looks {
    const { model } = this;
    const color = this.#session.state?.colors[crop?.head.label ?? -1] ?? white;
    const hidden = this.#peeking;
    return {
      context: model.get("context"),
      outline: model.get("outline") && !hidden,
      fill: model.get("fill") && !hidden,
      color,
    };
  }

  /** The label of a mask; "" if the question names one for all masks. */
  readonly #label = (crop: Crop | null): string =>
    this.#session.state?.question?.label ? "" : (this.#session.state?.labels[crop?.head.label ?? -1] ?? "");

  #update(): void {
    const { sheet, rpc } = this;
    this.#panel.update({ sheet, ready: this.#ready, lost: rpc.lost, reading: this.#intro.open });
  }

  #change(sheet: Sheet, words: string): void {
    const before = this.sheet!;
    if (sheet === before) return;
    const start = performance.now();
    this.#clock.tick(start);
    this.sheet = sheet;
    this.#session.fresh = sheet.answers === before.answers && this.#session.fresh;
    this.#asked ??= { name: "nbl:verify:step", start };
    this.frame.settle();
    this.#drawSoon();
    if (sheet.answers !== before.answers) {
      this.#session.keep(sheet);
      const { left } = counts(sheet);
      this.#panel.say(`${words}; ${left ? `${left} open` : "all answered: Enter sends them"}`);
    } else this.#later("keep", () => this.sheet && this.#session.keep(this.sheet));
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
      this.#panel.say(`${left} still to answer`);
      this.#change(moveTo(sheet, nextOpen({ ...sheet, current: sheet.current - 1 })), "");
      return;
    }
    this.#clock.tick(performance.now());
    this.#panel.say("sent");
    void this.#session.go("tell", { number: this.#session.number, answers, seconds: this.#clock.seconds });
  }

  #undo(): void {
    if (this.#session.waiting || this.rpc.lost || this.#intro.open) return;
    if (this.sheet?.past.length) this.#change(undo(this.sheet), "taken back");
    else if (this.#session.state && !this.#session.state.qualifying) void this.#session.go("undo");
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
    const state = this.#session.state;
    if (on && state) {
      const asks = state.question ? asked(state.question) : "What was asked";
      const known = String(state.progress.n_answers > 0);
      this.#intro.show(asks, this.model.get("instructions"), state.colors, known);
    } else this.#intro.hide();
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
    const { version } = this.#display.setting;
    const blurred = near.filter(
      (place) => this.#cards.outdated(place, version) || this.#cards.blurred(place, context, size),
    );
    const places = this.#session.waiting || this.signal.aborted ? [] : [...blurred, ...this.#cards.missing];
    return { number: this.#session.number, size, context, version, places };
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

  #later(name: string, work: () => void): void {
    window.clearTimeout(this.#timers.get(name));
    if (!this.signal.aborted) this.#timers.set(name, window.setTimeout(work, SETTLED));
  }
}
