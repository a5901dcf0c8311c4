/** A cache of cells, least recently used rows dropped first; cells of older tables stay until newer ones arrive. */

export type Cell = string | number | boolean | null;
export type Cells = Readonly<Record<string, Cell>>;

interface Kept {
  rev: number;
  cells: Cells;
}

export class RowCache {
  #rows = new Map<number, Kept>();

  /** @param limit rows kept. */
  constructor(private readonly limit: number) {}

  get size(): number {
    return this.#rows.size;
  }

  /** Cells of a row, perhaps of older tables. */
  get(row: number): Cells | undefined {
    const kept = this.#rows.get(row);
    if (!kept) return undefined;
    this.#rows.delete(row);
    this.#rows.set(row, kept);
    return kept.cells;
  }

  /** Store a reply: one array of cells per column. */
  put(rev: number, rows: ArrayLike<number>, columns: Readonly<Record<string, readonly Cell[]>>): void {
    const names = Object.keys(columns);
    for (let i = 0; i < rows.length; i++) {
      const cells: Record<string, Cell> = {};
      for (const name of names) cells[name] = columns[name][i];
      this.#rows.delete(rows[i]);
      this.#rows.set(rows[i], { rev, cells });
    }
    for (const row of this.#rows.keys()) {
      if (this.#rows.size <= this.limit) break;
      this.#rows.delete(row);
    }
  }

  /** The given rows whose cells of this revision are not cached, in their order. */
  unknown(rev: number, rows: Iterable<number>): number[] {
    const out = [];
    for (const row of rows) if (row >= 0 && this.#rows.get(row)?.rev !== rev) out.push(row);
    return out;
  }

  clear(): void {
    this.#rows.clear();
  }
}
