/** Editing on the viewer's stage: the active tool, drawing, and edits for the kernel. */
import type { AnyModel } from "@anywidget/types";
import { EMPTY } from "../../core/edit/raster";
import { counted } from "../../core/values/format";
import { h, perFrame } from "../../draw/dom";
import { Drafts } from "../../draw/draft";
import type { Gesture } from "../../tools/gesture";
import type { Tool, ToolEvent } from "../../tools/tool";
import { Cancelled, said } from "../../wire/rpc";
import { KEYS as PANELS, Panels } from "../answers/panels";
import { Catalog } from "../labels/catalog";
import { ownKey } from "../labels/own_key";
import { LabelPicker } from "../labels/picker";
import { Popover } from "../popover";
import { command, isTyping } from "../viewer/keys";
import type { Picture } from "../viewer/picture";
import type { Tools } from "../viewer/pointers";
import type { Viewer } from "../viewer/viewer";
import { KEYS, LAYER_KEYS, OVERRULED, TOOLS, type ToolName } from "./catalog";
import { Clipboard } from "./clipboard";
import { Decisions } from "./decisions";
import { Finder } from "./finder";
import { pressed } from "./keys";
import { type Desk, Maker } from "./maker";
import { Operator } from "./operator";
import { type EditOptions, EditSettings } from "./options";
import { Outline } from "./outline";
import { Queue } from "./queue";
import { Rail } from "./rail";
import { type Shown, show } from "./show";
import { Strokes } from "./strokes";
import { asked, maskOf, type Subject, subjectAt, subjectOf } from "./subject";
import { type InHand, toolOf } from "./toolbox";

export class Editor implements Tools, Desk {
  readonly viewer: Viewer;
  readonly settings: EditSettings;
  readonly queue: Queue;
  readonly finder: Finder;
  readonly outline: Outline;
  readonly strokes: Strokes;
  readonly #maker = new Maker(this);
  readonly #operator = new Operator(this);
  readonly #decisions = new Decisions(this, () => this.#operator.subjects());
  readonly #rail: Rail;
  readonly #drafts: Drafts;
  readonly #clipboard: Clipboard;
  readonly #catalog: Catalog;
  readonly #labels: LabelPicker;
  /** Form and definition. */
  readonly #panels: Panels;
  /** Keys of masks picked beside the active one. */
  readonly picked = new Set<string>();
  #tool: Tool<InHand, Gesture> | null = null;
  #state: InHand | null = null;
  /** Whether the viewer handles the pressed button, until it is released. */
  #passing = false;
  made: string | null = null;
  under: string | null = null;
  /** Key of the mask that is the active row. */
  #active: string | null = null;
  #imageId = -1;
  readonly #drawSoon: () => void;

  constructor(viewer: Viewer, model: AnyModel) {
    const { signal, rpc, stage, frame } = viewer;
    this.viewer = viewer;
    this.settings = new EditSettings(model, (name) => this.#changed(name), signal);
    this.queue = new Queue(rpc, {
      changed: () => this.#queued(),
      said: (note) => this.say(note),
      refused: (error) => this.refused(error),
    });
    this.#drawSoon = perFrame(() => this.#draw(), signal);
    this.finder = new Finder(viewer, () => this.#drawSoon());
    this.outline = new Outline();
    this.strokes = new Strokes(this.settings);
    this.#clipboard = new Clipboard(
      rpc,
      (note) => this.say(note),
      (error) => this.refused(error),
    );
    this.#catalog = new Catalog(rpc, () => this.#offer());
    const id = `${viewer.source}-${rpc.client}-edit`;
    this.#labels = new LabelPicker(frame, this.#catalog, new Popover(frame, signal), id);
    this.#drafts = new Drafts(h("canvas.nbl-viewer-layer.nbl-edit-layer", { "aria-hidden": "true" }));
    stage.front.before(this.#drafts.canvas);
    this.#rail = new Rail(
      this.settings,
      {
        take: (tool) => this.take(tool),
        operate: (op) => this.#operator.operate(op),
        decide: (name) => this.#decisions.decide(name),
        state: (state) => this.#decisions.setState(state),
        findLabel: () => this.#findLabel(),
        undo: () => this.#operator.history("undo"),
        redo: () => this.#operator.history("redo"),
      },
      signal,
    );
    frame.toolbar.after(this.#rail.bar);
    const desk = h("div.nbl-edit-desk");
    stage.el.replaceWith(desk);
    desk.append(this.#rail.el, stage.el);
    frame.below(this.#rail.hint);
    this.#panels = new Panels({
      ...{ frame, rpc, signal, store: viewer.store, main: desk.parentElement! },
      subject: () => asked(this.picture, this.#operator.subjects()),
      label: () => this.#operator.subjects()[0]?.label ?? this.settings.get("label"),
      say: (text, wrong) => this.say(text, wrong),
      find: (anchor, current, choose) =>
        this.#labels.open({ title: "Definition of", current, anchor, choose }),
    });
    const kept = viewer.keys.filter(([keys]) => !OVERRULED.includes(keys));
    viewer.layerKeys(LAYER_KEYS);
    viewer.keys.splice(0, viewer.keys.length, ...KEYS, ...PANELS, ...kept);
    viewer.store.subscribe((changed) => changed.active && this.#pointedAnew(), signal);
    signal.addEventListener("abort", () => this.#drafts.free(), { once: true });
    this.take(this.settings.get("tool") as ToolName);
    this.showed();
  }

  /** May be of older tables than the store's, as edits use ids. */
  get picture(): Picture | undefined {
    return this.viewer.onStage;
  }

  get tool(): string {
    return this.#tool?.name ?? "select";
  }

  // ---- called by the stage

  pointer(event: ToolEvent): string {
    const { kind } = event;
    const picture = this.picture;
    if (!picture) return "";
    this.#point(event, picture);
    if (kind === "down") this.#passing = event.button !== 0;
    if (this.#passing) return "";
    if (!this.#tool) return kind === "down" ? this.#pick(event, picture) : "";
    if (kind === "down") this.strokes.begin(this.#tool.name, this.#strokeOn(event, picture), picture.head);
    const step = this.#tool.reduce(this.#state!, event);
    this.#state = step.state;
    this.strokes.follow(step.state);
    for (const effect of step.effects ?? []) if (effect.do === "point") this.viewer.point(effect.mask);
    if (step.change) this.#maker.perform(step.change, picture);
    if (kind === "cancel" || kind === "up") this.strokes.end();
    if (kind === "down") this.viewer.restyle();
    this.#drawSoon();
    return this.#tool.cursor(this.#state!);
  }

  key(event: KeyboardEvent): boolean {
    if (this.#panels.key(event) || this.#pressed(event)) return true;
    if (isTyping(event) || command(event, {} as never)) return false; // it is the viewer's
    return ownKey(event, (key) => this.#labelAt(key, ""));
  }

  #pressed(event: KeyboardEvent): boolean {
    return pressed(event, {
      take: (tool) => this.take(tool),
      operate: (op) => this.#operator.operate(op),
      decide: (name) => this.#decisions.decide(name),
      label: (at) =>
        this.#labelAt(
          String(at + 1),
          `There is no label ${at + 1}: the dataset has ${this.#catalog.names.all.length}.`,
        ),
      findLabel: () => this.#findLabel(),
      layer: (name) => this.viewer.settings.toggle(name),
      size: (factor) => this.#resize(factor),
      finish: (shift, alt) => this.#drawing() && this.#tell("finish", { shift, alt }),
      back: () => this.#drawing() && this.#tell("back"),
      escape: () => this.#escape(),
      undo: () => this.#operator.history("undo"),
      redo: () => this.#operator.history("redo"),
      copy: () => this.#clipboard.copy(this.#operator.subjects()),
      paste: () => this.picture && this.#clipboard.paste(this.picture),
    });
  }

  moved(): void {
    this.#drawSoon();
  }

  showed(): void {
    const picture = this.picture;
    this.#rail.state.el.hidden = !picture;
    if (!picture) return;
    const { head } = picture;
    if (head.imageId !== this.#imageId) {
      this.#imageId = head.imageId;
      this.picked.clear();
      this.made = this.under = null;
      this.#reset();
    }
    this.#find();
    this.#settle(picture);
    for (const key of this.picked) if (maskOf(picture, key) < 0) this.picked.delete(key);
    this.#catalog.known(head.label.instances, head.label.colors, head.rev, head.label.keys);
    this.#offer();
    this.#queued();
    this.#trace();
  }

  /** Show the label of new masks: the first, where the one chosen is gone. */
  #offer(): void {
    const { names, colors } = this.#catalog;
    if (!names.all.includes(this.settings.get("label"))) this.settings.set("label", names.all[0] ?? "");
    this.#rail.offer(colors[names.all.indexOf(this.settings.get("label"))]);
  }

  #findLabel(): void {
    const subjects = this.#operator.subjects();
    const [first] = subjects;
    const current = first?.label ?? this.settings.get("label");
    const title = `Label of ${first ? counted(subjects.length, "mask") : "new masks"}`;
    const choose = (name: string) => this.#operator.relabel(name);
    this.#labels.open({ title, current, anchor: this.#rail.label.el, choose });
  }

  /** Give the label of a key. @param none said where no label has it; "" for nothing. */
  #labelAt(key: string, none: string): boolean {
    const name = this.#catalog.at(key);
    if (name !== undefined) {
      this.#catalog.used(name);
      this.#operator.relabel(name);
    } else if (none) this.say(none);
    return name !== undefined;
  }

  /** Drop edits that the tables on the page include; the mask made last becomes the active one. */
  #settle(picture: Picture): void {
    for (const item of this.queue.arrived(picture.head.rev)) {
      if (this.made === null || this.queue.key(item.key) !== this.queue.key(this.made)) continue;
      const mask = item.known === undefined ? -1 : maskOf(picture, `instances:${item.known}`);
      this.made = null;
      if (mask >= 0) this.viewer.point(mask);
    }
  }

  readonly veiled = (mask: number): boolean => {
    const key = this.picture?.key(mask);
    if (key === undefined) return false;
    const { subject } = this.strokes;
    return (
      this.queue.find(key) !== undefined || (subject !== undefined && this.queue.key(subject.key) === key)
    );
  };

  // ---- tools

  take(name: ToolName): void {
    this.settings.set("tool", name);
    this.#tool = toolOf(name, this.finder);
    this.#reset();
    this.say(TOOLS.find((tool) => tool.name === name)?.hint ?? "");
    this.viewer.stage.el.style.cursor = this.#tool?.cursor(this.#tool.start) ?? "";
    this.#rail.update();
    this.#trace();
  }

  /** @param wrong whether something failed. */
  say(text: string, wrong = false): void {
    this.#rail.hint.textContent = text;
    this.#rail.hint.toggleAttribute("data-wrong", wrong);
  }

  /** The active mask: the one made last, else the active row. */
  active(picture: Picture): Subject | undefined {
    const key = this.made ?? this.#active;
    return key === null ? undefined : subjectOf(picture, key, this.queue);
  }

  #reset(): void {
    this.#state = this.#tool?.start ?? null;
    this.strokes.end();
    this.finder.forget();
    this.#drawSoon();
  }

  #tell(kind: "finish" | "back", more: Partial<ToolEvent> = {}): boolean {
    const picture = this.picture;
    if (!this.#tool || !picture) return false;
    const plain = {
      x: -1e9,
      y: -1e9,
      sx: 0,
      sy: 0,
      under: [],
      button: 0,
      shift: false,
      alt: false,
      ctrl: false,
    };
    const event = { ...plain, scale: this.viewer.stage.camera.scale, kind, ...more };
    const step = this.#tool.reduce(this.#state!, event);
    this.#state = step.state;
    if (step.change) this.#maker.perform(step.change, picture);
    this.#drawSoon();
    return true;
  }

  /** Whether a drawing is unfinished. */
  #drawing(): boolean {
    const state = this.#state as {
      path?: unknown[];
      points?: unknown[];
      from?: unknown;
      corner?: unknown;
    } | null;
    const drawn = state && (state.path?.length || state.points?.length || state.from || state.corner);
    return Boolean(drawn || this.finder.found);
  }

  #escape(): boolean {
    if (this.#drawing() && this.#tool?.name !== "reshape") this.#reset();
    else if (this.picked.size) this.picked.clear();
    else if (this.made || this.viewer.store.active?.of !== "images") {
      this.made = null;
      this.viewer.point(-1);
    } else this.take("select");
    this.#able();
    this.#drawSoon();
    return true;
  }

  #point({ kind, under }: ToolEvent, picture: Picture): void {
    const mask = under.find((one) => picture.of(one) === "predictions") ?? under[0];
    this.under = kind === "leave" || mask === undefined ? null : picture.key(mask);
  }

  /** Shift or Ctrl: pick one more. */
  #pick(event: ToolEvent, picture: Picture): string {
    const mask = event.under[0];
    if (!(event.shift || event.ctrl) || mask === undefined) return "";
    const key = picture.key(mask);
    if (!this.picked.delete(key)) this.picked.add(key);
    this.#passing = false;
    this.#able();
    this.#drawSoon();
    return "pointer";
  }

  /** The mask a brush works on: the active one; for an eraser without one, the mask under it. */
  #strokeOn(event: ToolEvent, picture: Picture): Subject | undefined {
    const subject = this.active(picture);
    const erases = (this.#tool?.name === "eraser") !== event.shift;
    if (subject || !erases || event.under[0] === undefined) return subject;
    return subjectAt(picture, event.under[0], this.queue);
  }

  #trace(): void {
    if (this.#tool?.name !== "reshape" || !this.picture) return;
    const subject = this.active(this.picture);
    const rings = subject ? this.outline.trace(subject.raster, this.viewer.stage.camera.scale) : [];
    this.#state = { rings, corner: null, before: null };
    this.#drawSoon();
  }

  // ---- what is shown

  #changed(name: keyof EditOptions): void {
    if (
      name === "tool" &&
      this.#tool?.name !== this.settings.get("tool") &&
      (this.#tool || this.settings.get("tool") !== "select")
    )
      this.take(this.settings.get("tool") as ToolName);
    this.#rail.update();
    if (name === "label") this.showed();
    this.#drawSoon();
  }

  #resize(factor: number): void {
    const size = this.settings.get("brush_size");
    const next = factor > 1 ? Math.max(Math.round(size * factor), size + 1) : Math.floor(size * factor);
    this.settings.set("brush_size", Math.min(Math.max(next, 1), 512));
  }

  #pointedAnew(): void {
    const { active } = this.viewer.store;
    if (active && active.of !== "images") this.made = null;
    this.#find();
    this.#able();
    this.#trace();
  }

  /** Find the active mask, while picture and store are of the same tables. */
  #find(): void {
    const picture = this.viewer.picture;
    if (!picture) return;
    const { active } = this.viewer.store;
    const mask = active ? picture.find(active.of, active.row) : -1;
    this.#active = mask < 0 ? null : picture.key(mask);
  }

  #queued(): void {
    if (this.picture) this.#settle(this.picture); // an edit that changed nothing brings no new tables
    this.#rail.waiting(this.queue.waiting);
    this.#able();
    this.viewer.restyle();
    this.#drawSoon();
  }

  #able(): void {
    this.#panels.follow();
    this.#rail.able(this.#operator.subjects());
  }

  restyled(): void {
    const { picture } = this;
    if (picture) this.#rail.state.show(picture.head.state, this.#decisions.here(picture).length);
  }

  refused(error: unknown): void {
    if (error instanceof Cancelled) return;
    this.say(said(error), true);
    this.#trace();
  }

  #draw(): void {
    const picture = this.picture;
    const shown: Shown = {
      picture,
      stage: this.viewer.stage,
      settings: this.settings,
      items: this.queue.items.filter((item) => item.imageId === picture?.head.imageId),
      queue: this.queue,
      found: this.finder.found ?? EMPTY,
      strokes: this.strokes,
      tool: this.#tool?.name ?? "select",
      state: this.#state,
      picked: [...this.picked],
      opacity: this.viewer.settings.get("opacity"),
      route: (from, to) => this.finder.route(from, to),
    };
    show(this.#drafts, shown);
  }
}
