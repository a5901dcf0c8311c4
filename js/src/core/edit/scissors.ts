/**
 * Intelligent scissors: the cheapest path from an anchor to any point, where paths along edges of the picture are
 * cheap. A path connects corners of pixels, so it can run exactly between two pixels.
 *
 * Source: Mortensen and Barrett 1995, "Intelligent scissors for image composition". Edges are where the gradient is
 * largest along its own direction (there: zero crossings of the Laplacian); angles are compared by their cosines.
 */
import type { Patch } from "./flood";

// Weights of the paper: .43 each for being on an edge and for its strength, .14 for following its direction; and a
// small cost of length. Cost of a step: at most (LENGTH + 2 * EDGE + TURN) * DIAGONAL, which must stay below AROUND.
const EDGE = 106;
const TURN = 35;
const LENGTH = 4;
const STRAIGHT = 5;
const DIAGONAL = 7;
const AROUND = 2048;
const WIDTH = 4; // bits: costs in one bucket differ by less than any step costs, so the order holds

const DX = [1, 1, 0, -1, -1, -1, 0, 1];
const DY = [0, 1, 1, 1, 0, -1, -1, -1];

export class Scissors {
  /** Corners are numbered row by row, `#n` per row. `#came`: the direction in which each was reached. */
  #n: number;
  #rows: number;
  #came: Uint8Array;
  #anchor: number;

  /** @param x pixels of the patch, as is y: the anchor is the nearest corner. */
  constructor(patch: Patch, x: number, y: number) {
    this.#n = patch.width + 1;
    this.#rows = patch.height + 1;
    this.#anchor = this.#corner(x, y);
    this.#came = spread(edges(patch), this.#n, this.#anchor);
  }

  /** Corners x0, y0, … from the anchor to the one nearest to (x, y); pixel i of the patch spans [i, i + 1). */
  path(x: number, y: number): number[] {
    const out: number[] = [];
    for (let at = this.#corner(x, y); ; ) {
      out.push(Math.floor(at / this.#n), at % this.#n);
      if (at === this.#anchor) return out.reverse();
      const way = this.#came[at];
      at -= DY[way] * this.#n + DX[way];
    }
  }

  #corner(x: number, y: number): number {
    const within = (value: number, n: number) => Math.min(Math.max(Math.round(value), 0), n - 1);
    return within(y, this.#rows) * this.#n + within(x, this.#n);
  }
}

interface Edges {
  /** Cost of a step to a corner, without that of its direction. */
  cost: Uint8Array;
  /** Direction of the edge, of length 1; 0 where there is none. */
  tx: Float32Array;
  ty: Float32Array;
}

/** Dijkstra's shortest paths from the anchor to all corners; returns the direction (of 8) of each last step. */
function spread({ cost, tx, ty }: Edges, n: number, anchor: number): Uint8Array {
  const total = new Int32Array(cost.length).fill(2 ** 31 - 1);
  const done = new Uint8Array(cost.length);
  const came = new Uint8Array(cost.length);
  const buckets: number[][] = Array.from({ length: AROUND >> WIDTH }, () => []);
  total[anchor] = 0;
  buckets[0].push(anchor);
  for (let turn = 0, waiting = 1; waiting > 0; turn = (turn + 1) % buckets.length) {
    const bucket = buckets[turn];
    while (bucket.length) {
      const p = bucket.pop()!;
      waiting--;
      if (done[p]) continue;
      done[p] = 1;
      const column = p % n;
      const before = total[p];
      const px = tx[p];
      const py = ty[p];
      for (let way = 0; way < 8; way++) {
        const dx = DX[way];
        const dy = DY[way];
        const q = p + dy * n + dx;
        const side = column + dx;
        if (side < 0 || side >= n || q < 0 || q >= done.length || done[q]) continue;
        // Most neighbors have a cheaper path already, before the cost of direction is added.
        const length = way & 1 ? DIAGONAL : STRAIGHT;
        if (before + cost[q] * length >= total[q]) continue;
        const unit = way & 1 ? Math.SQRT1_2 : 1;
        const along = (px * dx + py * dy) * unit;
        const on = (tx[q] * dx + ty[q] * dy) * unit;
        const turned = (2 - Math.abs(along) - (along < 0 ? -on : on)) * (TURN / 3);
        const sum = before + Math.floor((cost[q] + Math.max(turned, 0)) * length);
        if (sum >= total[q]) continue;
        total[q] = sum;
        came[q] = way;
        waiting++;
        buckets[(sum >> WIDTH) % buckets.length].push(q);
      }
    }
  }
  return came;
}

/** Edge directions at the corners, from the channel with the largest gradient, and their costs. */
function edges({ width: w, height: h, data }: Patch): Edges {
  const size = (w + 1) * (h + 1);
  const [gx, gy, strength] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  let most = 1e-9;
  for (let channel = 0; channel < 3; channel++) {
    const smooth = smoothed(data, channel, w, h);
    for (let y = 0, at = 0; y <= h; y++) {
      const above = Math.max(y - 1, 0) * w;
      const below = Math.min(y, h - 1) * w;
      for (let x = 0; x <= w; x++, at++) {
        const left = x > 0 ? x - 1 : 0;
        const right = x < w ? x : w - 1;
        const falling = smooth[below + right] - smooth[above + left];
        const rising = smooth[above + right] - smooth[below + left];
        const square = falling * falling + rising * rising;
        if (square <= strength[at]) continue;
        strength[at] = square;
        gx[at] = falling + rising;
        gy[at] = falling - rising;
        if (square > most) most = square;
      }
    }
  }
  const cost = new Uint8Array(size);
  for (let at = 0; at < size; at++) {
    const square = strength[at];
    const long = Math.sqrt(2 * square) || 1;
    const x = gx[at] / long;
    const y = gy[at] / long;
    // The one of eight neighbors that the gradient points at: 0.38 is the sine of 22.5 degrees.
    const ahead = (y > 0.38 ? w + 1 : y < -0.38 ? -w - 1 : 0) + (x > 0.38 ? 1 : x < -0.38 ? -1 : 0);
    const far = at + ahead < 0 || at + ahead >= size || at - ahead < 0 || at - ahead >= size;
    const ridge = square > 0 && (far || (square > strength[at - ahead] && square >= strength[at + ahead]));
    cost[at] = LENGTH + (ridge ? 0 : EDGE) + EDGE * (1 - Math.sqrt(square / most));
    gx[at] = -y;
    gy[at] = x;
  }
  return { cost, tx: gx, ty: gy };
}

/** One channel, each pixel with its eight neighbors by weights 1, 2, 1. */
function smoothed(data: Uint8ClampedArray, channel: number, w: number, h: number): Float32Array {
  const rows = new Float32Array(w * h);
  const out = new Float32Array(w * h);
  for (let y = 0, at = 0; y < h; y++)
    for (let x = 0; x < w; x++, at++) {
      const i = 4 * at + channel;
      rows[at] = data[x ? i - 4 : i] + 2 * data[i] + data[x < w - 1 ? i + 4 : i];
    }
  for (let y = 0, at = 0; y < h; y++)
    for (let x = 0; x < w; x++, at++)
      out[at] = rows[y ? at - w : at] + 2 * rows[at] + rows[y < h - 1 ? at + w : at];
  return out;
}
