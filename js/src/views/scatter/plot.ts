/** The canvases: points below, drawn on the CPU; axes, rings and the lasso above them. */

import { Grid } from "../../core/space/grid";
import type { Coordinates } from "../../core/space/lasso";
import {
  type Camera,
  fitted,
  normalized,
  type Placement,
  panned,
  place,
  type Span,
  spans,
  zoomed,
} from "../../core/space/scale";
import { timed } from "../../core/timing";
import { axisTicks, drawAxes, drawRing, drawShape, GUTTER } from "../../draw/axes";
import { h, perFrame } from "../../draw/dom";
import { type Cloud, DIMMED, looks, MARKED, PLAIN, type Surface, splat } from "../../draw/splat";
import { density, paint, ramp } from "../../draw/splat_density";
import type { Theme } from "../../draw/theme";
import type { Shape } from "./clauses";
import type { Axis } from "./data";
import { rgb, type Tables } from "./palette";
import { covers, type Limits, paintTile, type Tile, tints, veil } from "./tile";

export interface Options {
  density: boolean;
  size: number | null;
  opacity: number | null;
}

const NO_POINTS: Cloud = {
  x: new Float32Array(0),
  y: new Float32Array(0),
  color: new Uint16Array(0),
  tier: new Uint8Array(0),
};
const NO_SPAN: Span = { lo: 0, range: 1, end: 1 };
const REACH = 9; // largest distance from the pointer to the point it picks, pixels
const MOVING = 700; // milliseconds
const OVER = 0.5; // opacity of points over counts, which show where they are dense
const RIMMED = 1500; // points up to which discs have a rim

export class Plot {
  readonly element: HTMLElement;
  /** Pixels of the page, without axes. */
  width = 1;
  height = 1;
  cloud: Cloud = NO_POINTS;
  /** Number of points with coordinates. */
  n = 0;
  /** Counts below the points, the coarsest last; without layers where every point is drawn. */
  tiles: readonly Tile[] = [];
  /** Of a table too large to be sent: active rows that are not among the points drawn, as x, y, in 0..1. */
  away: readonly (readonly number[])[] = [];
  /** Called when something else may be in view. */
  moved = () => {};
  #sampled = false;
  options: Options = { density: false, size: null, opacity: null };
  tables: Tables | null = null;
  theme: Theme | null = null;
  marked = false;
  active: ArrayLike<number> = [];
  hovered: ArrayLike<number> = [];
  shape: { kind: Shape; path: readonly number[] } | null = null;
  readonly draw: () => void;
  readonly drawOver: () => void;
  #axes: readonly [Axis, Axis] | null = null;
  #spans: [Span, Span] = [NO_SPAN, NO_SPAN];
  #camera: Camera | null = null;
  #grid: Grid | null = null;
  #moving = 0;
  readonly #signal: AbortSignal;
  readonly #below = h("canvas.nbl-scatter-points", { "aria-hidden": "true" });
  readonly #above = h("canvas.nbl-scatter-over", { role: "img" });
  /** Pixels below the marked points; null if they must be drawn again. */
  #base: Uint32Array | null = null;
  #image: ImageData | null = null;
  #surface: Surface | null = null;

  constructor(signal: AbortSignal, resized: () => void) {
    this.#signal = signal;
    this.element = h("div.nbl-scatter-plot", {}, this.#below, this.#above);
    const soon = perFrame(() => {
      this.#paint();
      this.#over();
    }, signal);
    this.draw = () => {
      this.#base = null;
      soon();
      this.moved();
    };
    this.drawOver = perFrame(() => this.#over(), signal);
    const observer = new ResizeObserver(() => {
      this.#measure();
      resized();
    });
    observer.observe(this.element);
    signal.addEventListener(
      "abort",
      () => {
        observer.disconnect();
        cancelAnimationFrame(this.#moving);
        this.#image = this.#surface = this.#grid = this.#base = null;
        this.cloud = NO_POINTS;
        for (const canvas of [this.#below, this.#above]) canvas.width = canvas.height = 0;
      },
      { once: true },
    );
  }

  /** Text for screen readers. */
  set label(text: string) {
    this.#above.setAttribute("aria-label", text);
  }

  get axes(): readonly [Axis, Axis] | null {
    return this.#axes;
  }

  get box(): { left: number; top: number } {
    return this.#framed ? { left: GUTTER.left, top: GUTTER.top } : { left: 0, top: 0 };
  }

  get fitted(): boolean {
    return this.#camera === null;
  }

  /** New coordinates. With `move`, points move there; else same axes keep the camera. */
  setAxes(x: Axis, y: Axis, move: boolean): void {
    const before = this.#axes && this.cloud.x.length === x.values.length ? { ...this.cloud } : null;
    const at = this.placement();
    const same = this.#axes?.[0].name === x.name && this.#axes[1].name === y.name;
    const equal = x.kind === "layout" && y.kind === "layout";
    const [sx, sy, n] = spans(x.values, y.values, equal);
    this.#span([x, y], [sx, sy], n, same && !move);
    this.tiles = this.away = [];
    this.#sampled = false;
    const to = { x: normalized(x.values, y.values, sx), y: normalized(y.values, x.values, sy) };
    const many = to.x.length;
    const kept = before ?? { color: new Uint16Array(many), tier: new Uint8Array(many) };
    this.cloud = { ...to, color: kept.color, tier: kept.tier };
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    cancelAnimationFrame(this.#moving);
    if (before && move && !still) this.#move(before, at, to);
    else this.draw();
  }

  /** Axes of a table too large to be sent; its points follow by `show`. */
  setSampled(axes: readonly [Axis, Axis], of: [Span, Span], n: number): void {
    const same = axes.every((axis, i) => axis.name === this.#axes?.[i].name && axis.kind !== "layout");
    cancelAnimationFrame(this.#moving);
    this.#moving = 0;
    this.#sampled = true;
    this.#span(axes, of, n, same);
  }

  /** Points of a sample, over counts of all. */
  show(cloud: Cloud, tiles: readonly Tile[]): void {
    [this.cloud, this.tiles, this.#grid] = [cloud, tiles, null];
    this.draw();
  }

  #span(axes: readonly [Axis, Axis], of: [Span, Span], n: number, keep: boolean): void {
    if (!keep) this.#camera = null;
    [this.#axes, this.#spans, this.n, this.#grid] = [axes, of, n, null];
    this.element.toggleAttribute("data-framed", this.#framed);
    this.#measure();
  }

  /** What is in view, in 0..1. */
  get view(): Limits {
    const { kx, ky, bx, by } = this.placement();
    return [-bx / kx, (this.height - by) / ky, (this.width - bx) / kx, -by / ky];
  }

  /** Only the marked points have changed: draw them in this frame. */
  remark(): void {
    this.#paint();
  }

  fit(): void {
    this.#camera = null;
    this.draw();
  }

  pan(dx: number, dy: number): void {
    this.#camera = panned(this.#camera ?? fitted(...this.#spans), this.placement(), dx, dy);
    this.draw();
  }

  /** Returns whether the zoom has changed. */
  zoom(factor: number, x = this.width / 2, y = this.height / 2): boolean {
    const before = this.#camera ?? fitted(...this.#spans);
    this.#camera = zoomed(before, factor, this.placement(), x, y);
    this.draw();
    return this.#camera.zoom !== before.zoom;
  }

  placement(): Placement {
    const [x, y] = this.#spans;
    return place(this.#camera ?? fitted(x, y), x, y, this.width, this.height, this.#equal);
  }

  /** Functions from pixels to values, and the values per pixel. */
  get scales(): {
    toX: (px: number) => number;
    toY: (py: number) => number;
    perPixel: [number, number];
  } {
    const { kx, ky, bx, by } = this.placement();
    const [x, y] = this.#spans;
    return {
      toX: (px) => x.lo + ((px - bx) / kx) * x.range,
      toY: (py) => y.lo + ((py - by) / ky) * y.range,
      perPixel: [Math.abs(x.range / kx), Math.abs(y.range / ky)],
    };
  }

  /** The point under the pointer, -1 for none. */
  pick(px: number, py: number): number {
    if (!this.n || this.#moving) return -1;
    if (!this.#grid)
      timed("nbl:scatter:grid", () => {
        this.#grid = new Grid(this.cloud.x, this.cloud.y);
      });
    return this.#grid!.nearest(this.placement(), px, py, REACH, this.cloud.tier);
  }

  /** Position of a point, pixels of the plot. */
  where(row: number): [number, number] {
    const { kx, ky, bx, by } = this.placement();
    return [this.cloud.x[row] * kx + bx, this.cloud.y[row] * ky + by];
  }

  get #looks(): { size: number; alpha: number } {
    const area = this.width * this.height;
    if (!this.#sampled) return looks(this.n, this.#camera?.zoom ?? 1, area);
    const { size, alpha } = looks(this.cloud.x.length, 1, area);
    return { size, alpha: this.#tile?.layers.length ? alpha * OVER : alpha };
  }

  get #equal(): boolean {
    return this.#axes?.[0].kind === "layout" && this.#axes[1].kind === "layout";
  }

  get #framed(): boolean {
    return this.n > 0 && !this.#equal;
  }

  #measure(): void {
    const { clientWidth, clientHeight } = this.element;
    const gutter = this.#framed ? GUTTER : { left: 0, right: 0, top: 0, bottom: 0 };
    const width = Math.max(clientWidth - gutter.left - gutter.right, 1);
    const height = Math.max(clientHeight - gutter.top - gutter.bottom, 1);
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [w, t] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#surface?.width !== w || this.#surface.height !== t || this.width !== width) {
      [this.width, this.height] = [width, height];
      this.#image = new ImageData(w, t);
      this.#surface = { width: w, height: t, pixels: new Uint32Array(this.#image.data.buffer) };
      [this.#below.width, this.#below.height] = [w, t];
      this.draw();
    }
    const { left, top } = this.box;
    Object.assign(this.#below.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    const [outer, tall] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.#above.width !== outer || this.#above.height !== tall)
      [this.#above.width, this.#above.height] = [outer, tall];
    this.drawOver();
  }

  #move(from: Cloud, at: Placement, to: { x: Float32Array; y: Float32Array }): void {
    const now = this.placement();
    const n = to.x.length;
    // The old positions on the screen, in coordinates of the new placement.
    const x0 = from.x.map((x) => (x * at.kx + at.bx - now.bx) / now.kx);
    const y0 = from.y.map((y) => (y * at.ky + at.by - now.by) / now.ky);
    const [x, y] = [new Float32Array(n), new Float32Array(n)];
    let start = -1;
    const step = (time: number) => {
      if (this.#signal.aborted) return;
      if (start < 0) start = time;
      const t = Math.min((time - start) / MOVING, 1);
      const ease = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
      for (let row = 0; row < n; row++) {
        x[row] = x0[row] + (to.x[row] - x0[row]) * ease;
        y[row] = y0[row] + (to.y[row] - y0[row]) * ease;
      }
      const { color, tier } = this.cloud;
      this.cloud = t < 1 ? { x, y, color, tier } : { ...to, color, tier };
      this.#moving = t < 1 ? requestAnimationFrame(step) : 0;
      this.draw();
    };
    this.#moving = requestAnimationFrame(step);
  }

  #paint(): void {
    const { tables, theme, cloud } = this;
    const image = this.#image;
    const surface = this.#surface;
    if (!image || !surface || !tables || !theme) return;
    timed("nbl:scatter:frame", () => {
      if (this.#base) surface.pixels.set(this.#base);
      else {
        surface.pixels.fill(tables.background);
        if (this.#framed) this.#rules(surface, tables.rule);
      }
      if (cloud.x.length || this.tiles.length) this.#points(surface, tables, theme);
      this.#below.getContext("2d")!.putImageData(image, 0, 0);
    });
  }

  #points(surface: Surface, tables: Tables, theme: Theme): void {
    const { cloud, options } = this;
    const ratio = surface.width / this.width;
    const at = scaled(this.placement(), ratio);
    const auto = this.#looks;
    const size = (options.size ?? auto.size) * ratio;
    const alpha = options.opacity ?? auto.alpha;
    if (options.density) {
      const hex = `#${rgb(theme.background)
        .map((c) => Math.round(c).toString(16).padStart(2, "0"))
        .join("")}`;
      const cell = Math.round(2 * ratio);
      if (this.#tile?.layers.length) {
        this.#cells(surface, at, PLAIN, ramp(hex, theme.dark, this.marked), 0);
        this.#cells(surface, at, MARKED, ramp(hex, theme.dark), 0);
        return;
      }
      if (this.marked)
        paint(surface, density(surface, cloud, at, PLAIN, PLAIN, cell), ramp(hex, theme.dark, true));
      const from = this.marked ? MARKED : PLAIN;
      paint(surface, density(surface, cloud, at, from, MARKED, cell), ramp(hex, theme.dark));
      return;
    }
    const rim = this.n <= RIMMED && size > 4 ? tables.background : -1;
    if (!this.#base) {
      const colors = this.marked ? tables.faded : tables.plain;
      this.#cells(surface, at, DIMMED, tables.dimmed.subarray(0, 1), 0.9);
      this.#cells(surface, at, PLAIN, null, this.marked ? tables.fade : 0.9);
      splat(surface, cloud, at, DIMMED, tables.dimmed, Math.max(size * 0.8, 1), alpha);
      splat(surface, cloud, at, PLAIN, colors, size, alpha, rim);
      if (this.marked) {
        splat(surface, cloud, at, MARKED, colors, size, alpha, rim);
        this.#base = surface.pixels.slice();
      }
    }
    if (this.marked) this.#cells(surface, at, MARKED, null, 0.9);
    if (this.marked)
      splat(
        surface,
        cloud,
        at,
        MARKED,
        tables.plain,
        size < 3 ? size : size + ratio,
        Math.max(alpha, 0.9),
        rim,
      );
  }

  /** The finest tile that has all that is in view. */
  get #tile(): Tile | undefined {
    return this.tiles.find(({ limits }) => covers(limits, this.view)) ?? this.tiles.at(-1);
  }

  /** Paint a layer of counts. */
  #cells(
    surface: Surface,
    at: Placement,
    tier: number,
    colors: ArrayLike<number> | null,
    alpha: number,
  ): void {
    const tile = this.#tile;
    const levels = tile?.layers[tier - DIMMED];
    if (levels)
      paintTile(
        surface,
        tile,
        levels,
        at,
        colors ?? tints(tile, this.tables!.plain),
        alpha ? veil(alpha) : null,
      );
  }

  #ticks() {
    const { kx, ky, bx, by } = this.placement();
    return this.#axes!.map((axis, i) => {
      const look = { ...axis, span: this.#spans[i] };
      const made = i
        ? axisTicks(look, ky, by, this.height, 44)
        : axisTicks(look, kx, bx, this.width, axis.kind === "time" ? 110 : 76);
      return { look, ticks: made };
    });
  }

  #rules({ width, height, pixels }: Surface, color: number): void {
    const ratio = width / this.width;
    const [x, y] = this.#ticks();
    for (const { at } of x.ticks) {
      const column = Math.min(Math.round(at * ratio), width - 1);
      for (let j = 0; j < height; j++) pixels[j * width + column] = color;
    }
    for (const { at } of y.ticks) {
      const line = Math.min(Math.round(at * ratio), height - 1) * width;
      pixels.fill(color, line, line + width);
    }
  }

  #over(): void {
    const pen = this.#above.getContext("2d");
    const { theme } = this;
    if (!pen || !theme || !this.#above.width) return;
    const ratio = this.#above.width / this.element.clientWidth;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.element.clientWidth, this.element.clientHeight);
    const { left, top } = this.box;
    if (this.#framed) {
      const [x, y] = this.#ticks();
      drawAxes(pen, x, y, { left, top, width: this.width, height: this.height }, theme);
    }
    pen.save();
    pen.translate(left, top);
    pen.beginPath();
    pen.rect(0, 0, this.width, this.height);
    pen.clip();
    this.#rings(pen, this.active, theme, true);
    this.#rings(pen, this.hovered, theme, false);
    const { kx, ky, bx, by } = this.placement();
    for (const [x, y] of this.away) drawRing(pen, x * kx + bx, y * ky + by, 6, theme, true);
    if (this.shape) drawShape(pen, this.shape.kind, this.shape.path, theme);
    pen.restore();
  }

  #rings(pen: CanvasRenderingContext2D, rows: ArrayLike<number>, theme: Theme, strong: boolean): void {
    const { size } = this.#looks;
    const radius = Math.max((this.options.size ?? size) / 2 + 2.5, 5);
    for (let i = 0; i < rows.length; i++) {
      const [x, y] = this.where(rows[i]);
      if (!Number.isNaN(x + y)) drawRing(pen, x, y, radius, theme, strong);
    }
  }
}

/** A placement in pixels of the surface. */
function scaled({ kx, ky, bx, by }: Placement, ratio: number): Placement {
  return { kx: kx * ratio, ky: ky * ratio, bx: bx * ratio, by: by * ratio };
}

/** Least and largest of the numbers that are not missing. */
export function extent(values: Coordinates): [number, number] {
  let [lo, hi] = [Infinity, -Infinity];
  for (let row = 0; row < values.length; row++) {
    if (values[row] < lo) lo = values[row];
    if (values[row] > hi) hi = values[row];
  }
  return lo <= hi ? [lo, hi] : [0, 0];
}
