/** One mask at a time: nl.Review. Answers count at once; the kernel gets them in the order they were given. */
import type { Host } from "@anywidget/types";
import { Deck, GONE, OPEN, type Verdict } from "../../core/asking/deck";
import { looked } from "../../core/asking/pace";
import { Patience } from "../../core/patience";
import { Bitset } from "../../core/rows/bitset";
import type { SelectionStore } from "../../core/rows/selection";
import { measured } from "../../core/timing";
import { h } from "../../draw/dom";
import { white } from "../../draw/palette";
import { asArray, asBytes } from "../../wire/codec";
import { Cancelled, type Rpc } from "../../wire/rpc";
import { moreLike } from "../alike";
import { Panels } from "../answers/panels";
import { Beside } from "../beside/beside";
import { DisplayControl } from "../display";
import { claim, focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import { Catalog } from "../labels/catalog";
import { ownKey } from "../labels/own_key";
import { LabelPicker } from "../labels/picker";
import { Popover } from "../popover";
import { isTyping } from "../viewer/keys";
import { Answers, orderOf } from "./answers";
import { Controls } from "./controls";
import { Crops, type Entry, type Item, type View } from "./crops";
import { done } from "./done";
import { InPlace } from "./in_place";
import { type Items, type Model, nothing, subjectOf } from "./items";
import { type Commands, command } from "./keys";
import { build } from "./layout";
import { Panel } from "./panel";
import { Progress } from "./progress";
import { Stage } from "./stage";
import { overlaps, Title } from "./title";

const AHEAD = 3; // items kept ready, and the one before
const SETTLED = 150; // milliseconds after the last refresh or gesture until the kernel is asked about it

export class Review {
  readonly crops: Crops;
  readonly stage: Stage;
  #deck: Deck | null = null;
  #head: Items | null = null;
  #entry: Entry | null = null;
  #peeking = false;
  /** When the item shown was painted; 0 before it is. */
  #since = 0;
  #asked = 0;
  #timers = new Map<string, number>();
  #patience = new Patience();
  readonly #answers: Answers;
  readonly #panel = new Panel();
  readonly #controls: Controls;
  readonly #progress: Progress;
  readonly #title = new Title();
  readonly #waiting = h("div.nbl-review-waiting");
  readonly #said = h("div.nbl-review-said", { role: "status", "aria-live": "polite" });
  readonly #main: HTMLElement;
  readonly #over = h("div.nbl-review-over");

  readonly #frame: Frame;
  readonly #model: Model;
  readonly #rpc: Rpc;
  readonly #store: SelectionStore;
  readonly #signal: AbortSignal;

  readonly #catalog: Catalog;
  readonly #labels: LabelPicker;
  readonly #inPlace: InPlace;
  readonly #beside: Beside;
  readonly #display: DisplayControl;
  /** Form and definition. */
  readonly #panels: Panels;

  constructor(frame: Frame, model: Model, rpc: Rpc, store: SelectionStore, signal: AbortSignal, host?: Host) {
    this.#frame = frame;
    this.#model = model;
    this.#rpc = rpc;
    this.#store = store;
    this.#signal = signal;
    this.#answers = new Answers(rpc, (refused) => this.#sent(refused));
    this.crops = new Crops(rpc, signal);
    this.stage = new Stage(() => this.#later("look", () => this.#look()), signal);
    this.#controls = new Controls(this.#commands);
    this.#catalog = new Catalog(rpc, () => this.#relabeled());
    const id = `${String(model.get("source"))}-${rpc.client}`;
    this.#labels = new LabelPicker(frame, this.#catalog, new Popover(frame, signal), id);
    this.#progress = new Progress(frame.toolbar);
    this.#display = new DisplayControl(frame, model, rpc, signal);
    this.#display.setting.watch(
      () => {},
      () => void this.#redisplay(),
    );
    this.#main = this.#build();
    const back = () => frame.root.focus({ preventScroll: true });
    this.#inPlace = new InPlace(frame.body, rpc, host, back, signal);
    this.#beside = new Beside({ frame, rpc, model, signal, lay: (layers) => this.stage.lay(layers) });
    this.#panels = new Panels(this.#host());
    this.#follow();
    void this.#load();
  }

  /** What form and definition are told of the review. */
  #host(): ConstructorParameters<typeof Panels>[0] {
    const review = this;
    return {
      ...{ frame: this.#frame, rpc: this.#rpc, signal: this.#signal, store: this.#store, main: this.#main },
      get asks() {
        return review.#head?.asks ? review.#head.of : undefined;
      },
      subject: () => subjectOf(this.#head, this.#entry?.item ?? null),
      label: () => this.#entry?.item?.head.label ?? "",
      say: (text, wrong) => this.#say(text, wrong ? "reject" : ""),
      find: (anchor, current, choose) =>
        this.#labels.open({ title: "Definition of", current, anchor, choose }),
      made: (rev) => this.#answers.made(rev),
      moved: (of, [id]) => {
        const place = of === this.#head?.of ? this.#deck!.ids.indexOf(id) : -1;
        if (place >= 0) void this.#settle().then(() => this.#step(() => this.#deck!.goTo(place)));
      },
      done: () => {
        const start = performance.now();
        this.#answers.answered(start, looked(this.#since, start));
        return this.#settle().then(() => {
          this.#step(() => this.#deck!.advance(), start);
          if (this.#deck!.current < 0) focusOn(this.#frame.root); // the form is gone with the picture
        });
      },
    };
  }

  readonly #commands: Commands = {
    accept: (force, label) => {
      if (label !== undefined) this.#acceptAs(label);
      else this.#answer({ what: "accept", ...(force ? { overlap: "allow" } : {}) });
    },
    reject: () => this.#answer({ what: "reject" }),
    suggests: false,
    correct: () => this.#correct(),
    relabel: (key) => {
      const label = this.#catalog.at(key);
      const { length } = this.#catalog.names.all;
      if (label === undefined) return this.#say(`There is no label ${key}: there are ${length}.`);
      this.#catalog.used(label);
      this.#acceptAs(label);
    },
    findLabel: () => this.#findLabel(),
    skip: () => this.#step(() => this.#deck!.skip()),
    back: () => this.#step(() => this.#deck!.back()),
    undo: () => this.#undo(),
    redo: () => this.#redo(),
    edit: () => this.#edit(),
    more: () => void this.#more(),
    outline: () => this.#set("outline", !this.#model.get("outline")),
    fit: () => this.stage.fit(),
    zoom: (factor) => this.stage.by(factor),
  };

  #acceptAs(label: string): void {
    const same = label === this.#entry?.item?.head.label;
    this.#answer(same ? { what: "accept" } : { what: "relabel", label });
  }

  /** Do what is suggested for the item shown. */
  #correct(): void {
    const [deck, correction] = [this.#deck, this.#entry?.item?.head.correction];
    if (!deck || !correction) return;
    const { word, why, ids } = correction;
    if (!word) {
      this.#say(why);
      return;
    }
    const places = ids.map((id) => deck.ids.indexOf(id));
    const along = places.filter((at) => at >= 0 && at !== deck.current && deck.state(at) === OPEN);
    this.#answer({ what: "correct", word, along });
  }

  #findLabel(): void {
    const item = this.#entry?.item;
    if (!item) return;
    const title = `Accept ${this.#one} ${item.head.id} as`;
    const choose = (label: string) => void this.#acceptWhenThere(item.head.id, label);
    const anchor = this.#controls.find.el;
    this.#labels.open({ title, current: item.head.label, anchor, choose });
  }

  /** The item shown may be on its way again, as a new label makes new tables. */
  async #acceptWhenThere(id: number, label: string): Promise<void> {
    if (this.#id === id) await this.#entry?.ready.catch(() => {});
    if (this.#id === id && this.#entry?.item) this.#acceptAs(label);
  }

  /** The labels or their colors are others now. */
  #relabeled(): void {
    this.#offer();
    this.#paint();
    this.#update();
  }

  #offer(): void {
    const { names, colors } = this.#catalog;
    this.#controls.labels({ names: names.all, colors, keyOf: (at) => this.#catalog.keyOf(at) });
  }

  /** Change the mask in place. */
  #edit(): void {
    const item = this.#entry?.item;
    if (!item) return;
    this.#point();
    if (this.#inPlace.possible) this.#inPlace.open().catch((error) => this.#frame.fail(error));
    else this.#say("Edit it in a linked nl.Editor(ws): it shows this mask now. Then go on here.");
  }

  /** Select what looks like the item shown: the linked views show it. */
  async #more(): Promise<void> {
    if (this.#head?.rev !== this.#store.rev) await this.#settle(); // the tables are new: ask for its row again
    const [deck, head] = [this.#deck, this.#head];
    const row = deck && deck.current >= 0 ? deck.rows[deck.current] : -1;
    if (row < 0 || !head || head.rev !== this.#store.rev) return;
    const one = new Bitset(this.#store.tables[head.of].n);
    one.add(row);
    await moreLike({ rpc: this.#rpc, store: this.#store, frame: this.#frame }, head.of, one);
  }

  #build(): HTMLElement {
    const { stage, signal } = { stage: this.stage, signal: this.#signal };
    const front = [stage.canvas, this.#title.name, this.#title.state, this.#waiting];
    const below = [this.#over, this.#said, this.#controls.root];
    const parts = { front, below, bar: this.#progress.bar, facts: this.#panel.root };
    const built = build(this.#frame, this.#display.root, parts, signal);
    stage.useWheel(built.front, this.#frame.root, signal);
    return built.main;
  }

  #follow(): void {
    const signal = this.#signal;
    const { root } = this.#frame;
    const height = () => {
      root.style.height = `${this.#model.get("height")}px`;
    };
    const looks = () => {
      this.stage.look(this.#looks());
      this.#update();
    };
    const traits: [string, () => void][] = [
      ["change:height", height],
      ["change:outline", looks],
      ["change:overlap", () => this.#drawOverlap()],
      ["change:context", () => this.#refetch()],
    ];
    for (const [name, callback] of traits) {
      this.#model.on(name, callback);
      signal.addEventListener("abort", () => this.#model.off(name, callback), { once: true });
    }
    height();
    hear(root, "keydown", (event) => this.#key(event), { signal });
    hear(root, "keyup", (event) => event.key === " " && this.#peek(false), { signal });
    hear(root, "blur", () => this.#peek(false), { signal, capture: true });
    // Keys still work after a click on a button.
    hear(root, "click", (event) => (event.target as HTMLElement).closest("button") && this.#refocus(), {
      signal,
    });
    this.#rpc.on("items", () => void this.#load());
    this.#rpc.on<{ rev: number }>("refresh", ({ rev }) => this.#refreshed(rev));
    let { lost } = this.#rpc;
    this.#rpc.watch(() => {
      const regained = lost && !this.#rpc.lost;
      lost = this.#rpc.lost;
      if (regained) this.#again();
      if (this.#deck) this.#update();
    });
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.stage.canvas);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      this.#patience.cancel();
      for (const timer of this.#timers.values()) window.clearTimeout(timer);
    });
  }

  async #load(): Promise<void> {
    this.#frame.empty("…");
    try {
      const { result, buffers } = await this.#rpc.request<Items>("items", {}, { key: "items" });
      const [ids, , states, rows, order] = buffers;
      this.#head = result;
      const said = asBytes(states).slice();
      this.#deck = new Deck(asArray(Float64Array, ids), said, asArray(Int32Array, rows), orderOf(order));
      this.#frame.empty("");
      this.#catalog.known(result.labels, result.colors, result.rev, result.keys);
      this.#offer();
      this.#controls.root.dataset.of = result.of;
      this.#commands.suggests = order !== undefined;
      if (!this.#deck.counts.total) return this.#frame.empty(nothing(result));
      this.#drawOverlap();
      this.#main.parentElement!.hidden = false;
      this.stage.resize();
      this.#step(() => this.#deck!.advance());
      if (result.asks) this.#panels.open();
    } catch (error) {
      this.#frame.empty("");
      this.#frame.fail(error, () => void this.#load());
    }
  }

  get #one(): string {
    return this.#head!.of.slice(0, -1);
  }

  get #id(): number {
    const deck = this.#deck;
    return deck && deck.current >= 0 ? deck.ids[deck.current] : -1;
  }

  #looks(): { outline: boolean; color: string } {
    return { outline: Boolean(this.#model.get("outline")) && !this.#peeking, color: this.#color() };
  }

  #color(): string {
    const { names, colors } = this.#catalog;
    return colors[names.all.indexOf(this.#entry?.item?.head.label ?? "")] ?? white;
  }

  #set(name: string, value: unknown): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  /** Move to another item and show it; `start` is when the person asked for it. */
  #step(move: () => number, start = performance.now()): void {
    if (!this.#deck) return;
    this.#asked = start;
    move();
    this.#show();
  }

  /** Show the current item of the deck, and load those around it. */
  #show(): void {
    const deck = this.#deck!;
    this.#makeReady();
    this.#since = 0;
    const ended = deck.current < 0;
    this.#main.hidden = ended;
    this.#over.hidden = !ended;
    this.#controls.root.classList.toggle("nbl-review-ended", ended);
    this.#entry = ended ? null : this.crops.load(this.#id, this.#view);
    if (ended) this.#end();
    else this.#point();
    this.#paint();
    this.#update();
  }

  /** Load the current item and those around it, and drop all others. */
  #makeReady(): void {
    const deck = this.#deck!;
    const places = [deck.current, ...deck.upcoming(AHEAD), deck.previous];
    const ids = places.filter((place) => place >= 0).map((place) => deck.ids[place]);
    this.crops.keep(ids);
    for (const id of ids) this.crops.load(id, this.#view);
  }

  get #view(): View {
    return { aspect: this.stage.aspect, zoom: this.stage.zoom };
  }

  #paint(): void {
    const entry = this.#entry;
    const item = entry?.item ?? null;
    this.stage.show(item, this.#looks());
    this.#panel.show(item, this.#color());
    this.#display.applied(Boolean(item?.head.auto));
    this.#drawTitle(item);
    this.#waiting.textContent = entry && !item ? "waiting for the kernel …" : (item?.problem ?? "");
    this.#waiting.hidden = !this.#waiting.textContent;
    if (item || !entry) this.#beside.show(item?.head.imageId ?? null);
    if (item) {
      this.#panels.follow();
      if (this.#patience.tried) this.#frame.settle();
      this.#patience.reset();
      this.#painted(item);
    } else
      entry?.ready
        .then(() => entry === this.#entry && this.#arrived())
        .catch((error) => this.#missing(entry, error));
  }

  #arrived(): void {
    this.#paint();
    this.#update();
  }

  #painted(item: Item): void {
    if (this.#since) return;
    this.#since = performance.now();
    const start = this.#asked;
    if (start) requestAnimationFrame(() => measured("nbl:review:step", start));
    this.#asked = 0;
    if (this.stage.zoom !== item.view.zoom) this.#later("look", () => this.#look());
  }

  /** An item cannot be shown: it is gone, or the kernel replied with an error. */
  #missing(entry: Entry, error: unknown): void {
    if (entry !== this.#entry || error instanceof Cancelled) return;
    this.#waiting.textContent = "this mask cannot be shown";
    this.#frame.fail(error, () => this.#show());
    this.#patience.later(() => this.#again());
    this.#ask();
  }

  /** Request again what has not arrived. */
  #again(): void {
    if (!this.#deck) void this.#load();
    else if (this.#entry && !this.#entry.item) this.#show();
  }

  #drawTitle(item: Item | null): void {
    const deck = this.#deck!;
    const state = deck.current < 0 ? OPEN : deck.state(deck.current);
    this.#title.show(item, this.#color(), state, deck.skipped.has(deck.current));
  }

  #update(): void {
    const deck = this.#deck;
    if (!deck) return;
    const { lost } = this.#rpc;
    const ready = Boolean(this.#entry?.item) && !lost;
    this.#progress.update(deck.counts, this.#answers.pace, deck.pending, lost);
    const enabled = { answer: ready, back: deck.previous >= 0, undo: deck.canUndo && !lost };
    const head = this.#entry?.item?.head;
    this.#controls.update(head?.label ?? "", head?.correction, enabled, Boolean(this.#model.get("outline")));
    this.#controls.root.hidden = deck.current < 0 && !enabled.back && !enabled.undo;
  }

  #end(): void {
    const deck = this.#deck!;
    const { pending, counts } = deck;
    const { given, seconds } = this.#answers;
    const came = { given, seconds, pending, counts, one: this.#one };
    this.#over.replaceChildren(done(came, () => this.#step(() => deck.unskip())));
  }

  #point(): void {
    const deck = this.#deck!;
    const row = deck.current < 0 ? -1 : deck.rows[deck.current];
    if (row < 0 || this.#head!.rev !== this.#store.rev) return;
    this.#store.setActive({ of: this.#head!.of, row }, String(this.#model.get("source")));
  }

  #answer(verdict: Verdict): void {
    const deck = this.#deck;
    if (!deck || this.#rpc.lost) return;
    const start = performance.now();
    if (deck.current < 0) {
      if (verdict.what === "accept" && deck.counts.skipped) this.#step(() => deck.unskip(), start);
      return;
    }
    if (!this.#since) return; // it is not painted yet
    if (this.#head!.of === "images") {
      this.#say("Answer its questions (Q), or skip it (→).");
      return;
    }
    if (deck.answered(verdict)) {
      this.#step(() => deck.advance(), start);
      return;
    }
    const seconds = looked(this.#since, start);
    const { label } = this.#entry!.item!.head;
    this.#answers.answered(start, seconds);
    const given = deck.answer(verdict);
    this.#frame.settle();
    void this.#answers.give(deck, given, seconds);
    const words = { accept: "Accepted", reject: "Rejected", relabel: "Accepted", correct: "Corrected" };
    this.#say(`${words[verdict.what]} ${verdict.label ?? label}`, verdict.what);
    this.#step(() => deck.advance(), start);
  }

  #undo(): void {
    const given = this.#rpc.lost ? null : this.#deck?.undo();
    if (!given) return;
    this.#answers.given--;
    this.#frame.settle();
    void this.#answers.send(this.#deck!, "take_back", given);
    this.#say("Taken back");
    this.#step(() => this.#deck!.current);
  }

  #redo(): void {
    const deck = this.#deck;
    const given = this.#rpc.lost ? null : deck?.redo();
    if (!given) return;
    this.#answers.given++;
    void this.#answers.send(deck!, "make_again", given);
    this.#step(() => deck!.advance());
  }

  /** Ask for the states of the items, once nothing is pending. */
  #ask(): void {
    this.#later("states", () => void this.#settle());
  }

  async #settle(): Promise<void> {
    const deck = this.#deck;
    if (!deck || deck.pending) return;
    try {
      const found = await this.#answers.states(deck);
      if (!found) return;
      this.#head!.rev = found.rev;
      if (found.others) this.#refetch();
      else if (deck.order) this.#makeReady(); // others may be next
      const now = deck.current < 0 ? OPEN : deck.state(deck.current);
      if (now === GONE || (deck.current < 0 && deck.upcoming(1).length)) this.#step(() => deck.advance());
      else if (now !== found.before) this.#drawTitle(this.#entry?.item ?? null);
      this.#point();
      this.#update();
      this.#panels.follow();
      if (deck.current < 0) this.#end();
    } catch (error) {
      if (!(error instanceof Cancelled)) this.#frame.fail(error, () => this.#ask());
    }
  }

  #refreshed(rev: number): void {
    this.#answers.heard(rev);
    this.#ask();
  }

  /** The kernel has applied an answer, or refused it: then its item is shown again, with the reason. */
  #sent(refused: unknown): void {
    const deck = this.#deck!;
    if (refused !== undefined) {
      this.crops.keep([]);
      this.#show();
      this.#say("");
      this.#frame.fail(refused);
    }
    this.#ask();
    this.#update();
    if (deck.current < 0) this.#end();
  }

  /** The shown item may have changed: request it again. */
  #refetch(): void {
    if (!this.#deck || this.#deck.current < 0) return;
    const since = this.#since;
    this.crops.keep([]);
    this.#show();
    if (since) void this.#entry?.ready.then(() => (this.#since = since)).catch(() => {});
  }

  /** The display has changed: load the pixels again; old ones stay until new ones arrive. */
  async #redisplay(): Promise<void> {
    const id = this.#id;
    if (id < 0) return;
    if (!this.#entry?.item) return this.#refetch();
    this.crops.keep([id]);
    for (const place of this.#deck!.upcoming(AHEAD)) this.crops.load(this.#deck!.ids[place], this.#view);
    try {
      await this.crops.renew(id);
    } catch (error) {
      this.#frame.fail(error, () => void this.#redisplay());
    }
    if (id !== this.#id) return;
    this.#display.applied(Boolean(this.#entry?.item?.head.auto));
    this.stage.draw();
    this.#look();
  }

  #look(): void {
    const item = this.#entry?.item;
    if (!item) return;
    if (item.view.zoom !== this.stage.zoom) this.#renewNext();
    if (!this.stage.wants) return;
    this.crops
      .look(item, this.stage.seen)
      .then(() => this.#entry?.item === item && this.stage.draw())
      .catch((error) => this.#frame.fail(error));
  }

  /** Load the next items again if they were loaded for another zoom. */
  #renewNext(): void {
    const deck = this.#deck!;
    const view = this.#view;
    const next = deck.upcoming(AHEAD).map((place) => deck.ids[place]);
    if (next.every((id) => this.crops.load(id, view).view.zoom === view.zoom)) return;
    this.crops.keep([this.#id]);
    for (const id of next) this.crops.load(id, view);
  }

  #resized(): void {
    this.stage.resize();
    const item = this.#entry?.item;
    const aspect = this.stage.aspect;
    if (item && Math.abs(Math.log(aspect / item.view.aspect)) > 0.1)
      this.#later("resized", () => this.#refetch());
  }

  #peek(on: boolean): void {
    if (this.#peeking === on) return;
    this.#peeking = on;
    this.stage.look(this.#looks());
  }

  #key(event: KeyboardEvent): void {
    if (this.#panels.key(event, true)) return;
    if (this.#head?.asks && this.#panels.press(event)) return;
    if (event.key === " " && !(event.target as HTMLElement).matches("button, select, input")) {
      claim(event);
      this.#peek(true);
      return;
    }
    const run = command(event, this.#commands);
    if (!run && !isTyping(event)) ownKey(event, (key) => this.#own(key));
    if (!run) return;
    claim(event);
    if (!event.repeat || event.key === "+" || event.key === "-") run(); // a key held down answers once
  }

  /** Accept the item with the label whose own key was pressed. */
  #own(key: string): boolean {
    const known = this.#catalog.at(key) !== undefined;
    if (known) this.#commands.relabel(key);
    return known;
  }

  #refocus(): void {
    const { root } = this.#frame;
    if (!root.querySelector(".nbl-popover")) focusOn(root);
  }

  #say(text: string, kind = ""): void {
    this.#said.textContent = text;
    this.#said.dataset.kind = kind;
  }

  #drawOverlap(): void {
    if (this.#head?.of !== "predictions") return;
    this.#frame.toolbar.querySelector(".nbl-review-overlap")?.remove();
    const select = overlaps(String(this.#model.get("overlap")), (value) => this.#set("overlap", value));
    this.#frame.toolbar.lastElementChild!.before(select);
  }

  #later(name: string, work: () => void): void {
    window.clearTimeout(this.#timers.get(name));
    if (!this.#signal.aborted) this.#timers.set(name, window.setTimeout(work, SETTLED));
  }
}
