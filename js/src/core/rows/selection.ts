/**
 * The selection shared by every view of a workspace: clauses keyed by their source, the active row, the
 * hovered row. Rows are positions in the tables as the kernel last sent them (`rev`); the kernel knows their ids.
 *
 * A view shows `allowed(of, its own source)`: rows that all the *other* clauses allow. Actions use `allowed(of)`.
 */
import { Bitset } from "./bitset";

export type Of = "images" | "instances" | "predictions";
export const TABLES: readonly Of[] = ["images", "instances", "predictions"];

export interface TableIndex {
  n: number;
  /** Row of `images` that each row belongs to, -1 for none; null for `images` itself. */
  imageRow: Int32Array | null;
}

export interface Clause {
  /** Who made it: a view's id, perhaps with "/filter"; "python" for ws.select. */
  source: string;
  of: Of;
  rows: Bitset;
  /** A text for people: "lasso", "score 0.2 - 0.5". */
  title: string;
  /** The clause as pandas code; "" if only a list of ids can say it; see docs/widgets.md. */
  code: string;
}

export interface Pointed {
  of: Of;
  row: number;
}

export interface Changed {
  /** The tables were replaced: row numbers have another meaning now. */
  tables?: boolean;
  clauses?: boolean;
  active?: boolean;
  hover?: boolean;
  /** Who changed it; "" for the kernel. */
  by: string;
}

export type Listener = (changed: Changed) => void;

export class SelectionStore {
  rev = -1;
  active: Pointed | null = null;
  hover: Pointed | null = null;
  #index: Record<Of, TableIndex> = {
    images: { n: 0, imageRow: null },
    instances: { n: 0, imageRow: new Int32Array(0) },
    predictions: { n: 0, imageRow: new Int32Array(0) },
  };
  #made = new Map<string, Clause>();
  #listeners = new Set<Listener>();
  #translated = new WeakMap<Clause, Map<Of, Bitset>>();
  #merged = new Map<string, Bitset | null>();

  get tables(): Readonly<Record<Of, TableIndex>> {
    return this.#index;
  }

  get clauses(): ReadonlyMap<string, Clause> {
    return this.#made;
  }

  /** Number of listeners; for tests of clean-up. */
  get listening(): number {
    return this.#listeners.size;
  }

  /** Call back on every change until the signal aborts. */
  subscribe(listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  /** New tables with their clauses, as the kernel sends them. */
  reset(rev: number, index: Record<Of, TableIndex>, clauses: Iterable<Clause>, active: Pointed | null): void {
    this.rev = rev;
    this.#index = index;
    this.#made = new Map([...clauses].map((clause) => [clause.source, clause]));
    this.active = active;
    this.hover = null;
    this.#merged.clear();
    this.#emit({ tables: true, clauses: true, active: true, hover: true, by: "" });
  }

  /** Replace the clause of a source; null removes it. */
  set(source: string, clause: Omit<Clause, "source"> | null, by: string = source): void {
    if (clause) {
      const expected = this.#index[clause.of].n;
      if (clause.rows.n !== expected)
        throw new RangeError(`a clause of ${clause.of} needs ${expected} rows, got ${clause.rows.n}`);
      this.#made.set(source, { ...clause, source });
    } else if (!this.#made.delete(source)) return;
    this.#merged.clear();
    this.#emit({ clauses: true, by });
  }

  /** Remove every clause. */
  clear(by = "clear"): void {
    for (const source of [...this.#made.keys()]) this.set(source, null, by);
  }

  setActive(pointed: Pointed | null, by: string): void {
    if (same(this.active, pointed)) return;
    this.active = pointed;
    this.#emit({ active: true, by });
  }

  setHover(pointed: Pointed | null, by: string): void {
    if (same(this.hover, pointed)) return;
    this.hover = pointed;
    this.#emit({ hover: true, by });
  }

  /** Row of `images` that a row belongs to, -1 for none. */
  imageOf(pointed: Pointed | null): number {
    if (!pointed) return -1;
    return pointed.of === "images" ? pointed.row : (this.#index[pointed.of].imageRow?.[pointed.row] ?? -1);
  }

  /**
   * Rows that the clauses allow, those of `except` ignored; null when they allow every row.
   * A clause on another table reaches this one through the images: it allows the rows of its images.
   */
  allowed(of: Of, except: readonly string[] = []): Bitset | null {
    const key = `${of}|${except.join("|")}`;
    const known = this.#merged.get(key);
    if (known !== undefined) return known;
    let out: Bitset | null = null;
    for (const clause of this.#made.values()) {
      if (except.includes(clause.source)) continue;
      const rows = this.#reach(clause, of);
      out = out ? out.and(rows) : rows;
    }
    this.#merged.set(key, out);
    return out;
  }

  #reach(clause: Clause, of: Of): Bitset {
    if (clause.of === of) return clause.rows;
    const known = this.#translated.get(clause) ?? new Map<Of, Bitset>();
    this.#translated.set(clause, known);
    let rows = known.get(of);
    if (!rows) {
      rows = of === "images" ? this.#imagesOf(clause) : this.#rowsIn(of, this.#reach(clause, "images"));
      known.set(of, rows);
    }
    return rows;
  }

  #imagesOf(clause: Clause): Bitset {
    const images = new Bitset(this.#index.images.n);
    const imageRow = this.#index[clause.of].imageRow!;
    for (const row of clause.rows.rows()) if (imageRow[row] >= 0) images.add(imageRow[row]);
    return images;
  }

  #rowsIn(of: Of, images: Bitset): Bitset {
    const { n, imageRow } = this.#index[of];
    const rows = new Bitset(n);
    for (let row = 0; row < n; row++) {
      const image = imageRow![row];
      if (image >= 0 && images.has(image)) rows.add(row);
    }
    return rows;
  }

  #emit(changed: Changed): void {
    for (const listener of [...this.#listeners]) listener(changed);
  }
}

function same(a: Pointed | null, b: Pointed | null): boolean {
  return a === b || (a !== null && b !== null && a.of === b.of && a.row === b.row);
}
