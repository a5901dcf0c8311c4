/** What a table shows: columns, filters, sorting and rows, and how they follow the selection and the kernel. */
import { Bitset } from "../../core/bitset";
import { VisibleRows } from "../../core/order";
import { type Cell, RowCache } from "../../core/rows";
import type { Changed, Of, SelectionStore } from "../../core/selection";
import { asArray, asBytes } from "../../wire/codec";
import type { Rpc } from "../../wire/rpc";
import type { Frame } from "../frame";
import { hear } from "./elements";
import type { Bars, Columns, Described, Filter, Head, Sort, TableModel, TableTraits } from "./wire";

/** "rows": which rows; "cells": what is in them; "columns": which, and their headers; "marks": selected, active. */
export type What = "rows" | "cells" | "columns" | "bars" | "marks" | "traits";

const KEPT_ROWS = 5000;
const KEPT_ORDERS = 6;
const SETTLED = 120; // milliseconds after a brush until bars are counted anew

export class TableState {
  readonly of: Of;
  readonly source: string;
  readonly cache = new RowCache(KEPT_ROWS);
  heads = new Map<string, Head>();
  /** All columns there are. */
  names: string[] = [];
  idName = "";
  hasRun = false;
  labels: string[] = [];
  n = 0;
  visible = VisibleRows.of(0, null, null);
  bars = new Map<string, Bars>();
  /** Values that the kernel has not taken yet, by "row|column". */
  pending = new Map<string, Cell>();
  loaded = false;
  /** What filters say, in words, by column. */
  titles: Record<string, string> = {};
  /** Whether an order is on its way. */
  sorting = false;
  /** Cells are kept as of this: tables and columns. */
  #stamp = "";
  #stamps = 0;
  #orders = new Map<string, Int32Array>();
  #asked = "";
  #applied = false;
  #settling = 0;
  #listeners = new Set<(what: What) => void>();

  readonly #signal: AbortSignal;
  readonly #frame: Pick<Frame, "fail" | "settle">;

  constructor(
    readonly model: TableModel,
    readonly rpc: Rpc,
    readonly store: SelectionStore,
    signal: AbortSignal,
    frame: Pick<Frame, "fail" | "settle">,
  ) {
    this.#signal = signal;
    this.#frame = frame;
    this.of = model.get("of");
    this.source = model.get("source");
    store.subscribe((changed) => this.#follow(changed), signal);
    this.#onTrait("filters", () => this.refilter());
    this.#onTrait("search", () => this.refilter());
    this.#onTrait("sort", () => void this.resort());
    this.#onTrait("columns", () => void this.reload());
    for (const name of ["pinned", "widths", "thumbnails"]) this.#onTrait(name, () => this.tell("columns"));
    this.#onTrait("height", () => this.tell("traits"));
    hear(signal, "abort", () => {
      window.clearTimeout(this.#settling);
      this.#listeners.clear();
    });
    if (store.rev >= 0) void this.reload();
  }

  subscribe(listener: (what: What) => void): void {
    this.#listeners.add(listener);
  }

  /** Columns shown, in order, pinned ones first. */
  get shown(): Head[] {
    const pinned = this.get("pinned");
    const heads = this.get("columns").flatMap((name) => this.heads.get(name) ?? []);
    const first = (head: Head) => head.name === this.idName || pinned.includes(head.name);
    return [...heads.filter(first), ...heads.filter((head) => !first(head))];
  }

  /** Rows picked in this table. */
  get own(): Bitset | null {
    const clause = this.store.clauses.get(this.source);
    return clause && clause.of === this.of ? clause.rows : null;
  }

  /** What actions act on: rows that all clauses allow, this table's own among them. */
  get focus(): Bitset {
    return this.store.allowed(this.of) ?? Bitset.all(this.n);
  }

  get filterSource(): string {
    return `${this.source}/filter`;
  }

  get filtering(): boolean {
    return Object.keys(this.get("filters")).length > 0 || this.get("search") !== "";
  }

  /** Number kept cells carry, of these tables and columns. */
  get generation(): number {
    const stamp = `${this.store.rev}|${this.get("columns").join("|")}`;
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#stamps++;
    }
    return this.#stamps;
  }

  get<K extends keyof TableTraits>(name: K): TableTraits[K] {
    return this.model.get(name);
  }

  set<K extends keyof TableTraits>(name: K, value: TableTraits[K]): void {
    this.model.set(name, value);
    this.model.save_changes();
  }

  setFilter(name: string, filter: Filter | null): void {
    const { [name]: _, ...others } = this.get("filters");
    this.set("filters", filter ? { ...others, [name]: filter } : others);
  }

  clearFilters(): void {
    this.model.set("filters", {});
    this.set("search", "");
  }

  /** Put a column first, ascending, then descending, then not at all; with `more` behind other keys. */
  cycleSort(name: string, more: boolean): void {
    const sort = this.get("sort");
    const now = sort.find(([key]) => key === name);
    const next: Sort = now ? (now[1] ? [[name, false]] : []) : [[name, true]];
    const others = more ? sort.filter(([key]) => key !== name) : [];
    const at = more && now ? sort.indexOf(now) : others.length;
    this.set("sort", [...others.slice(0, at), ...next, ...others.slice(at)]);
  }

  /** Pick rows as this table's clause; null for none. */
  pick(rows: Bitset | null): void {
    const n = rows?.count() ?? 0;
    const title = `${n.toLocaleString("en")} ${n === 1 ? "row" : "rows"}`;
    this.store.set(this.source, rows && n ? { of: this.of, rows, title, code: "" } : null);
  }

  /** Look at the tables anew. */
  async reload(): Promise<void> {
    const { rev } = this.store;
    try {
      const names = this.get("columns");
      const { result } = await this.rpc.request<Described>("describe", { names }, { key: "describe" });
      if (this.#signal.aborted || rev !== this.store.rev || result.rev !== rev) return;
      this.heads = new Map(result.columns.map((head) => [head.name, head]));
      Object.assign(this, { names: result.names, idName: result.id, hasRun: result.run, n: result.n });
      this.labels = result.labels;
      if (!this.loaded) this.look();
      this.loaded = true;
      this.tell("columns");
      this.#asked = "";
      await Promise.all([this.refilter(), this.resort()]);
      this.countSoon(0);
    } catch (error) {
      this.#frame.fail(error, () => void this.reload());
    }
  }

  /** Ask which rows the filters keep. */
  async refilter(): Promise<void> {
    if (!this.loaded) return;
    const { model, store, of } = this;
    const filters = this.#known(model.get("filters"));
    const search = model.get("search");
    const asked = JSON.stringify([store.rev, filters, search, search && this.searchable]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.tell("traits");
    if (!this.filtering) {
      this.#applied = false;
      this.#frame.settle();
      if (store.clauses.has(this.filterSource)) store.set(this.filterSource, null);
      else this.look();
      return;
    }
    const started = performance.now();
    const names = this.get("columns");
    const others = store.allowed(of, [this.source, this.filterSource]);
    const params = { filters, search, search_in: this.searchable, sort: model.get("sort"), names };
    try {
      const { result, buffers } = await this.rpc.request<{
        rev: number;
        any: boolean;
        title?: string;
        code?: string;
        titles: Record<string, string>;
        cells: Columns;
      }>("keep", params, { key: "keep", buffers: others ? [others.toBytes()] : [] });
      if (this.#signal.aborted || asked !== this.#asked || result.rev !== store.rev) return;
      this.cache.put(this.generation, asArray(Int32Array, buffers[0]), result.cells);
      this.#applied = true;
      this.titles = result.titles;
      this.#frame.settle();
      const rows = result.any ? Bitset.fromBytes(this.n, asBytes(buffers[1])) : Bitset.all(this.n);
      this.filteredAt = started;
      store.set(this.filterSource, { of, rows, title: result.title ?? "", code: result.code ?? "" });
    } catch (error) {
      if (asked === this.#asked) this.#asked = "";
      this.#frame.fail(error);
    }
  }

  /** When the filter now shown was set; 0 once measured. */
  filteredAt = 0;

  /** Fetch the order, and show the rows in it. */
  async resort(): Promise<void> {
    const sort = this.get("sort").filter(([name]) => this.names.includes(name));
    const { rev } = this.store;
    const key = JSON.stringify([rev, sort]);
    this.tell("traits");
    if (sort.length && !this.#orders.has(key)) {
      this.sorting = true;
      this.tell("traits");
      try {
        const { result, buffers } = await this.rpc.request<{ rev: number }>(
          "order",
          { sort },
          { key: "order" },
        );
        if (result.rev !== this.store.rev) return;
        for (const old of [...this.#orders.keys()].slice(0, -KEPT_ORDERS + 1)) this.#orders.delete(old);
        this.#orders.set(key, asArray(Int32Array, buffers[0]));
      } catch (error) {
        this.#frame.fail(error, () => void this.resort());
      } finally {
        this.sorting = false;
      }
    }
    this.look();
    this.tell("traits");
  }

  /** Once the rows in view are there as of some revision of the tables, or newer. */
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
      hear(this.#signal, "abort", () => resolve(), { once: true });
      check();
    });
  }

  /** Rows in view; the grid knows. */
  inView: () => number[] = () => [];

  /** Text columns that the search looks in. */
  get searchable(): string[] {
    return this.shown.filter(({ kind }) => kind === "text" || kind === "category").map(({ name }) => name);
  }

  /** Work out which rows are shown. */
  look(): void {
    const { store, of } = this;
    const n = store.tables[of].n;
    this.n = n;
    const sort = this.get("sort").filter(([name]) => this.names.includes(name));
    const order = sort.length ? this.#orders.get(JSON.stringify([store.rev, sort])) : null;
    if (order === undefined) return; // it is on its way
    this.visible = VisibleRows.of(n, order, store.allowed(of, [this.source]));
    this.tell("rows");
  }

  tell(what: What): void {
    if (this.#signal.aborted) return;
    for (const listener of this.#listeners) listener(what);
  }

  /** Count the bars again when brushing pauses. */
  countSoon(delay = SETTLED): void {
    window.clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => void this.#count(), delay);
  }

  async #count(): Promise<void> {
    if (!this.loaded || this.#signal.aborted) return;
    const { store, model } = this;
    const names = this.shown.map(({ name }) => name);
    const base = store.allowed(this.of, [this.source, this.filterSource]);
    const filters = this.#known(model.get("filters"));
    const params = { names, filters, search: model.get("search"), search_in: this.searchable };
    try {
      const { result } = await this.rpc.request<{ rev: number; bars: Record<string, Bars> }>("bars", params, {
        key: "bars",
        buffers: base ? [base.toBytes()] : [],
      });
      if (result.rev !== store.rev) return;
      this.bars = new Map(Object.entries(result.bars));
      this.tell("bars");
    } catch (error) {
      if (!this.filtering) this.#frame.fail(error); // a filter that is wrong has been reported
    }
  }

  #follow(changed: Changed): void {
    if (changed.tables) {
      this.#orders.clear();
      this.#asked = "";
      void this.reload();
    } else if (changed.clauses) {
      if (this.#applied && !this.store.clauses.has(this.filterSource)) {
        this.#applied = false; // somebody cleared the selection, and our filter with it
        if (this.filtering) this.clearFilters();
      }
      if (changed.by !== this.source) this.look();
      this.countSoon();
    }
    this.tell("marks");
  }

  #known(filters: Record<string, Filter>): Record<string, Filter> {
    return Object.fromEntries(Object.entries(filters).filter(([name]) => this.names.includes(name)));
  }

  #onTrait(name: string, callback: () => void): void {
    const event = `change:${name}`;
    this.model.on(event, callback);
    hear(this.#signal, "abort", () => this.model.off(event, callback), { once: true });
  }
}
