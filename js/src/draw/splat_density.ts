/** The density of points as colors, for clouds in which points hide each other. */
import type { Placement } from "../core/space/scale";
import { toRgb, viridis } from "./colors";
import { type Cloud, pack, type Surface } from "./splat";

const STEPS = 256;

/** Counts per cell, blurred if there are too few points for a smooth picture. */
export interface Density {
  /** Pixels of the surface along the side of a cell. */
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
  readonly counts: Float32Array;
  readonly most: number;
}

/** Count the points whose tier is at least `from` and at most `to`. */
export function density(
  { width, height }: Surface,
  { x, y, tier }: Cloud,
  { kx, ky, bx, by }: Placement,
  from: number,
  to: number,
  cell = 2,
): Density {
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  let counts = new Float32Array(columns * rows);
  let seen = 0;
  for (let row = 0; row < x.length; row++) {
    if (tier[row] < from || tier[row] > to) continue;
    const px = x[row] * kx + bx;
    const py = y[row] * ky + by;
    if (!(px >= 0 && px < width && py >= 0 && py < height)) continue;
    counts[((py / cell) | 0) * columns + ((px / cell) | 0)]++;
    seen++;
  }
  const radius = Math.min(Math.round(Math.sqrt((columns * rows) / Math.max(seen, 1)) * 0.6), 7);
  if (radius && seen) for (let k = 0; k < 2; k++) counts = blurred(counts, columns, rows, radius);
  let most = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] > most) most = counts[i];
  return { cell, columns, rows, counts, most };
}

/** Color a surface by density, on a logarithmic scale; cells without points keep their color. */
export function paint({ width, height, pixels }: Surface, of: Density, ramp: Uint32Array): void {
  if (!of.most) return;
  const least = of.most * 0.015;
  const scale = (STEPS - 1) / Math.log1p(of.most / least);
  const steps = new Uint8Array(of.counts.length);
  for (let i = 0; i < steps.length; i++)
    if (of.counts[i] > 0) steps[i] = Math.log1p(of.counts[i] / least) * scale;
  for (let j = 0; j < height; j++) {
    const line = ((j / of.cell) | 0) * of.columns;
    for (let i = 0; i < width; i++) {
      const step = steps[line + ((i / of.cell) | 0)];
      if (step) pixels[j * width + i] = ramp[step];
    }
  }
}

/** Colors from the background to the end of viridis that stands out from it; or grays. */
export function ramp(background: string, dark: boolean, gray = false): Uint32Array {
  const [r, g, b] = toRgb(background);
  return Uint32Array.from({ length: STEPS }, (_, step) => {
    const t = step / (STEPS - 1);
    const end = dark ? 255 : 90;
    const [vr, vg, vb] = gray ? [end, end, end] : viridis(dark ? 0.12 + 0.88 * t : 1 - t);
    const a = gray ? 0.35 * t : Math.min(t * 3.5, 1);
    const over = (from: number, to: number) => Math.round(from + (to - from) * a);
    return pack(over(r, vr), over(g, vg), over(b, vb));
  });
}

/** A box blur of `2 * radius + 1` cells along both axes. */
function blurred(
  counts: Float32Array,
  columns: number,
  rows: number,
  radius: number,
): Float32Array<ArrayBuffer> {
  const across = new Float32Array(counts.length);
  const out = new Float32Array(counts.length);
  slide(counts, across, rows, columns, columns, 1, radius);
  slide(across, out, columns, rows, 1, columns, radius);
  return out;
}

function slide(
  from: Float32Array,
  to: Float32Array,
  lines: number,
  length: number,
  line: number,
  step: number,
  radius: number,
): void {
  const share = 1 / (2 * radius + 1);
  for (let k = 0; k < lines; k++) {
    let sum = 0;
    for (let i = -radius; i < length; i++) {
      if (i + radius < length) sum += from[k * line + (i + radius) * step];
      if (i >= 0) to[k * line + i * step] = Math.max(sum, 0) * share;
      if (i - radius >= 0) sum -= from[k * line + (i - radius) * step];
      if (i >= 0 && sum < 1e-9) sum = 0; // drop rounding errors where there are no points
    }
  }
}
