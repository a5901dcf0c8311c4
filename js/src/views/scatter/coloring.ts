/** The color column: its legend, and the filter people set on the legend, as a clause of its own. */
import { Bitset } from "../../core/rows/bitset";
import type { Of, SelectionStore } from "../../core/rows/selection";
import { timeWords, words } from "../../core/space/scale";
import { h } from "../../draw/dom";
import type { Theme } from "../../draw/theme";
import { ofCategories, ofRange } from "./clauses";
import { BINS, binned, type Colorbar, colorbar } from "./colorbar";
import type { ColorColumn } from "./data";
import { categories, type Legend } from "./legend";
import { isNumber, places, type Tables, tables } from "./palette";
import { extent } from "./plot";
import type { CloudHead, Tally } from "./windows";

export class Coloring {
  readonly element = h("div.nbl-scatter-side", { hidden: true });
  column: ColorColumn | null = null;
  /** Index of the color of each row, or of each point drawn, in the tables. */
  places: Uint16Array = new Uint16Array(0);
  /** Entry of the legend of each row: its place, or the bar of its number. */
  #slots: ArrayLike<number> = [];
  /** Of a table too large to be sent: what the kernel counted. */
  #tally: Tally | null = null;
  #sampled = false;
  #extent: [number, number] = [0, 0];
  #totals: Float64Array = new Float64Array(0);
  #legend: Legend | null = null;
  #bar: Colorbar | null = null;
  #dark = false;
  /** The exact range that was chosen here. */
  #range: { title: string; ends: [number, number] } | null = null;
  readonly #store: SelectionStore;
  readonly #of: Of;
  readonly #source: string;

  readonly #members: (params: object, n: number) => Promise<Bitset | null>;

  /** @param members asks the kernel for the rows of some colors, where it does not send all rows. */
  constructor(
    store: SelectionStore,
    of: Of,
    source: string,
    members: (params: object, n: number) => Promise<Bitset | null>,
  ) {
    this.#members = members;
    [this.#store, this.#of, this.#source] = [store, of, `${source}/filter`];
  }

  set(column: ColorColumn | null, n: number): void {
    const number = isNumber(column);
    this.#extent = column && number ? extent(column.values as Float32Array) : [0, 0];
    this.places = places(column, n, ...this.#extent);
    this.#slots = number ? binned(column!.values as Float32Array, ...this.#extent) : this.places;
    this.#sampled = false;
    this.#show(column, column && this.#counted(null, number ? BINS + 1 : column.categories.length + 1));
  }

  /** The color of a table too large to be sent. */
  setSampled(head: CloudHead["color"]): void {
    [this.#sampled, this.#tally, this.#slots] = [true, null, []];
    this.#extent = head?.ends ?? [0, 0];
    this.#show(head && { ...head, values: new Float64Array(0) }, head && Float64Array.from(head.totals));
  }

  /** What the kernel counted, and the colors of the points that it sent. */
  sampled(tally: Tally | null, colors: Uint16Array): void {
    [this.#tally, this.places] = [tally, colors];
  }

  #show(column: ColorColumn | null, totals: Float64Array | null): void {
    this.column = column;
    this.#legend = this.#bar = null;
    this.#totals = totals ?? new Float64Array(0);
    if (column && isNumber(column))
      this.#bar = colorbar(
        column,
        ...this.#extent,
        this.#totals,
        (range, said) => void this.#keepRange(range, said),
      );
    else if (column)
      this.#legend = categories(column, this.#totals, (shown) => void this.#keepCategories(shown));
    this.element.hidden = !column;
    this.element.replaceChildren(...[this.#legend?.element ?? this.#bar?.element].filter((one) => !!one));
    this.update();
  }

  tables(theme: Theme): Tables {
    this.#dark = theme.dark;
    return tables(this.column, theme);
  }

  /** Meaning of a row's color: "habitat: reef". */
  said(row: number): string {
    const { column } = this;
    if (!column || row >= column.values.length) return "";
    const value = column.values[row];
    if (!isNumber(column)) return `${column.name}: ${column.categories[value - 1] ?? "missing"}`;
    if (Number.isNaN(value)) return `${column.name}: missing`;
    return `${column.name}: ${column.kind === "time" ? timeWords(value, 864e5) : words(value, Math.abs(value) / 1e3)}`;
  }

  /** The selection has changed: count again. */
  update(): void {
    const { column } = this;
    const tally = this.#sampled ? this.#tally : null;
    if (!column || (!this.#sampled && column.values.length !== this.#store.tables[this.#of].n)) return;
    const rows = this.#sampled ? null : this.#store.allowed(this.#of, [this.#source]);
    const clause = this.#clause();
    const counts = tally?.allowed
      ? Float64Array.from(tally.allowed)
      : rows
        ? this.#counted(rows)
        : this.#totals;
    if (this.#bar)
      this.#bar.update(counts, clause ? this.#ends(clause.title, clause.rows) : null, this.#dark);
    if (!this.#legend) return;
    const off = new Set<number>();
    if (clause && (!this.#sampled || tally?.kept)) {
      const kept = tally?.kept ?? this.#counted(clause.rows);
      for (let place = 0; place < kept.length; place++)
        if (!kept[place] && this.#totals[place]) off.add(place);
    }
    this.#legend.update(counts, this.#totals, off);
  }

  /** Remove the filter; returns whether there was one. */
  clear(): boolean {
    const had = this.#store.clauses.has(this.#source);
    this.#store.set(this.#source, null);
    return had;
  }

  /** The filter, if it is of the column shown. */
  #clause() {
    const clause = this.#store.clauses.get(this.#source);
    return clause?.of === this.#of && clause.title.startsWith(`${this.column!.name}: `) ? clause : undefined;
  }

  /** Rows in each entry of the legend; of all rows, if it is null. */
  #counted(rows: Bitset | null, n = this.#totals.length): Float64Array {
    const out = new Float64Array(n);
    const slots = this.#slots;
    for (let row = 0; row < slots.length; row++)
      if (!rows || rows.words[row >>> 5] & (1 << (row & 31))) out[slots[row]]++;
    return out;
  }

  #ends(title: string, rows: Bitset): [number, number] {
    if (this.#range?.title === title) return this.#range.ends;
    if (this.#sampled) return this.#tally?.ends ?? this.#extent;
    const values = this.column!.values as Float64Array;
    let ends: [number, number] = [Infinity, -Infinity];
    for (const row of rows.rows()) ends = [Math.min(ends[0], values[row]), Math.max(ends[1], values[row])];
    return ends[0] <= ends[1] ? ends : this.#extent;
  }

  async #keepCategories(shown: ReadonlySet<number>): Promise<void> {
    const column = this.column!;
    let all = true;
    for (let place = 0; place < this.#totals.length; place++)
      if (this.#totals[place] && !shown.has(place)) all = false;
    const rows = all || !this.#sampled ? this.#blank() : await this.#asked({ places: [...shown] });
    if (rows) this.#store.set(this.#source, all ? null : ofCategories(this.#of, column, shown, rows));
  }

  async #keepRange(range: [number, number] | null, said: string): Promise<void> {
    const column = this.column!;
    const params = range && { places: [], lo: range[0], hi: range[1] };
    const rows = params && this.#sampled ? await this.#asked(params) : this.#blank();
    if (!rows) return;
    const made = range && ofRange(this.#of, column, ...range, said, rows);
    this.#range = range && made && { title: made.title, ends: range };
    this.#store.set(this.#source, made);
  }

  #blank(): Bitset {
    return new Bitset(this.#store.tables[this.#of].n);
  }

  /** Rows that the kernel finds, by the column shown; null if it is another one by now. */
  async #asked(params: object): Promise<Bitset | null> {
    const column = this.column!;
    const rows = await this.#members({ name: column.name, ...params }, this.#store.tables[this.#of].n);
    return rows && this.column === column && rows.n === this.#store.tables[this.#of].n ? rows : null;
  }
}
