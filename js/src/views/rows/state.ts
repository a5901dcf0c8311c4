/** The rows of a view: which, in which order, and their cells; follows the selection and the kernel. */
import { Bitset } from "../../core/rows/bitset";
import { RowCache } from "../../core/rows/cells";
import { VisibleRows } from "../../core/rows/order";
import type { Changed, Of, SelectionStore } from "../../core/rows/selection";
import { counted } from "../../core/values/format";
import { perFrame } from "../../draw/dom";
import { asArray } from "../../wire/codec";
import type { Rpc } from "../../wire/rpc";
import { moreLike } from "../alike";
import { hear } from "../elements";
import type { Frame } from "../frame";
import { Catalog } from "../labels/catalog";
import type { Described, Head, Model, Order, Sort } from "./wire";

/**
 * "rows": which rows; "cells": what is in them; "columns": which, and their headers; "marks": selected, active;
 * "elsewhere": another view set the active row, which should come into view.
 */
export type What = "rows" | "cells" | "columns" | "bars" | "marks" | "elsewhere" | "traits";

const KEPT_ROWS = 5000;
const KEPT_ORDERS = 6;

export abstract class RowsState<Traits extends { of: Of; source: string }> {
  readonly of: Of;
  readonly source: string;
  readonly cache = new RowCache(KEPT_ROWS);
  heads = new Map<string, Head>();
  /** Names of all columns. */
  names: string[] = [];
  idName = "";
  hasRun = false;
  /** Number of questions that may be asked of these rows. */
  asks = 0;
  /** Whether corrections are suggested for some rows. */
  suspects = false;
  readonly catalog: Catalog;
  n = 0;
  visible = VisibleRows.of(0, null, null);
  loaded = false;
  /** Whether an order is being fetched. */
  sorting = false;
  /** Rows that were on the screen so far. */
  seen = new Bitset(0);
  /** Number of rows that the last range left out because they were never on the screen. */
  leftOut = 0;
  /** Resolves when the newest tables have been read. */
  known: Promise<void> = Promise.resolve();
  /** The tables and columns that cached cells belong to. */
  #stamp = "";
  #stamps = 0;
  #looked = -1;
  #orders = new Map<string, Int32Array>();
  #listeners = new Set<(what: What) => void>();

  constructor(
    readonly model: Model<Traits>,
    readonly rpc: Rpc,
    readonly store: SelectionStore,
    readonly signal: AbortSignal,
    readonly frame: Pick<Frame, "fail" | "settle">,
  ) {
    this.of = model.get("of");
    this.source = model.get("source");
    this.catalog = new Catalog(rpc);
    store.subscribe((changed) => this.follow(changed), signal);
    hear(signal, "abort", () => this.#listeners.clear());
  }

  /** The text when there are no rows at all. */
  nothingYet(): string {
    if (this.of === "images") return "There are no images yet: ds.add_images(folder).";
    if (this.of === "instances") return "There are no instances yet: accept predictions, or draw masks.";
    return this.hasRun ? "The run has no predictions." : "There are no predictions: run = model.predict(ds).";
  }

  /** Columns whose cells are fetched. */
  abstract get wanted(): string[];

  /** Columns that sort the rows. */
  abstract get sort(): Sort;

  subscribe(listener: (what: What) => void): void {
    this.#listeners.add(listener);
  }

  /** Call back, at most once per frame, with what has changed; a lost or regained kernel counts as "marks". */
  eachFrame(draw: (what: ReadonlySet<What>) => void): void {
    let changed = new Set<What>();
    let lost = false;
    const update = perFrame(() => {
      const what = changed;
      changed = new Set();
      if (this.loaded && what.size) draw(what);
    }, this.signal);
    this.subscribe((what) => {
      changed.add(what);
      update();
    });
    this.rpc.watch(() => {
      if (this.rpc.lost !== lost) changed.add("marks");
      lost = this.rpc.lost;
      update();
    });
    this.rpc.on("refresh", () => {}); // the selection announces it, too, with the new rows
  }

  /** Rows picked in this view. */
  get own(): Bitset | null {
    const clause = this.store.clauses.get(this.source);
    return clause && clause.of === this.of ? clause.rows : null;
  }

  /** The rows that actions apply to: those that all clauses allow, this view's own included. */
  get focus(): Bitset {
    return this.store.allowed(this.of) ?? Bitset.all(this.n);
  }

  /** Whether `visible` has row numbers of the current tables; false until new tables have been read. */
  get current(): boolean {
    return this.#looked === this.store.rev;
  }

  /** Number of the current tables and columns, stored with cached cells. */
  get generation(): number {
    const stamp = `${this.store.rev}|${this.wanted.join("|")}`;
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#stamps++;
    }
    return this.#stamps;
  }

  get<K extends keyof Traits>(name: K): Traits[K] {
    return this.model.get(name);
  }

  set<K extends keyof Traits>(name: K, value: Traits[K]): void {
    this.model.set(name, value);
    this.model.save_changes();
  }

  /** Select what looks like the picked rows, else like one row; -1: none. */
  more(row: number): Promise<void> {
    const one = new Bitset(this.n);
    if (row >= 0) one.add(row);
    return moreLike(this, this.of, this.own ?? one);
  }

  /** Pick rows as this view's clause; null for none. */
  pick(rows: Bitset | null, leftOut = 0): void {
    const n = rows?.count() ?? 0;
    this.leftOut = leftOut;
    const title = counted(n, this.one);
    this.store.set(this.source, rows && n ? { of: this.of, rows, title, code: "" } : null);
  }

  /**
   * Pick a range: the rows at both ends, and of those between all that were on the screen.
   *
   * @param from the first row; if it is not shown, the range begins at the place itself.
   * @param more rows that stay picked.
   */
  pickRange(from: number, place: number, more: Bitset | null): void {
    const start = this.visible.placeOf(from);
    const between = this.visible.between(start < 0 ? place : start, place);
    const shown = between.filter((row, i) => i === 0 || i === between.length - 1 || this.seen.has(row));
    const rows = more?.clone() ?? new Bitset(this.n);
    for (const row of shown) rows.add(row);
    this.pick(rows, between.length - shown.length);
  }

  /** Record that the rows in view were on the screen. */
  see(): void {
    for (const row of this.inView()) this.seen.add(row);
  }

  /** The noun for one of the rows. */
  get one(): string {
    return this.of.slice(0, -1);
  }

  /** Read the tables again. */
  reload(): Promise<void> {
    this.known = this.#reload();
    return this.known;
  }

  async #reload(): Promise<void> {
    const { rev } = this.store;
    try {
      const names = this.wanted;
      const { result } = await this.rpc.request<Described>("describe", { names }, { key: "describe" });
      if (this.signal.aborted || rev !== this.store.rev || result.rev !== rev) return;
      const { columns, names: known, id, run, n, asks, suspects } = result;
      this.heads = new Map(columns.map((head) => [head.name, head]));
      Object.assign(this, { names: known, idName: id, hasRun: run, n, asks, suspects });
      this.catalog.known(result.labels, result.label_colors, rev, result.label_keys);
      const before = this.loaded;
      if (!before) this.look();
      this.loaded = true;
      this.tell("columns");
      await this.described();
      if (!before) this.tell("elsewhere");
    } catch (error) {
      this.frame.fail(error, () => void this.reload());
    }
  }

  /** Called when the tables have been read: load what depends on them. */
  protected async described(): Promise<void> {
    await this.resort();
  }

  /** Fetch the order, and show the rows in it. */
  async resort(): Promise<void> {
    const sort = this.#sort;
    const { rev } = this.store;
    const key = JSON.stringify([rev, sort]);
    this.tell("traits");
    if (sort.length && !this.#orders.has(key)) {
      this.sorting = true;
      this.tell("traits");
      try {
        const order = await this.#fetchOrder(sort);
        if (!order) return;
        for (const old of [...this.#orders.keys()].slice(0, -KEPT_ORDERS + 1)) this.#orders.delete(old);
        this.#orders.set(key, order);
      } catch (error) {
        this.frame.fail(error, () => void this.resort());
      } finally {
        this.sorting = false;
      }
    }
    this.look();
    this.tell("traits");
  }

  /** The row numbers in order, in parts; null if the tables change meanwhile. */
  async #fetchOrder(sort: unknown): Promise<Int32Array | null> {
    let out = new Int32Array(0);
    for (let at = 0; ; ) {
      const params = at ? { sort, start: at } : { sort };
      const { result, buffers } = await this.rpc.request<Order>("order", params, { key: "order" });
      if (result.rev !== this.store.rev) return null;
      const part = asArray(Int32Array, buffers[0]);
      if (part.length >= result.n) return part;
      if (!at) out = new Int32Array(result.n);
      out.set(part, at);
      at += part.length;
      if (at >= out.length) return out;
    }
  }

  /** Resolves when the rows in view are loaded, of this revision of the tables or a newer one. */
  settled(rev: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        const [row] = this.inView();
        const there =
          this.store.rev >= rev && (row === undefined || !this.cache.unknown(this.generation, [row]).length);
        if (!there) return;
        this.#listeners.delete(check);
        resolve();
      };
      this.#listeners.add(check);
      hear(this.signal, "abort", () => resolve(), { once: true });
      check();
    });
  }

  /** Rows in view; set by the grid. */
  inView: () => number[] = () => [];

  /** Compute which rows are shown. */
  look(): void {
    const { store, of } = this;
    const n = store.tables[of].n;
    this.n = n;
    if (this.seen.n !== n) this.seen = new Bitset(n);
    const sort = this.#sort;
    const order = sort.length ? this.#orders.get(JSON.stringify([store.rev, sort])) : null;
    if (order === undefined) return; // it is being fetched
    this.visible = VisibleRows.of(n, order, store.allowed(of, [this.source]));
    this.#looked = store.rev;
    this.tell("rows");
  }

  tell(what: What): void {
    if (this.signal.aborted) return;
    for (const listener of this.#listeners) listener(what);
  }

  get #sort(): Sort {
    return this.sort.filter(([name]) => this.names.includes(name));
  }

  protected follow(changed: Changed): void {
    if (changed.tables) {
      this.#orders.clear();
      void this.reload();
    } else if (changed.clauses && changed.by !== this.source) this.look();
    this.tell("marks");
    // New tables only renumber rows: nobody has chosen another active row.
    if (changed.active && !changed.tables && changed.by !== this.source) this.tell("elsewhere");
  }

  protected onTrait(name: keyof Traits & string, callback: () => void): void {
    const event = `change:${name}`;
    this.model.on(event, callback);
    hear(this.signal, "abort", () => this.model.off(event, callback), { once: true });
  }
}
