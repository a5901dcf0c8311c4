/** The drawn part: points on a canvas, axes and marks on another over it. */
import type { Bitset } from "../../core/bitset";
import { Grid } from "../../core/grid";
import {
  type Camera,
  fit as everything,
  normalized,
  type Placement,
  panned,
  place,
  type Span,
  spans,
  zoomed,
} from "../../core/scale";
import { type AxisLook, axisTicks, drawAxes, drawRing, drawShape, GUTTER } from "../../draw/axes";
import { toRgb, viridis } from "../../draw/colors";
import { type Cloud, DIMMED, looks, MARKED, PLAIN, pack, type Surface, splat, tiers } from "../../draw/splat";
import { density, paint, ramp } from "../../draw/splat_density";
import type { Theme } from "../../draw/theme";
import { h } from "../dom";
import type { Shape } from "./clauses";
import type { Axis, ColorColumn } from "./data";

const STEPS = 256; // colors of a scale of numbers
const NONE: Span = { lo: 0, range: 1, end: 1 };

export interface Options {
  density: boolean;
  size: number | null;
  opacity: number | null;
}

export class Plot {
  readonly root = h("div.nbl-plot");
  /** What takes the pointer: the area of the points. */
  readonly area = h("div.nbl-plot-area");
  readonly #points = h("canvas", { role: "img" });
  readonly #marks = h("canvas", { "aria-hidden": "true" });
  cloud: Cloud = {
    x: new Float32Array(0),
    y: new Float32Array(0),
    color: new Uint16Array(0),
    tier: new Uint8Array(0),
  };
  counts: [number, number, number, number] = [0, 0, 0, 0];
  options: Options = { density: false, size: null, opacity: null };
  theme: Theme | null = null;
  #axes: readonly [Axis, Axis] | null = null;
  #spans: readonly [Span, Span] = [NONE, NONE];
  #camera: Camera = { x: 0.5, y: 0.5, zoom: 1 };
  #colors: string[] = [];
  #packed = new Uint32Array(1);
  #grid: Grid | null = null;
  #box = { left: 0, top: 0, width: 1, height: 1, ratio: 1 };

  constructor() {
    this.root.append(this.#points, this.#marks, this.area);
  }

  /** Points of an embedding: one unit is as long along both axes, and ticks would say nothing. */
  get isLayout(): boolean {
    return this.#axes?.every((axis) => axis.kind === "layout") ?? true;
  }

  get axes(): readonly [Axis, Axis] | null {
    return this.#axes;
  }

  /** @param morph coordinates move within the same plot: the camera stays. */
  setAxes(axes: readonly [Axis, Axis], morph: boolean): void {
    const same = morph && this.#axes?.every((axis, i) => axis.name === axes[i].name);
    this.#axes = axes;
    const [x, y] = axes;
    const [sx, sy] = spans(x.values, y.values, this.isLayout);
    this.#spans = [sx, sy];
    const n = x.values.length;
    const { color } = this.cloud;
    this.cloud = {
      x: normalized(x.values, y.values, sx),
      y: normalized(y.values, x.values, sy),
      color: color.length === n ? color : new Uint16Array(n).fill(1),
      tier: new Uint8Array(n),
    };
    this.#grid = null;
    if (!same) this.fit();
  }

  /** @param column null for one color. */
  setColors(column: ColorColumn | null): { lo: number; hi: number } {
    const n = this.cloud.x.length;
    if (!column) {
      this.#colors = ["", ""];
      (this.cloud as { color: Uint16Array }).color = new Uint16Array(n).fill(1);
      return { lo: 0, hi: 0 };
    }
    const { values } = column;
    if (column.categories.length || column.kind === "category" || column.kind === "boolean") {
      this.#colors = ["", ...column.colors];
      (this.cloud as { color: Uint16Array }).color = Uint16Array.from(values);
      return { lo: 0, hi: 0 };
    }
    let [lo, hi] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < lo) lo = value;
      if (value > hi) hi = value;
    }
    const scale = hi > lo ? (STEPS - 1) / (hi - lo) : 0;
    const color = new Uint16Array(n);
    for (let row = 0; row < n; row++) {
      const value = values[row];
      color[row] = Number.isNaN(value) ? 0 : 1 + Math.round((value - lo) * scale);
    }
    this.#colors = [];
    (this.cloud as { color: Uint16Array }).color = color;
    return { lo, hi };
  }

  /** Which points count: allowed by other views, marked by this one. */
  setTiers(allowed: Bitset | null, marked: Bitset | null): void {
    const n = this.cloud.x.length;
    const fits = (set: Bitset | null) => (set && set.n === n ? set : null);
    this.counts = tiers(this.cloud, fits(allowed), fits(marked), this.cloud.tier);
  }

  resize(width: number, height: number, ratio: number): void {
    const gutter = this.isLayout ? { left: 0, bottom: 0, top: 0, right: 0 } : GUTTER;
    this.#box = {
      left: gutter.left,
      top: gutter.top,
      width: Math.max(width - gutter.left - gutter.right, 1),
      height: Math.max(height - gutter.top - gutter.bottom, 1),
      ratio,
    };
    for (const canvas of [this.#points, this.#marks]) {
      canvas.width = Math.max(Math.round(width * ratio), 1);
      canvas.height = Math.max(Math.round(height * ratio), 1);
    }
    const { left, top, width: w, height: t } = this.#box;
    Object.assign(this.area.style, { left: `${left}px`, top: `${top}px`, width: `${w}px`, height: `${t}px` });
  }

  fit(): void {
    this.#camera = everything(...this.#spans);
  }

  pan(dx: number, dy: number): void {
    this.#camera = panned(this.#camera, this.placement(), dx, dy);
  }

  zoom(factor: number, x = this.#box.width / 2, y = this.#box.height / 2): void {
    this.#camera = zoomed(this.#camera, factor, this.placement(), x, y);
  }

  /** From 0..1 to pixels of the area. */
  placement(): Placement {
    return place(this.#camera, ...this.#spans, this.#box.width, this.#box.height, this.isLayout);
  }

  /** From pixels of the area to values, and how much a pixel is. */
  get scales(): { toX: (px: number) => number; toY: (py: number) => number; perPixel: [number, number] } {
    const { kx, ky, bx, by } = this.placement();
    const [x, y] = this.#spans;
    return {
      toX: (px) => x.lo + ((px - bx) / kx) * x.range,
      toY: (py) => y.lo + ((py - by) / ky) * y.range,
      perPixel: [Math.abs(x.range / kx), Math.abs(y.range / ky)],
    };
  }

  /** The row under a place of the area; -1 for none. */
  nearest(px: number, py: number): number {
    const { x, y, tier } = this.cloud;
    if (!this.#grid) {
      const start = performance.now();
      this.#grid = new Grid(x, y);
      mark("nbl:scatter:grid", start);
    }
    return this.#grid.nearest(this.placement(), px, py, 10, tier);
  }

  /** Where a row is drawn, pixels of the area; null where it is not. */
  where(row: number): [number, number] | null {
    const { x, y } = this.cloud;
    const { kx, ky, bx, by } = this.placement();
    const at: [number, number] = [x[row] * kx + bx, y[row] * ky + by];
    const inside = at[0] >= 0 && at[0] <= this.#box.width && at[1] >= 0 && at[1] <= this.#box.height;
    return inside ? at : null;
  }

  /** Color of a row, "#rrggbb". */
  colorOf(row: number): string {
    const code = this.cloud.color[row];
    if (this.#colors.length) return this.#colors[code] || (code ? this.#accent : "#8c8c8c");
    return code ? hex(viridis((code - 1) / (STEPS - 1))) : "#8c8c8c";
  }

  describe(text: string): void {
    this.#points.setAttribute("aria-label", text);
  }

  drawPoints(): void {
    const { theme } = this;
    if (!theme) return;
    const start = performance.now();
    const { left, top, width, height, ratio } = this.#box;
    const [w, t] = [Math.max(Math.round(width * ratio), 1), Math.max(Math.round(height * ratio), 1)];
    const image = new ImageData(w, t);
    const surface: Surface = { width: w, height: t, pixels: new Uint32Array(image.data.buffer) };
    const back = rgb(theme.background);
    surface.pixels.fill(pack(...back));
    const at = scaled(this.placement(), ratio);
    if (this.options.density) this.#drawDensity(surface, at, hex(back), theme.dark);
    else this.#drawDiscs(surface, at, theme.dark, width * height);
    const pen = this.#points.getContext("2d", { alpha: false })!;
    pen.fillStyle = theme.background;
    pen.fillRect(0, 0, this.#points.width, this.#points.height);
    pen.putImageData(image, Math.round(left * ratio), Math.round(top * ratio));
    mark("nbl:scatter:frame", start);
  }

  drawMarks(
    rings: readonly [number, boolean][],
    drawing: { shape: Shape; path: readonly number[] } | null,
  ): void {
    const { theme } = this;
    const pen = this.#marks.getContext("2d")!;
    const { left, top, width, height, ratio } = this.#box;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.#marks.width, this.#marks.height);
    if (!theme) return;
    if (!this.isLayout && this.#axes) {
      const { kx, ky, bx, by } = this.placement();
      const [x, y] = this.#axes.map((axis, i): AxisLook => ({ ...axis, span: this.#spans[i] }));
      drawAxes(
        pen,
        { look: x, ticks: axisTicks(x, kx, bx, width, 80) },
        { look: y, ticks: axisTicks(y, ky, by, height, 44) },
        this.#box,
        theme,
      );
    }
    pen.save();
    pen.translate(left, top);
    for (const [row, strong] of rings) {
      const at = this.where(row);
      if (at) drawRing(pen, ...at, strong ? 8 : 7, theme, strong);
    }
    if (drawing) drawShape(pen, drawing.shape, drawing.path, theme);
    pen.restore();
  }

  #drawDiscs(surface: Surface, at: Placement, dark: boolean, area: number): void {
    const { cloud, counts } = this;
    const ratio = this.#box.ratio;
    const auto = looks(cloud.x.length - counts[0], this.#camera.zoom, area);
    const size = (this.options.size ?? auto.size) * ratio;
    const alpha = this.options.opacity ?? auto.alpha;
    const colors = this.#table(dark);
    const gray = new Uint32Array(Math.max(colors.length, STEPS + 1)).fill(
      dark ? pack(96, 96, 96) : pack(190, 190, 190),
    );
    const some = counts[MARKED] > 0;
    if (counts[DIMMED]) splat(surface, cloud, at, DIMMED, gray, size * 0.8, alpha * 0.35);
    if (counts[PLAIN]) splat(surface, cloud, at, PLAIN, colors, size, some ? alpha * 0.35 : alpha);
    if (!some) return;
    const many = counts[MARKED] > 20_000;
    const rim = dark ? pack(255, 255, 255) : pack(20, 20, 20);
    splat(
      surface,
      cloud,
      at,
      MARKED,
      colors,
      many ? size : Math.max(size, 4 * ratio),
      Math.max(alpha, 0.8),
      many ? -1 : rim,
    );
  }

  #drawDensity(surface: Surface, at: Placement, background: string, dark: boolean): void {
    const { cloud, counts } = this;
    const from = counts[MARKED] ? MARKED : PLAIN;
    if (counts[DIMMED] || counts[MARKED])
      paint(surface, density(surface, cloud, at, DIMMED, MARKED), ramp(background, dark, true));
    paint(surface, density(surface, cloud, at, from, MARKED), ramp(background, dark));
  }

  get #accent(): string {
    return this.theme?.dark ? "#6db3f2" : "#1f77b4";
  }

  /** Packed colors by place; 0 is for missing values. */
  #table(dark: boolean): Uint32Array {
    const missing = dark ? pack(110, 110, 110) : pack(160, 160, 160);
    const n = this.#colors.length || STEPS + 1;
    if (this.#packed.length !== n) this.#packed = new Uint32Array(n);
    for (let i = 1; i < n; i++) {
      const found = this.#colors.length
        ? toRgb(this.#colors[i] || this.#accent)
        : viridis((i - 1) / (STEPS - 1));
      this.#packed[i] = pack(...found);
    }
    this.#packed[0] = missing;
    return this.#packed;
  }
}

export function mark(name: string, start: number): void {
  performance.clearMeasures(name);
  performance.measure(name, { start, end: performance.now() });
}

function scaled({ kx, ky, bx, by }: Placement, ratio: number): Placement {
  return { kx: kx * ratio, ky: ky * ratio, bx: bx * ratio, by: by * ratio };
}

function rgb(color: string): [number, number, number] {
  const [r, g, b] = (color.match(/[\d.]+/g) ?? ["255", "255", "255"]).map(Number);
  return [r, g, b];
}

function hex(color: readonly number[]): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}
