/**
 * The masks on each pixel of the screen, written directly from their runs for the current camera: the cost
 * depends on the screen, not on the image. A pixel holds the number of a *pile*: a pile is a mask on top of another
 * pile (0: no mask), so the colors of all pixels come from one table over piles, made in one pass because a pile
 * always has a higher number than the one below it.
 */
import type { Camera } from "../space/camera";
import { firstEndingAfter, type Masks } from "./rle";

const THIN = 4; // screen pixels: narrower masks are drawn from each of their image columns

export class LabelMap {
  width = 0;
  height = 0;
  /** Pile of each screen pixel, row by row. */
  pixels = new Uint32Array(0);
  /** Number of piles, with the empty one. */
  piles = 1;
  /** Pile below each pile, and the mask on its top; -1 for the empty pile. */
  below = new Uint32Array(256);
  top = new Int32Array(256).fill(-1);
  /** Screen pixels outside this box have no mask: left, top, right, bottom. */
  painted: [number, number, number, number] = [0, 0, 0, 0];
  #next = new Uint32Array(256); // for the mask being written: pile -> that pile with the mask on top
  #touched: number[] = [];

  /**
   * @param order masks from the lowest to the topmost; masks not in it are left out.
   * @param camera places the image on this map.
   */
  write(masks: Masks, order: ArrayLike<number>, camera: Camera, width: number, height: number): void {
    this.#clear(width, height);
    for (let k = 0; k < order.length; k++) {
      const mask = order[k];
      if (masks.head[mask] === masks.head[mask + 1]) continue;
      this.#writeOne(masks, mask, camera);
      for (const pile of this.#touched) this.#next[pile] = 0;
      this.#touched.length = 0;
    }
  }

  /** Masks at a screen pixel, the topmost first. */
  at(x: number, y: number): number[] {
    const column = Math.floor(x);
    const row = Math.floor(y);
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return [];
    const out: number[] = [];
    for (let pile = this.pixels[row * this.width + column]; pile; pile = this.below[pile])
      out.push(this.top[pile]);
    return out;
  }

  #clear(width: number, height: number): void {
    if (this.width === width && this.height === height) this.pixels.fill(0);
    else this.pixels = new Uint32Array(width * height);
    this.width = width;
    this.height = height;
    this.piles = 1;
    this.painted = [width, height, 0, 0];
  }

  #writeOne(masks: Masks, mask: number, camera: Camera): void {
    const { head, starts, ends, height } = masks;
    const { scale, x } = camera;
    const first = Math.floor(starts[head[mask]] / height);
    const end = Math.floor((ends[head[mask + 1] - 1] - 1) / height) + 1;
    if (end * scale + x < 0 || first * scale + x > this.width) return;
    const columns = new Columns(masks, mask);
    if (scale >= 1 || (end - first) * scale < THIN) {
      // Each image column is drawn in the screen columns whose middles it covers, at least in one.
      const from = Math.max(first, Math.floor(-x / scale) - 1);
      for (let column = from; column < end; column++) {
        const left = Math.ceil(column * scale + x - 0.5);
        if (left >= this.width) return;
        const right = Math.min(Math.max(Math.ceil((column + 1) * scale + x - 0.5), left + 1), this.width);
        if (right > 0) this.#writeColumn(columns, column, Math.max(left, 0), right, mask, camera);
      }
    } else {
      const right = Math.min(Math.ceil(end * scale + x - 0.5), this.width);
      for (let screen = Math.max(Math.ceil(first * scale + x - 0.5), 0); screen < right; screen++) {
        const column = Math.min(Math.max(Math.floor((screen + 0.5 - x) / scale), first), end - 1);
        this.#writeColumn(columns, column, screen, screen + 1, mask, camera);
      }
    }
  }

  #writeColumn(
    columns: Columns,
    column: number,
    from: number,
    end: number,
    mask: number,
    camera: Camera,
  ): void {
    const { starts, ends, height } = columns.masks;
    const base = column * height;
    for (let run = columns.firstRun(base); run < columns.to && starts[run] < base + height; run++) {
      const a = Math.max(starts[run] - base, 0);
      const b = Math.min(ends[run] - base, height);
      this.#writeSpan(mask, from, end, a, b, camera);
    }
  }

  /** Rows a..b of the image in screen columns from..end; at least one row high. */
  #writeSpan(mask: number, from: number, end: number, a: number, b: number, camera: Camera): void {
    const first = Math.round(a * camera.scale + camera.y);
    const last = Math.max(Math.round(b * camera.scale + camera.y), first + 1);
    const top = Math.max(first, 0);
    const bottom = Math.min(last, this.height);
    if (top >= bottom) return;
    const { pixels, width } = this;
    const box = this.painted;
    if (from < box[0]) box[0] = from;
    if (top < box[1]) box[1] = top;
    if (end > box[2]) box[2] = end;
    if (bottom > box[3]) box[3] = bottom;
    let known = 0; // neighboring pixels mostly have the same pile
    let piled = this.#pile(0, mask);
    for (let y = top; y < bottom; y++) {
      const stop = y * width + end;
      for (let i = y * width + from; i < stop; i++) {
        const pile = pixels[i];
        if (pile !== known) {
          known = pile;
          piled = this.#pile(pile, mask);
        }
        pixels[i] = piled;
      }
    }
  }

  /** The pile with the mask on top of it; itself where the mask is there already. */
  #pile(pile: number, mask: number): number {
    if (this.top[pile] === mask) return pile;
    const found = this.#next[pile];
    if (found) return found;
    const made = this.piles++;
    if (made >= this.top.length) this.#grow();
    this.below[made] = pile;
    this.top[made] = mask;
    this.#next[pile] = made;
    this.#touched.push(pile);
    return made;
  }

  #grow(): void {
    const size = this.top.length * 2;
    this.below = enlarged(this.below, new Uint32Array(size));
    this.top = enlarged(this.top, new Int32Array(size));
    this.#next = enlarged(this.#next, new Uint32Array(size));
  }
}

/** Walks over the runs of a mask, column by column from left to right. */
class Columns {
  readonly to: number;
  #run = -1;

  constructor(
    readonly masks: Masks,
    private mask: number,
  ) {
    this.to = masks.head[mask + 1];
  }

  /** The first run that ends after a pixel; pixels come in ascending order. */
  firstRun(pixel: number): number {
    const { ends, head } = this.masks;
    if (this.#run < 0) this.#run = firstEndingAfter(ends, head[this.mask], this.to, pixel);
    while (this.#run < this.to && ends[this.#run] <= pixel) this.#run++;
    return this.#run;
  }
}

function enlarged<T extends Uint32Array | Int32Array>(old: T, fresh: T): T {
  fresh.set(old as never);
  return fresh;
}
