/** The color column: its legend, and the filter people set on the legend, as a clause of its own. */
import { Bitset } from "../../core/rows/bitset";
import type { Of, SelectionStore } from "../../core/rows/selection";
import { timeWords, words } from "../../core/space/scale";
import { h } from "../../draw/dom";
import type { Theme } from "../../draw/theme";
import { ofCategories, ofRange } from "./clauses";
import { type Colorbar, colorbar } from "./colorbar";
import type { ColorColumn } from "./data";
import { categories, type Legend } from "./legend";
import { isNumber, places, type Tables, tables } from "./palette";
import { extent } from "./plot";

export class Coloring {
  readonly element = h("div.nbl-scatter-side", { hidden: true });
  column: ColorColumn | null = null;
  /** Index of each row's color in the tables. */
  places: Uint16Array = new Uint16Array(0);
  #extent: [number, number] = [0, 0];
  #totals = new Float64Array(0);
  #legend: Legend | null = null;
  #bar: Colorbar | null = null;
  #dark = false;
  /** The exact range that was chosen here. */
  #range: { title: string; ends: [number, number] } | null = null;
  readonly #store: SelectionStore;
  readonly #of: Of;
  readonly #source: string;

  constructor(store: SelectionStore, of: Of, source: string) {
    [this.#store, this.#of, this.#source] = [store, of, `${source}/filter`];
  }

  set(column: ColorColumn | null, n: number): void {
    this.column = column;
    this.#legend = this.#bar = null;
    const number = isNumber(column);
    this.#extent = column && number ? extent(column.values as Float32Array) : [0, 0];
    this.places = places(column, n, ...this.#extent);
    if (column && number) {
      this.#bar = colorbar(column, ...this.#extent, (range, said) => this.#keepRange(range, said));
    } else if (column) {
      this.#totals = new Float64Array(column.categories.length + 1);
      for (let row = 0; row < n; row++) this.#totals[this.places[row]]++;
      this.#legend = categories(column, this.#totals, (shown) => this.#keepCategories(shown));
    }
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
    if (!column || column.values.length !== this.#store.tables[this.#of].n) return;
    const rows = this.#store.allowed(this.#of, [this.#source]);
    const clause = this.#clause();
    if (this.#bar) this.#bar.update(rows, clause ? this.#ends(clause.title, clause.rows) : null, this.#dark);
    if (!this.#legend) return;
    const off = new Set<number>();
    if (clause) {
      const kept = this.#counted(clause.rows);
      for (let place = 0; place < kept.length; place++)
        if (!kept[place] && this.#totals[place]) off.add(place);
    }
    this.#legend.update(rows ? this.#counted(rows) : this.#totals, this.#totals, off);
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

  #counted(rows: Bitset): Float64Array {
    const out = new Float64Array(this.#totals.length);
    const { places } = this;
    for (let row = 0; row < places.length; row++)
      if (rows.words[row >>> 5] & (1 << (row & 31))) out[places[row]]++;
    return out;
  }

  #ends(title: string, rows: Bitset): [number, number] {
    if (this.#range?.title === title) return this.#range.ends;
    const values = this.column!.values as Float64Array;
    let ends: [number, number] = [Infinity, -Infinity];
    for (const row of rows.rows()) ends = [Math.min(ends[0], values[row]), Math.max(ends[1], values[row])];
    return ends[0] <= ends[1] ? ends : this.#extent;
  }

  #keepCategories(shown: ReadonlySet<number>): void {
    const column = this.column!;
    let all = true;
    for (let place = 0; place < this.#totals.length; place++)
      if (this.#totals[place] && !shown.has(place)) all = false;
    const blank = new Bitset(column.values.length);
    this.#store.set(this.#source, all ? null : ofCategories(this.#of, column, shown, blank));
  }

  #keepRange(range: [number, number] | null, said: string): void {
    const column = this.column!;
    const made = range && ofRange(this.#of, column, ...range, said, new Bitset(column.values.length));
    this.#range = range && made && { title: made.title, ends: range };
    this.#store.set(this.#source, made);
  }
}
