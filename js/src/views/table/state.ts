/** The state of a table besides its rows: filters, search and bars; follows the selection and the kernel. */
import { Bitset } from "../../core/rows/bitset";
import type { Cell } from "../../core/rows/cells";
import type { Changed, SelectionStore } from "../../core/rows/selection";
import { asArray, asBytes } from "../../wire/codec";
import type { Rpc } from "../../wire/rpc";
import { hear } from "../elements";
import type { Frame } from "../frame";
import { RowsState } from "../rows/state";
import type { Head, Sort } from "../rows/wire";
import type { Bars, Counted, Filter, Kept, TableModel, TableTraits } from "./wire";

const SETTLED = 120; // milliseconds after a brush until bars are counted again

export class TableState extends RowsState<TableTraits> {
  bars = new Map<string, Bars>();
  late = new Set<string>();
  /** Edited values that the kernel has not confirmed yet, by "row|column". */
  pending = new Map<string, Cell>();
  /** Titles of the filters, by column. */
  titles: Record<string, string> = {};
  /** When the filter now shown was set; 0 once measured. */
  filteredAt = 0;
  #asked = "";
  #applied = false;
  #settling = 0;

  constructor(
    model: TableModel,
    rpc: Rpc,
    store: SelectionStore,
    signal: AbortSignal,
    frame: Pick<Frame, "fail" | "settle">,
  ) {
    super(model, rpc, store, signal, frame);
    this.onTrait("filters", () => this.refilter());
    this.onTrait("search", () => this.refilter());
    this.onTrait("sort", () => void this.resort());
    this.onTrait("columns", () => void this.reload());
    for (const name of ["pinned", "widths", "thumbnails"] as const)
      this.onTrait(name, () => this.tell("columns"));
    this.onTrait("height", () => this.tell("traits"));
    hear(signal, "abort", () => window.clearTimeout(this.#settling));
    if (store.rev >= 0) void this.reload();
  }

  override get wanted(): string[] {
    return this.get("columns");
  }

  override get sort(): Sort {
    return this.get("sort");
  }

  override get one(): string {
    return "row";
  }

  /** Columns shown, in order, pinned ones first. */
  get shown(): Head[] {
    const pinned = this.get("pinned");
    const heads = this.get("columns").flatMap((name) => this.heads.get(name) ?? []);
    const first = (head: Head) => head.name === this.idName || pinned.includes(head.name);
    return [...heads.filter(first), ...heads.filter((head) => !first(head))];
  }

  get filterSource(): string {
    return `${this.source}/filter`;
  }

  get filtering(): boolean {
    return Object.keys(this.get("filters")).length > 0 || this.get("search") !== "";
  }

  setFilter(name: string, filter: Filter | null): void {
    const { [name]: _, ...others } = this.get("filters");
    this.set("filters", filter ? { ...others, [name]: filter } : others);
  }

  clearFilters(): void {
    this.model.set("filters", {});
    this.set("search", "");
  }

  /** Sort by a column: ascending, then descending, then not; with `more` as a key after the others. */
  cycleSort(name: string, more: boolean): void {
    const sort = this.get("sort");
    const now = sort.find(([key]) => key === name);
    const next: Sort = now ? (now[1] ? [[name, false]] : []) : [[name, true]];
    const others = more ? sort.filter(([key]) => key !== name) : [];
    const at = more && now ? sort.indexOf(now) : others.length;
    this.set("sort", [...others.slice(0, at), ...next, ...others.slice(at)]);
  }

  protected override async described(): Promise<void> {
    this.#asked = "";
    await Promise.all([this.refilter(), this.resort()]);
    this.countSoon(0);
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
      this.frame.settle();
      if (store.clauses.has(this.filterSource)) store.set(this.filterSource, null);
      else this.look();
      return;
    }
    const started = performance.now();
    const names = this.get("columns");
    const others = store.allowed(of, [this.source, this.filterSource]);
    const params = { filters, search, search_in: this.searchable, sort: model.get("sort"), names };
    try {
      const { result, buffers } = await this.rpc.request<Kept>("keep", params, {
        key: "keep",
        buffers: others ? [others.toBytes()] : [],
      });
      if (this.signal.aborted || asked !== this.#asked || result.rev !== store.rev) return;
      this.cache.put(this.generation, asArray(Int32Array, buffers[0]), result.cells);
      this.#applied = true;
      this.titles = result.titles;
      this.frame.settle();
      const rows = result.any ? Bitset.fromBytes(this.n, asBytes(buffers[1])) : Bitset.all(this.n);
      this.filteredAt = started;
      store.set(this.filterSource, { of, rows, title: result.title ?? "", code: result.code ?? "" });
    } catch (error) {
      if (asked === this.#asked) this.#asked = "";
      this.frame.fail(error);
    }
  }

  /** Text and category columns that the search looks in. */
  get searchable(): string[] {
    return this.shown.filter(({ kind }) => kind === "text" || kind === "category").map(({ name }) => name);
  }

  /** Count the bars again when brushing pauses. */
  countSoon(delay = SETTLED): void {
    window.clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => void this.#count(), delay);
  }

  async #count(): Promise<void> {
    if (!this.loaded || this.signal.aborted) return;
    const { store, model } = this;
    const names = this.shown.map(({ name }) => name);
    const base = store.allowed(this.of, [this.source, this.filterSource]);
    const filters = this.#known(model.get("filters"));
    const params = { names, filters, search: model.get("search"), search_in: this.searchable };
    try {
      const { result } = await this.rpc.request<Counted>("bars", params, {
        key: "bars",
        buffers: base ? [base.toBytes()] : [],
      });
      if (result.rev !== store.rev) return;
      this.bars = new Map(Object.entries(result.bars));
      this.late = new Set(result.late);
      this.tell("bars");
    } catch (error) {
      if (!this.filtering) this.frame.fail(error); // a filter that is wrong has been reported
    }
  }

  protected override follow(changed: Changed): void {
    if (changed.tables) this.#asked = "";
    else if (changed.clauses) {
      if (this.#applied && !this.store.clauses.has(this.filterSource)) {
        this.#applied = false; // somebody cleared the selection, and our filter with it
        if (this.filtering) this.clearFilters();
      }
      this.countSoon();
    }
    super.follow(changed);
  }

  #known(filters: Record<string, Filter>): Record<string, Filter> {
    return Object.fromEntries(Object.entries(filters).filter(([name]) => this.names.includes(name)));
  }
}

/** The value to show: the edited one while the kernel has not confirmed it. */
export function cellOf(state: TableState, row: number, name: string): Cell | undefined {
  const pending = state.pending.get(`${row}|${name}`);
  return pending !== undefined ? pending : state.cache.get(row)?.[name];
}
