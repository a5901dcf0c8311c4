/** Steps through the images that the selection allows, in the order of their rows. */
import type { Bitset } from "./bitset";

export class Browse {
  private readonly rows: Int32Array | null;
  readonly n: number;

  /** @param allowed null for all of `total`. */
  constructor(allowed: Bitset | null, total: number) {
    this.rows = allowed?.rows() ?? null;
    this.n = this.rows?.length ?? total;
  }

  /** The first allowed row, -1 if there is none. */
  get first(): number {
    return this.n ? (this.rows?.[0] ?? 0) : -1;
  }

  /** Place of a row in the order, -1 where it is not allowed. */
  indexOf(row: number): number {
    if (!this.rows) return row < this.n ? row : -1;
    const at = this.from(row);
    return this.rows[at] === row ? at : -1;
  }

  /** The next allowed row after (by 1) or before (by -1) a row, which itself need not be allowed; -1 for none. */
  step(row: number, by: 1 | -1): number {
    const at = by > 0 ? this.from(row + 1) : this.from(row) - 1;
    if (at < 0 || at >= this.n) return -1;
    return this.rows ? this.rows[at] : at;
  }

  /** Place of the first allowed row that is not before `row`. */
  private from(row: number): number {
    if (!this.rows) return row;
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows[middle] < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
