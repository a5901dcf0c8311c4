/** Points for the rows of a table, linked to all other views by the shared selection. */

import { Bitset } from "../../core/rows/bitset";
import type { Clause, Of, Pointed, SelectionStore } from "../../core/rows/selection";
import { measured, timed } from "../../core/timing";
import { formatCount } from "../../core/values/format";
import { h, perFrame } from "../../draw/dom";
import { tiers } from "../../draw/splat";
import { readTheme, watchTheme } from "../../draw/theme";
import { Cancelled, RemoteError, type Rpc } from "../../wire/rpc";
import { leaveAlike, moreLike } from "../alike";
import { cheatsheet } from "../cheatsheet";
import type { Frame } from "../frame";
import { Acting } from "./acting";
import { type Found, type How, inShape, type Shape, shaped } from "./clauses";
import { Coloring } from "./coloring";
import { type Description, loadAxis, loadColor, loadIds } from "./data";
import { type Gestures, listen, type Mode } from "./gestures";
import { KEYS, onKeys } from "./keys";
import { Plot } from "./plot";
import { createToolbar, type Toolbar } from "./toolbar";
import { createTooltip, type Tooltip } from "./tooltip";
import { type Picture, Windows } from "./windows";

export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

const RINGS = 300; // rings at most, if an active image has many points
const NARROW = 520; // pixels; from this width on, the legend is beside the plot

interface Drawing {
  shape: Shape;
  path: readonly number[];
  how: How;
  before: Clause | undefined;
}

export class Scatter {
  readonly #frame: Frame;
  readonly #model: Model;
  readonly #rpc: Rpc;
  readonly #store: SelectionStore;
  readonly #signal: AbortSignal;
  readonly #of: Of;
  readonly #source: string;
  readonly #plot: Plot;
  readonly #coloring: Coloring;
  readonly #toolbar: Toolbar;
  readonly #tooltip: Tooltip;
  readonly #acting: Acting;
  readonly #gestures: Gestures;
  readonly #windows: Windows;
  readonly #caption = h("div.nbl-scatter-caption");
  readonly #restate: () => void;
  readonly #drawn: () => void;
  #described: Description | null = null;
  #rev = -1; // revision of the tables of the points
  #round = 0; // number of the load; replies to older ones are dropped
  #ids: Float64Array | null = null;
  #counts: ArrayLike<number> = [0, 0, 0, 0];
  /** Rows that other views allow, as last drawn. */
  #others: Bitset | null = null;
  #hovering = -1;
  #problem = "";
  #drawing: Drawing | null = null;

  constructor(frame: Frame, model: Model, rpc: Rpc, store: SelectionStore, signal: AbortSignal) {
    [this.#frame, this.#model, this.#rpc, this.#store, this.#signal] = [frame, model, rpc, store, signal];
    this.#of = model.get("of") as Of;
    this.#source = String(model.get("source"));
    this.#plot = new Plot(signal, () => this.#arrange());
    const members = (params: object, n: number) =>
      this.#windows.rows("members", { ...params, rev: this.#rev }, n);
    this.#coloring = new Coloring(store, this.#of, this.#source, members);
    const took = (picture: Picture) => this.#took(picture);
    const fail = (error: unknown) => this.#fail(error, this.#round);
    this.#windows = new Windows({ plot: this.#plot, rpc, took, fail }, signal);
    const body = h("div.nbl-scatter", {}, this.#plot.element, this.#coloring.element);
    frame.body.append(body);
    this.#plot.element.append(this.#caption);
    this.#tooltip = createTooltip(this.#plot.element, rpc, signal);
    this.#acting = new Acting(frame, this.#of, this.#source, rpc, store, signal);
    const help = cheatsheet(frame, KEYS, signal);
    this.#toolbar = createToolbar(
      frame,
      {
        mode: (mode) => this.#put("mode", mode),
        choose: (what, name) => this.#put(what, name),
        density: () => this.#put("density", !model.get("density")),
        more: () => this.#more(),
        fit: () => this.#plot.fit(),
        look: (what, value) => this.#put(what, value),
        looks: () => ({ size: model.get("size") as number, opacity: model.get("opacity") as number }),
        help,
      },
      signal,
    );
    this.#gestures = listen(this.#plot.element, frame.root, this.#handlers(), signal);
    onKeys(frame.root, this.#actions(), signal);
    this.#restate = perFrame(() => timed("nbl:scatter:state", () => this.#state()), signal);
    this.#drawn = perFrame(() => this.#brush(false), signal);
    this.#listen();
    this.#retheme();
    frame.empty("Loading …");
    void this.#load();
  }

  #listen(): void {
    const changed = (name: string, callback: () => void) => {
      this.#model.on(`change:${name}`, callback);
      this.#signal.addEventListener("abort", () => this.#model.off(`change:${name}`, callback), {
        once: true,
      });
    };
    for (const name of ["x", "y"]) changed(name, () => void this.#loadAxes(true));
    changed("color", () => void (this.#described?.sampled ? this.#loadAxes(true) : this.#loadColor()));
    for (const name of ["mode", "density", "size", "opacity"]) changed(name, () => this.#settings());
    this.#settings();
    watchTheme(() => this.#retheme(), this.#signal);
    changed("_display", () => this.#tooltip.forget());
    this.#rpc.on("refresh", () => void this.#load());
    this.#rpc.on<{ problem: string }>("layout", ({ problem }) => {
      this.#problem = problem;
      void this.#load();
    });
    this.#store.subscribe((what) => {
      if (what.tables && this.#store.rev !== this.#rev) void this.#load();
      if (what.clauses) this.#windows.stale = true;
      if (what.clauses) this.#restate();
      if (what.clauses) this.#acting.update();
      if (what.active || what.hover) this.#point();
    }, this.#signal);
  }

  /** Request everything again. */
  async #load(): Promise<void> {
    const round = ++this.#round;
    try {
      const { result } = await this.#rpc.request<Description>("describe", {}, { key: "describe" });
      if (round !== this.#round || result.rev !== this.#store.rev) return; // another notice of the new tables follows
      this.#described = result;
      this.#toolbar.offer(result);
      this.#acting.described(result.n, result.asks);
      this.#settings();
      this.#frame.settle();
      await this.#loadAxes(false);
      if (result.sampled) return;
      await this.#loadColor();
      this.#loadIds();
    } catch (error) {
      this.#fail(error, round);
    }
  }

  async #loadAxes(again: boolean): Promise<void> {
    const round = again ? ++this.#round : this.#round;
    const description = this.#described;
    if (!description) return;
    this.#settings();
    this.#windows.forget();
    try {
      const { rev } = description;
      if (description.sampled) return await this.#loadSampled(rev, round);
      const [nx, ny] = [String(this.#model.get("x")), String(this.#model.get("y"))];
      const [x, y] = await Promise.all([
        loadAxis(this.#rpc, nx, rev, "x"),
        loadAxis(this.#rpc, ny, rev, "y"),
      ]);
      if (round !== this.#round || rev !== this.#store.rev) return;
      const before = this.#plot.axes;
      const same = this.#rev === rev && before !== null;
      const moved = before && (before[0].name !== x.name || before[1].name !== y.name || x.kind === "layout");
      this.#rev = rev;
      this.#plot.setAxes(x, y, same && !!moved);
      this.#recolor();
      this.#state();
      this.#frame.settle();
    } catch (error) {
      this.#fail(error, round);
    }
  }

  /** Of a table too large to be sent: axes and legend, then what is in view. */
  async #loadSampled(rev: number, round: number): Promise<void> {
    const { axes, spans, n, color } = await this.#windows.load(rev);
    if (round !== this.#round || rev !== this.#store.rev) return;
    const [x, y] = axes.map((head) => ({ ...head, values: new Float32Array(0) }));
    this.#rev = rev;
    this.#plot.setSampled([x, y], spans, n);
    this.#coloring.setSampled(color);
    this.#arrange();
    await this.#windows.ask(rev);
  }

  #took({ head, color }: Picture): void {
    if (head.rev !== this.#store.rev) return;
    this.#coloring.sampled(head.tally, color);
    this.#retheme();
    this.#state();
    this.#frame.settle();
  }

  async #loadColor(): Promise<void> {
    const round = this.#round;
    const description = this.#described;
    const name = this.#model.get("color") as string | null;
    this.#settings();
    if (!description) return;
    try {
      const column = name === null ? null : await loadColor(this.#rpc, name, description.rev);
      if (description.rev !== this.#store.rev || name !== this.#model.get("color")) return;
      this.#coloring.set(column, description.n);
      this.#arrange();
      this.#recolor();
    } catch (error) {
      this.#fail(error, round);
    }
  }

  #loadIds(): void {
    const { first_id: first, rev, n } = this.#described!;
    this.#ids = null;
    if (first !== null || !n) return;
    const take = (ids: Float64Array) => {
      if (rev === this.#rev) this.#ids = ids;
    };
    loadIds(this.#rpc, rev).then(take, () => {}); // tooltips work without ids
  }

  #fail(error: unknown, round: number): void {
    if (round !== this.#round || error instanceof Cancelled) return;
    // The tables changed between two requests: a notice of it follows.
    if (error instanceof RemoteError && error.type === "HistoryError") return;
    if (!this.#plot.axes) this.#frame.empty("Nothing could be loaded.");
    this.#frame.fail(error, () => void this.#load());
  }

  #put(name: string, value: unknown): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  #settings(): void {
    const get = <T>(name: string) => this.#model.get(name) as T;
    const mode = get<Mode>("mode");
    const density = get<boolean>("density");
    this.#toolbar.update({ mode, density, x: get("x"), y: get("y"), color: get("color") });
    this.#plot.options = { density, size: get("size"), opacity: get("opacity") };
    this.#plot.element.dataset.mode = mode;
    this.#plot.draw();
  }

  #retheme(): void {
    const theme = readTheme(this.#frame.root);
    this.#plot.theme = theme;
    this.#plot.tables = this.#coloring.tables(theme);
    this.#coloring.update();
    this.#plot.draw();
  }

  #recolor(): void {
    const { cloud } = this.#plot;
    const { places } = this.#coloring;
    const color = places.length === cloud.x.length ? places : new Uint16Array(cloud.x.length);
    this.#plot.cloud = { ...cloud, color };
    this.#retheme();
  }

  /** Put the legend beside the plot if there is room, else below. */
  #arrange(): void {
    const wide = this.#frame.body.clientWidth >= NARROW;
    this.#frame.body.dataset.legend = this.#coloring.column ? (wide ? "beside" : "below") : "none";
  }

  /** The selection has changed: update dimmed and marked points, and the counts. */
  #state(): void {
    const { cloud } = this.#plot;
    const { n } = this.#store.tables[this.#of];
    const { picture, preview } = this.#windows;
    if (this.#rev !== this.#store.rev || cloud.x.length !== (picture ? picture.rows.length : n)) return;
    const own = this.#store.clauses.get(this.#source);
    let marked = own?.of === this.#of ? own.rows : null;
    let others = this.#store.allowed(this.#of, [this.#source]);
    if (picture) [marked, others] = [preview ?? this.#windows.drawn(marked), this.#windows.drawn(others)];
    const brushing = this.#plot.marked && marked !== null && others === this.#others;
    this.#others = others;
    this.#plot.marked = marked !== null;
    const counts = tiers(cloud, others, marked, cloud.tier);
    this.#counts = picture?.head.counts ?? counts;
    this.#coloring.update();
    this.#point();
    this.#say();
    if (brushing) this.#plot.remark();
    else this.#plot.draw();
  }

  #say(): void {
    const { n } = this.#store.tables[this.#of];
    const [hidden, dimmed, plain, marked] = Array.from(this.#counts);
    const shown = formatCount(plain + marked);
    const all = dimmed ? `${shown} / ${formatCount(this.#plot.n)}` : shown;
    const parts = [`${all} ${n === 1 ? this.#of.slice(0, -1) : this.#of}`];
    if (this.#plot.marked)
      parts.push(`${this.#windows.picture && this.#windows.stale ? "…" : formatCount(marked)} selected`);
    const text = parts.join(" · ");
    this.#toolbar.count(text, `${text}${dimmed ? `; ${formatCount(dimmed)} left out by filters` : ""}`);
    const [x, y] = this.#plot.axes ?? [];
    this.#plot.label = `Scatter plot of ${text}, ${x?.name} against ${y?.name}`;
    const notes = [this.#layoutSaid()];
    const head = this.#windows.picture?.head;
    if (head && !head.complete)
      notes.push(`${formatCount(head.drawn)} of ${formatCount(n)} points; density and counts are of all`);
    if (hidden && this.#plot.n) notes.push(`${formatCount(hidden)} not shown: no coordinates`);
    this.#caption.textContent = notes.filter(Boolean).join(" · ");
    const none = `None of the ${formatCount(n)} ${this.#of} has both ${x?.name} and ${y?.name}.`;
    this.#frame.empty(this.#plot.n ? "" : n ? none : `There are no ${this.#of}.`);
  }

  #layoutSaid(): string {
    const axis = this.#plot.axes?.[0];
    if (axis?.kind !== "layout" || !axis.method) return "";
    const name = { pca: "PCA", umap: "UMAP", pacmap: "PaCMAP" }[axis.method] ?? axis.method;
    if (this.#problem) return `${name}; ${this.#problem}`;
    return axis.ready ? name : `${name} · UMAP is being computed …`;
  }

  /** Row of a point; -1 for none. */
  #rowAt(at: number): number {
    return this.#windows.picture?.rows[at] ?? at;
  }

  /** Draw rings around the active and the hovered row. */
  #point(): void {
    const { picture } = this.#windows;
    const ringed = (pointed: Pointed | null, ring: boolean) =>
      picture ? this.#windows.pointed(this.#rowsOf(pointed), ring) : this.#rowsOf(pointed);
    this.#plot.active = ringed(this.#store.active, true);
    this.#plot.hovered = ringed(this.#store.hover, false);
    this.#plot.drawOver();
  }

  #rowsOf(pointed: Pointed | null): number[] {
    if (!pointed || this.#rev !== this.#store.rev) return [];
    if (pointed.of === this.#of) return [pointed.row];
    if (this.#of === "images") return [this.#store.imageOf(pointed)].filter((row) => row >= 0);
    if (pointed.of !== "images") return [];
    const { imageRow } = this.#store.tables[this.#of];
    const out: number[] = [];
    let at = imageRow!.indexOf(pointed.row);
    for (; at >= 0 && out.length < RINGS; at = imageRow!.indexOf(pointed.row, at + 1)) out.push(at);
    return out;
  }

  #handlers() {
    const plot = this.#plot;
    const inside = (x: number, y: number): [number, number] => [x - plot.box.left, y - plot.box.top];
    return {
      mode: () => this.#model.get("mode") as Mode,
      pan: (dx: number, dy: number) => plot.pan(dx, dy),
      zoom: (factor: number, x: number, y: number) => {
        this.#leave();
        return plot.zoom(factor, ...inside(x, y));
      },
      draw: (shape: Shape, path: readonly number[], how: How, done: boolean) => {
        const moved = path.map((at, i) => at - (i % 2 ? plot.box.top : plot.box.left));
        const before = this.#drawing ? this.#drawing.before : this.#store.clauses.get(this.#source);
        this.#drawing = { shape, path: moved, how, before };
        if (done) this.#brush(true);
        else this.#drawn();
      },
      cancel: () => this.#undraw(),
      hover: (x: number, y: number) => this.#hover(...inside(x, y)),
      leave: () => this.#leave(),
      click: (x: number, y: number) => {
        const row = this.#rowAt(plot.pick(...inside(x, y)));
        if (row >= 0) this.#store.setActive({ of: this.#of, row }, this.#source);
      },
      double: () => plot.fit(),
    };
  }

  /** Make the drawing so far a clause: other views follow while the pointer moves. */
  #brush(done: boolean): void {
    const drawing = this.#drawing;
    const { axes } = this.#plot;
    if (!drawing || !axes || this.#rev !== this.#store.rev) return;
    const { shape, path, how, before } = drawing;
    const { toX, toY, perPixel } = this.#plot.scales;
    const start = performance.now();
    const found = inShape(shape, path, axes, toX, toY, perPixel);
    measured("nbl:scatter:lasso", start);
    if (this.#windows.picture) {
      this.#windows.stale = true;
      this.#windows.follow(shape, path, how, before?.of === this.#of ? before.rows : null);
      this.#plot.shape = { kind: shape, path };
      this.#state();
      if (done) void this.#select(drawing, found);
      return;
    }
    const clause = shaped(this.#of, shape, found, how, before);
    timed("nbl:scatter:link", () => this.#store.set(this.#source, clause));
    this.#plot.shape = done ? null : { kind: shape, path };
    if (done) this.#drawing = null;
    this.#plot.drawOver();
  }

  /** Of a table too large to be sent the kernel tests all rows. */
  async #select(drawing: Drawing, found: Found | null): Promise<void> {
    this.#drawing = null;
    const { shape, how, before } = drawing;
    const params = { shape, corners: found?.corners, rev: this.#rev };
    const rows = found && (await this.#windows.rows("inside", params, this.#store.tables[this.#of].n));
    if (this.#drawing) return; // another shape
    this.#windows.preview = this.#plot.shape = null;
    const all = found && rows && { rows, code: found.code };
    if (all || !found) this.#store.set(this.#source, shaped(this.#of, shape, all, how, before));
    this.#state();
  }

  #undraw(): void {
    const before = this.#drawing?.before;
    this.#drawing = this.#windows.preview = null;
    this.#plot.shape = null;
    this.#store.set(this.#source, before ?? null);
    this.#plot.drawOver();
  }

  #hover(x: number, y: number): void {
    if (this.#rev !== this.#store.rev) return;
    const at = this.#plot.pick(x, y);
    const row = this.#rowAt(at);
    if (row < 0) {
      this.#leave();
      return;
    }
    if (row !== this.#hovering) this.#store.setHover({ of: this.#of, row }, this.#source);
    this.#hovering = row;
    const { left, top } = this.#plot.box;
    const [px, py] = this.#plot.where(at);
    const head = [this.#idOf(row), this.#coloring.said(row)].filter(Boolean);
    this.#tooltip.show(row, this.#rev, head, px + left, py + top);
  }

  #leave(): void {
    this.#tooltip.hide();
    const { hover } = this.#store;
    if (this.#hovering >= 0 && hover?.of === this.#of && hover.row === this.#hovering)
      this.#store.setHover(null, this.#source);
    this.#hovering = -1;
  }

  #idOf(row: number): string {
    const { ids, first_id: first } = this.#described!;
    const id = first === null ? this.#ids?.[row] : first + row;
    return id === undefined ? "" : `${ids} ${id}`;
  }

  /** Select what looks like the points selected here, else like the active row or the one under the pointer. */
  #more(): void {
    const [store, of] = [this.#store, this.#of];
    const own = store.clauses.get(this.#source);
    const one = new Bitset(store.tables[of].n);
    const at = [store.hover, store.active].find((pointed) => pointed?.of === of);
    if (at) one.add(at.row);
    const view = { rpc: this.#rpc, store, frame: this.#frame };
    void moreLike(view, of, own?.of === of ? own.rows : one);
  }

  #actions() {
    const plot = this.#plot;
    return {
      mode: (mode: Mode) => this.#put("mode", mode),
      density: () => this.#put("density", !this.#model.get("density")),
      more: () => this.#more(),
      relabel: () => this.#acting.relabel(),
      answer: () => this.#acting.answer(),
      fit: () => plot.fit(),
      zoom: (factor: number) => plot.zoom(factor),
      pan: (dx: number, dy: number) => plot.pan(dx, dy),
      hold: (yes: boolean) => {
        plot.element.dataset.mode = yes ? "pan" : String(this.#model.get("mode"));
      },
      escape: () => {
        if (this.#gestures.cancel() || this.#acting.cancel()) return;
        if (this.#store.clauses.has(this.#source)) this.#store.set(this.#source, null);
        else if (!leaveAlike(this.#store, this.#source)) this.#coloring.clear();
      },
    };
  }
}
