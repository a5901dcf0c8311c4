/** The scatter: data from the kernel, what is allowed and marked from the selection, gestures to clauses. */
import type { Clause, Pointed, SelectionStore } from "../../core/selection";
import { readTheme, watchTheme } from "../../draw/theme";
import { Cancelled, type Rpc } from "../../wire/rpc";
import { perFrame } from "../dom";
import type { Frame } from "../frame";
import { type How, inShape, type Shape, shaped } from "./clauses";
import { type ColorColumn, type Description, loadAxis, loadColor, loadIds } from "./data";
import { type Gestures, listen, type Mode } from "./gestures";
import { Legend } from "./legend";
import { mark, Plot } from "./plot";
import { Tools } from "./tools";
import { Tooltip } from "./tooltip";

export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(name: string, callback: () => void): void;
}

type Of = Pointed["of"];

export class Scatter {
  readonly #frame: Frame;
  readonly #model: Model;
  readonly #rpc: Rpc;
  readonly #store: SelectionStore;
  readonly #signal: AbortSignal;
  readonly #of: Of;
  readonly #source: string;
  readonly #plot = new Plot();
  readonly #tools: Tools;
  readonly #legend: Legend;
  readonly #tooltip: Tooltip;
  readonly #gestures: Gestures;
  readonly #points: () => void;
  readonly #marks: () => void;
  #about: Description | null = null;
  #color: ColorColumn | null = null;
  #ids: Float64Array | null = null;
  #drawing: {
    shape: Shape;
    path: readonly number[];
    how: How;
    before: Clause | undefined;
  } | null = null;
  #loading = 0;

  constructor(frame: Frame, model: Model, rpc: Rpc, store: SelectionStore, signal: AbortSignal) {
    this.#frame = frame;
    this.#model = model;
    this.#rpc = rpc;
    this.#store = store;
    this.#signal = signal;
    this.#of = model.get("of") as Of;
    this.#source = String(model.get("source"));
    this.#legend = new Legend(store, this.#of, `${this.#source}/filter`);
    this.#tooltip = new Tooltip(rpc, signal);
    this.#points = perFrame(() => this.#draw(), signal);
    this.#marks = perFrame(() => this.#drawMarks(), signal);
    frame.root.classList.add("nbl-scatter");
    frame.body.append(this.#plot.root, this.#tooltip.root);
    frame.root.insertBefore(this.#legend.root, frame.body.nextSibling);
    this.#tools = new Tools(
      frame,
      {
        mode: (mode) => this.#setTrait("mode", mode),
        set: (name, value) => this.#setTrait(name, value),
        fit: () => this.#move(() => this.#plot.fit()),
        zoom: (factor) => this.#move(() => this.#plot.zoom(factor)),
        pan: (dx, dy) => this.#move(() => this.#plot.pan(dx, dy)),
        escape: () => this.#escape(),
      },
      signal,
    );
    this.#gestures = listen(this.#plot.area, frame.root, this.#handlers(), signal);
    this.#followModel();
    this.#follow();
    this.#resize();
    this.#readOptions();
    void this.#load();
  }

  #handlers(): Parameters<typeof listen>[2] {
    return {
      mode: () => this.#model.get("mode") as Mode,
      pan: (dx, dy) => this.#move(() => this.#plot.pan(dx, dy)),
      zoom: (factor, x, y) => this.#move(() => this.#plot.zoom(factor, x, y)),
      draw: (shape, path, how, done) => this.#brush(shape, path, how, done),
      cancel: () => this.#giveUp(),
      hover: (x, y) => this.#hover(x, y),
      leave: () => this.#leave(),
      click: (x, y) => this.#click(x, y),
    };
  }

  #followModel(): void {
    const on = (names: string[], work: () => void) => {
      for (const name of names) this.#model.on(`change:${name}`, () => this.#signal.aborted || work());
    };
    on(["mode", "density", "size", "opacity"], () => this.#readOptions());
    on(["x", "y", "color"], () => void this.#load());
    on(["height"], () => this.#setHeight());
    this.#rpc.on("refresh", () => void this.#load());
    this.#rpc.on<{ problem: string }>("layout", ({ problem }) => {
      if (problem) this.#frame.fail(new Error(problem));
      void this.#load();
    });
    watchTheme(() => this.#themed(), this.#signal);
  }

  #follow(): void {
    this.#store.subscribe((changed) => {
      if (changed.tables && this.#about && this.#about.rev !== this.#store.rev) void this.#load();
      if (changed.clauses || changed.tables) {
        this.#legend.sync();
        this.#points();
      }
      if (changed.hover || changed.active) this.#marks();
    }, this.#signal);
  }

  #setTrait(name: string, value: unknown): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  #readOptions(): void {
    const get = (name: string) => this.#model.get(name);
    this.#plot.options = {
      density: Boolean(get("density")),
      size: get("size") as number | null,
      opacity: get("opacity") as number | null,
    };
    this.#frame.root.dataset.mode = String(get("mode"));
    this.#showTools();
    this.#points();
  }

  #setHeight(): void {
    this.#frame.root.style.height = `${this.#model.get("height")}px`;
  }

  #themed(): void {
    this.#plot.theme = readTheme(this.#frame.root);
    this.#points();
  }

  #resize(): void {
    this.#setHeight();
    const size = () => {
      const { clientWidth: width, clientHeight: height } = this.#frame.body;
      if (!width || !height) return;
      this.#plot.resize(width, height, Math.min(window.devicePixelRatio || 1, 2));
      this.#draw();
    };
    const observer = new ResizeObserver(size);
    observer.observe(this.#frame.body);
    this.#signal.addEventListener("abort", () => observer.disconnect(), { once: true });
    this.#sized = size;
    this.#plot.theme = readTheme(this.#frame.root);
  }

  #sized: () => void = () => undefined;

  /** Coordinates and colors as the traits name them; of loads under way only the newest counts. */
  async #load(): Promise<void> {
    const turn = ++this.#loading;
    const model = this.#model;
    const [x, y] = [String(model.get("x")), String(model.get("y"))];
    const color = model.get("color") as string | null;
    if (!this.#about) this.#frame.empty("loading points …");
    try {
      const about = (await this.#rpc.request<Description>("describe", {}, { key: "describe" })).result;
      const axes = [
        await loadAxis(this.#rpc, x, about.rev, "x"),
        await loadAxis(this.#rpc, y, about.rev, "y"),
      ] as const;
      const colors = color === null ? null : await loadColor(this.#rpc, color, about.rev);
      const ids = about.n && about.first_id === null ? await loadIds(this.#rpc, about.rev) : null;
      if (turn !== this.#loading || this.#signal.aborted) return;
      const again = this.#about !== null;
      this.#about = about;
      this.#ids = ids;
      this.#color = colors;
      const wasLayout = this.#plot.isLayout;
      this.#plot.setAxes(axes, again);
      this.#legend.show(colors, this.#plot.setColors(colors));
      if (wasLayout !== this.#plot.isLayout || !again) this.#sized();
      this.#frame.settle();
      this.#showTools();
      this.#points();
    } catch (error) {
      if (turn !== this.#loading || error instanceof Cancelled) return;
      if (!this.#about) this.#frame.empty("no points");
      this.#frame.fail(error, () => void this.#load());
    }
  }

  #showTools(): void {
    const get = (name: string) => this.#model.get(name);
    this.#tools.show({
      about: this.#about,
      x: String(get("x")),
      y: String(get("y")),
      color: get("color") as string | null,
      mode: get("mode") as Mode,
      density: Boolean(get("density")),
    });
  }

  #draw(): void {
    if (!this.#about) return;
    const { rev } = this.#about;
    const ours = rev === this.#store.rev;
    const allowed = ours ? this.#store.allowed(this.#of, [this.#source]) : null;
    const own = ours ? this.#store.clauses.get(this.#source) : undefined;
    this.#plot.setTiers(allowed, own && own.of === this.#of ? own.rows : null);
    this.#plot.drawPoints();
    this.#legend.count(this.#plot.cloud.color, this.#plot.cloud.tier);
    this.#say();
    this.#drawMarks();
  }

  #say(): void {
    const { counts } = this.#plot;
    const [hidden, dimmed, plain, marked] = counts;
    const shown = plain + marked;
    const n = shown + dimmed;
    const count = (value: number) => value.toLocaleString("en");
    const text = `${count(marked || shown)} / ${count(n)} ${this.#of}`;
    this.#tools.say(text, hidden ? `${count(hidden)} not shown: no coordinates` : "");
    this.#plot.describe(
      `scatter of ${this.#of}: ${count(n)} points, ${count(shown)} allowed, ${count(marked)} selected here`,
    );
    const nothing = !(n + hidden)
      ? `no ${this.#of} yet`
      : n
        ? ""
        : `none of ${count(hidden)} ${this.#of} has coordinates`;
    this.#frame.empty(nothing);
  }

  #drawMarks(): void {
    const rings: [number, boolean][] = [];
    const { active, hover } = this.#store;
    for (const [pointed, strong] of [
      [hover, false],
      [active, true],
    ] as const) {
      const row = this.#rowOf(pointed);
      if (row >= 0) rings.push([row, strong]);
    }
    this.#plot.drawMarks(rings, this.#drawing);
  }

  /** Our row for what other views point at: the row itself, or the image it is on. */
  #rowOf(pointed: Pointed | null): number {
    if (!pointed || this.#about?.rev !== this.#store.rev) return -1;
    if (pointed.of === this.#of) return pointed.row;
    return this.#of === "images" ? this.#store.imageOf(pointed) : -1;
  }

  #move(work: () => void): void {
    work();
    this.#tooltip.hide();
    this.#points();
  }

  #brush(shape: Shape, path: readonly number[], how: How, done: boolean): void {
    const { axes } = this.#plot;
    if (!axes || this.#about?.rev !== this.#store.rev) return;
    const before = this.#drawing?.before ?? this.#store.clauses.get(this.#source);
    this.#drawing = { shape, path, how, before };
    if (done) this.#select(true);
    else this.#live();
    this.#marks();
  }

  /** While it is drawn, once a frame. */
  get #live(): () => void {
    this.#liveFrame ??= perFrame(() => this.#drawing && this.#select(false), this.#signal);
    return this.#liveFrame;
  }
  #liveFrame: (() => void) | null = null;

  #select(done: boolean): void {
    const drawing = this.#drawing;
    const { axes } = this.#plot;
    if (!drawing || !axes) return;
    const start = performance.now();
    const { toX, toY, perPixel } = this.#plot.scales;
    const found = inShape(drawing.shape, drawing.path, axes, toX, toY, perPixel);
    mark("nbl:scatter:lasso", start);
    const clause = shaped(this.#of, drawing.shape, found, drawing.how, drawing.before);
    if (done) this.#drawing = null;
    this.#store.set(this.#source, clause);
    this.#points();
  }

  /** The shape under way is not wanted: what was selected before is again. */
  #giveUp(): void {
    const before = this.#drawing?.before;
    this.#drawing = null;
    this.#store.set(this.#source, before ?? null);
    this.#points();
  }

  #escape(): void {
    if (this.#gestures.cancel()) return;
    this.#store.set(this.#source, null);
  }

  #hover(x: number, y: number): void {
    const row = this.#about?.n ? this.#plot.nearest(x, y) : -1;
    this.#plot.area.style.cursor = row >= 0 ? "pointer" : "";
    if (row < 0) {
      this.#leave();
      return;
    }
    this.#store.setHover({ of: this.#of, row }, this.#source);
    const box = this.#frame.body.getBoundingClientRect();
    const area = this.#plot.area.getBoundingClientRect();
    const place = [x + area.left - box.left, y + area.top - box.top] as const;
    this.#tooltip.show(
      row,
      this.#title(row),
      this.#plot.colorOf(row),
      place,
      [box.width, box.height],
      this.#about!.rev,
    );
  }

  #title(row: number): string {
    const { ids, first_id } = this.#about!;
    const id = first_id === null ? (this.#ids?.[row] ?? row) : first_id + row;
    const color = this.#color;
    if (!color) return `${ids} ${id}`;
    const value = color.values[row];
    const said = color.categories.length
      ? color.categories[value - 1]
      : Number.isNaN(value)
        ? undefined
        : Number(value.toPrecision(4));
    return `${ids} ${id} · ${color.kind === "time" ? "" : `${color.name} ${said ?? "missing"}`}`;
  }

  #leave(): void {
    this.#tooltip.hide();
    if (this.#store.hover?.of === this.#of) this.#store.setHover(null, this.#source);
  }

  #click(x: number, y: number): void {
    const row = this.#about?.n ? this.#plot.nearest(x, y) : -1;
    if (row >= 0) this.#store.setActive({ of: this.#of, row }, this.#source);
  }
}
