/** Brush strokes: the brush is swept along the line between two points, so a fast pointer leaves no gaps. */
import { centered } from "./fill";
import { EMPTY, type Raster } from "./raster";

export type Dirty = readonly [x: number, y: number, w: number, h: number];

const MARGIN = 64; // pixels by which the box grows at least, because growing copies it

/** Pixels whose centers the brush has covered. */
export class Stroke {
  #raster: Raster = EMPTY;
  #x = Number.NaN;
  #y = Number.NaN;
  #fine: boolean;
  #span: typeof round;

  /**
   * @param width pixels of the image, as is `height`; the stroke ends at its border.
   * @param diameter pixels; below 1.5 the brush is the pixel under the pointer.
   */
  constructor(
    readonly width: number,
    readonly height: number,
    shape: "circle" | "square",
    readonly diameter: number,
  ) {
    this.#fine = diameter < 1.5;
    this.#span = shape === "square" && !this.#fine ? square : round;
  }

  /** The pixels painted so far; they change as the stroke goes on, and the box is not tight. */
  get raster(): Raster {
    return this.#raster;
  }

  /** Continues to (x, y), pixels of the image; returns the box of pixels that may have changed. */
  add(x: number, y: number): Dirty {
    const [bx, by] = this.#fine ? [Math.floor(x) + 0.5, Math.floor(y) + 0.5] : [x, y];
    const [ax, ay] = Number.isNaN(this.#x) ? [bx, by] : [this.#x, this.#y];
    [this.#x, this.#y] = [bx, by];
    const radius = this.#fine ? 0.5 : this.diameter / 2;
    const left = Math.max(centered(Math.min(ax, bx) - radius), 0);
    const top = Math.max(centered(Math.min(ay, by) - radius), 0);
    const right = Math.min(centered(Math.max(ax, bx) + radius), this.width);
    const bottom = Math.min(centered(Math.max(ay, by) + radius), this.height);
    if (!(right > left && bottom > top)) return [0, 0, 0, 0];
    this.#reach(left, top, right, bottom);
    const { x: x0, y: y0, w, data } = this.#raster;
    for (let row = top; row < bottom; row++) {
      const [from, to] = this.#span(ax, ay, bx, by, radius, row + 0.5);
      const first = Math.max(centered(from), left);
      const end = Math.min(centered(to), right);
      const start = (row - y0) * w - x0;
      if (end > first) data.fill(1, start + first, start + end);
    }
    return [left, top, right - left, bottom - top];
  }

  /** Grows the box to hold these pixels, with spare room on each side that grows. */
  #reach(left: number, top: number, right: number, bottom: number): void {
    const old = this.#raster;
    const inside = left >= old.x && top >= old.y && right <= old.x + old.w && bottom <= old.y + old.h;
    if (inside && old.w) return;
    const spare = MARGIN + Math.round(Math.max(old.w, old.h) / 2);
    const low = (now: number, before: number) => (old.w && before <= now ? before : Math.max(now - spare, 0));
    const high = (now: number, before: number, most: number) =>
      old.w && before >= now ? before : Math.min(now + spare, most);
    const [x, y] = [low(left, old.x), low(top, old.y)];
    const w = high(right, old.x + old.w, this.width) - x;
    const h = high(bottom, old.y + old.h, this.height) - y;
    const data = new Uint8Array(w * h);
    for (let row = 0; row < old.h; row++)
      data.set(old.data.subarray(row * old.w, (row + 1) * old.w), (row + old.y - y) * w + old.x - x);
    this.#raster = { x, y, w, h, data };
  }
}

type Span = readonly [from: number, to: number];
const NOTHING: Span = [Infinity, -Infinity];

/** The span at height `cy` that a disc covers on its way from a to b: two discs and the rectangle between. */
function round(ax: number, ay: number, bx: number, by: number, radius: number, cy: number): Span {
  const a = disc(ax, cy - ay, radius);
  const b = disc(bx, cy - by, radius);
  let [from, to] = [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
  const length = Math.hypot(bx - ax, by - ay);
  if (!length) return [from, to];
  const [nx, ny] = [((ay - by) / length) * radius, ((bx - ax) / length) * radius];
  const corners = [ax + nx, ay + ny, bx + nx, by + ny, bx - nx, by - ny, ax - nx, ay - ny];
  for (let i = 0, j = 6; i < 8; j = i, i += 2) {
    const t = (cy - corners[j + 1]) / (corners[i + 1] - corners[j + 1]);
    if (!(t >= 0 && t <= 1)) continue;
    const x = corners[j] + t * (corners[i] - corners[j]);
    [from, to] = [Math.min(from, x), Math.max(to, x)];
  }
  return [from, to];
}

function disc(x: number, dy: number, radius: number): Span {
  if (Math.abs(dy) > radius) return NOTHING;
  const half = Math.sqrt(radius * radius - dy * dy);
  return [x - half, x + half];
}

/** The same for a square: the places of its center while it covers `cy`, widened by half a side. */
function square(ax: number, ay: number, bx: number, by: number, radius: number, cy: number): Span {
  let [near, far] = [0, 1];
  if (ay !== by) {
    const [s, t] = [(cy - radius - ay) / (by - ay), (cy + radius - ay) / (by - ay)];
    [near, far] = [Math.max(Math.min(s, t), 0), Math.min(Math.max(s, t), 1)];
    if (near > far) return NOTHING;
  }
  const [p, q] = [ax + near * (bx - ax), ax + far * (bx - ax)];
  return [Math.min(p, q) - radius, Math.max(p, q) + radius];
}
