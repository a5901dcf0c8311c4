/** Points sorted into the cells of a square grid, to find the one under the cursor. */
import type { Placement } from "./scale";

const FEW = 4; // points a cell has on average
const FINEST = 1024; // cells along a side

export class Grid {
  private readonly side: number;
  /** Where the points of each cell begin in `order`. */
  private readonly head: Int32Array;
  private readonly order: Int32Array;

  /** @param x, y from 0 to 1; points without coordinates are NaN. */
  constructor(
    private readonly x: Float32Array,
    private readonly y: Float32Array,
  ) {
    this.side = Math.min(Math.max(Math.ceil(Math.sqrt(x.length / FEW)), 1), FINEST);
    const { side } = this;
    const cells = new Int32Array(x.length);
    const head = new Int32Array(side * side + 1);
    for (let row = 0; row < x.length; row++) {
      const cell = x[row] >= 0 && y[row] >= 0 ? this.cell(y[row]) * side + this.cell(x[row]) : -1;
      cells[row] = cell;
      if (cell >= 0) head[cell + 1]++;
    }
    for (let cell = 0; cell < side * side; cell++) head[cell + 1] += head[cell];
    this.head = head;
    this.order = new Int32Array(head[side * side]);
    const next = head.slice();
    for (let row = 0; row < x.length; row++) if (cells[row] >= 0) this.order[next[cells[row]]++] = row;
  }

  /**
   * The point nearest to a place on the screen; -1 for none within `radius`.
   *
   * @param tier of each point: tier 0 is ignored, tier 1 is found only if no higher one is near.
   */
  nearest(place: Placement, px: number, py: number, radius: number, tier: Uint8Array): number {
    const { x, y, side, head, order } = this;
    const { kx, ky, bx, by } = place;
    const [left, right] = [this.cell((px - radius - bx) / kx), this.cell((px + radius - bx) / kx)];
    const [low, high] = [this.cell((py + radius - by) / ky), this.cell((py - radius - by) / ky)];
    let [best, bestAway, bestTier] = [-1, radius * radius, 0];
    for (let j = low; j <= high; j++) {
      for (let k = head[j * side + left]; k < head[j * side + right + 1]; k++) {
        const row = order[k];
        const rank = Math.min(tier[row], 2);
        if (rank < bestTier || !rank) continue;
        const away = (x[row] * kx + bx - px) ** 2 + (y[row] * ky + by - py) ** 2;
        if (away > radius * radius || (rank === bestTier && away > bestAway)) continue;
        [best, bestAway, bestTier] = [row, away, rank];
      }
    }
    return best;
  }

  private cell(at: number): number {
    return Math.min(Math.max(Math.floor(at * this.side), 0), this.side - 1);
  }
}
