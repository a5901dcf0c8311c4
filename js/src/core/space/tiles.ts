/** The layout of tiles: as many per row as fit, widened to fill the width. DOM-free; places count from 0. */
import { inPolygon } from "./lasso";
import type { Ring } from "./polygon";

export const GAP = 8; // pixels between tiles, and half as much around them above and below
export const CAPTION = 18;
const CAPTIONED = 84; // least side of a tile with a caption, pixels

/** Left, top, right, bottom; pixels of the content, y from the top of the first row. */
export type Box = readonly [number, number, number, number];

export class TileLayout {
  /** Tiles in a row. */
  readonly across: number;
  /** Side of the square that holds a picture. */
  readonly side: number;
  readonly caption: number;
  readonly rowHeight: number;

  /**
   * @param room available width, pixels.
   * @param size side that a tile should have.
   */
  constructor(room: number, size: number) {
    const width = Math.max(room - GAP, 16);
    this.across = Math.max(Math.floor(width / (size + GAP)), 1);
    this.side = Math.floor(width / this.across) - GAP;
    this.caption = this.side >= CAPTIONED ? CAPTION : 0;
    this.rowHeight = this.side + this.caption + GAP;
  }

  /** Number of rows of `n` tiles. */
  rows(n: number): number {
    return Math.ceil(n / this.across);
  }

  rowOf(place: number): number {
    return Math.floor(place / this.across);
  }

  left(place: number): number {
    return GAP + (place % this.across) * (this.side + GAP);
  }

  top(place: number): number {
    return this.rowOf(place) * this.rowHeight + GAP / 2;
  }

  /** The place at a point of the content, -1 between tiles. */
  placeAt(x: number, y: number, n: number): number {
    const column = Math.floor((x - GAP) / (this.side + GAP));
    const row = Math.floor(y / this.rowHeight);
    const place = row * this.across + column;
    if (column < 0 || column >= this.across || row < 0 || place >= n) return -1;
    const inside =
      x < this.left(place) + this.side && y >= this.top(place) && y < (row + 1) * this.rowHeight - GAP / 2;
    return inside ? place : -1;
  }

  /** Places of tiles that a box touches, ascending. */
  touching([left, top, right, bottom]: Box, n: number): number[] {
    const from = Math.max(Math.floor(top / this.rowHeight), 0);
    const to = Math.min(Math.floor(bottom / this.rowHeight), this.rows(n) - 1);
    const out = [];
    for (let row = from; row <= to; row++)
      for (let place = row * this.across; place < Math.min((row + 1) * this.across, n); place++) {
        const [x, y] = [this.left(place), this.top(place)];
        const apart = x > right || x + this.side < left || y > bottom || y + this.side + this.caption < top;
        if (!apart) out.push(place);
      }
    return out;
  }

  /** Places of tiles whose middle a ring encloses, ascending. */
  enclosed(ring: Ring, box: Box, n: number): number[] {
    const near = this.touching(box, n);
    const x = Float64Array.from(near, (place) => this.left(place) + this.side / 2);
    const y = Float64Array.from(near, (place) => this.top(place) + this.side / 2);
    const inside = inPolygon(ring, x, y);
    return near.filter((_, i) => inside.has(i));
  }

  /** The place that a key moves to; null for other keys. @param page rows per page. */
  step(place: number, key: string, n: number, page: number): number | null {
    const steps: Record<string, number> = {
      ArrowLeft: place - 1,
      ArrowRight: place + 1,
      ArrowUp: place < this.across ? place : place - this.across,
      ArrowDown: this.below(place, 1, n),
      PageUp: Math.max(place - page * this.across, place % this.across),
      PageDown: this.below(place, page, n),
      Home: 0,
      End: n - 1,
    };
    return key in steps ? Math.min(Math.max(steps[key], 0), Math.max(n - 1, 0)) : null;
  }

  /** The place some rows down in the same column; the last tile if the last row has none in that column. */
  private below(place: number, rows: number, n: number): number {
    const last = this.rows(n) - 1;
    const row = Math.min(this.rowOf(place) + rows, last);
    return row === this.rowOf(place) ? place : Math.min(row * this.across + (place % this.across), n - 1);
  }
}

/** The smallest box around points x, y, x, y. */
export function boxAround(points: readonly number[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]);
    right = Math.max(right, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  return [left, top, right, bottom];
}

/**
 * The size in which pictures are fetched: one of a few, so that a small move of the slider fetches nothing.
 *
 * @param side of a tile, CSS pixels. @param ratio device pixels per CSS pixel.
 */
export function pictureSize(side: number, ratio: number): number {
  const wanted = side * Math.min(ratio, 2);
  return [80, 128, 192, 288, 432, 640].find((size) => size >= wanted) ?? 640;
}
