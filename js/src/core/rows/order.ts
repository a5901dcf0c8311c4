/** Which rows a table shows, and in which order: a permutation of all rows, of which only some are allowed. */
import type { Bitset } from "./bitset";

export class VisibleRows {
  readonly length: number;

  /** @param rows null for all rows in the order of their numbers. */
  private constructor(
    n: number,
    private readonly rows: Int32Array | null,
  ) {
    this.length = rows ? rows.length : n;
  }

  /**
   * @param n number of rows of the table.
   * @param order row numbers in sorted order; null for ascending numbers.
   * @param allowed those shown; null for all.
   */
  static of(n: number, order: Int32Array | null, allowed: Bitset | null): VisibleRows {
    if (!order) return new VisibleRows(n, allowed ? allowed.rows() : null);
    if (!allowed) return new VisibleRows(n, order);
    const { words } = allowed;
    const rows = new Int32Array(order.length + 1);
    let length = 0;
    for (let i = 0; i < order.length; i++) {
      const row = order[i];
      rows[length] = row; // overwritten by the next one unless allowed: no branch to mispredict
      length += (words[row >>> 5] >>> (row & 31)) & 1;
    }
    return new VisibleRows(n, rows.slice(0, length));
  }

  /** The row at a place, -1 past the ends. */
  at(place: number): number {
    if (place < 0 || place >= this.length) return -1;
    return this.rows ? this.rows[place] : place;
  }

  /** Where a row is shown, -1 for nowhere. */
  placeOf(row: number): number {
    if (this.rows) return this.rows.indexOf(row);
    return row >= 0 && row < this.length ? row : -1;
  }

  /** Rows from one place to another, both included and within bounds. */
  between(a: number, b: number): number[] {
    const from = Math.max(Math.min(a, b), 0);
    const to = Math.min(Math.max(a, b), this.length - 1);
    return Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => this.at(from + i));
  }
}
