/** Tables of colors for points: one entry per category, or 256 along viridis; entry 0 is "missing". */
import { legible, toRgb } from "../../draw/colors";
import { blue, neutral, sky } from "../../draw/palette";
import { pack } from "../../draw/splat";
import type { Theme } from "../../draw/theme";
import type { ColorColumn } from "./data";

const STEPS = 255;
type Rgb = readonly [number, number, number];

export interface Tables {
  /** Allowed points, and marked ones while this view marks some. */
  plain: Uint32Array;
  /** Allowed points beside marked ones. */
  faded: Uint32Array;
  /** Share of their own color in `faded`. */
  fade: number;
  /** Points that other views leave out. */
  dimmed: Uint32Array;
  background: number;
  rule: number;
}

export function isNumber(column: ColorColumn | null): boolean {
  return column?.kind === "number" || column?.kind === "time";
}

/** Index of each row's color in the tables; numbers are scaled from `lo`..`hi`. */
export function places(column: ColorColumn | null, n: number, lo: number, hi: number): Uint16Array {
  const out = new Uint16Array(n);
  if (!column) return out;
  const { values } = column;
  if (!isNumber(column)) {
    out.set(values);
    return out;
  }
  const scale = hi > lo ? (STEPS - 1) / (hi - lo) : 0;
  for (let row = 0; row < n; row++)
    out[row] = Number.isNaN(values[row]) ? 0 : 1 + Math.round((values[row] - lo) * scale);
  return out;
}

export function tables(column: ColorColumn | null, theme: Theme): Tables {
  const background = rgb(theme.background);
  const text = rgb(theme.text);
  const mixed = (to: Rgb, share: number): Rgb =>
    background.map((from, i) => Math.round(from + (to[i] - from) * share)) as unknown as Rgb;
  const colors = listed(column, theme.dark);
  const table = (change: (color: Rgb) => Rgb) => Uint32Array.from(colors, (color) => pack(...change(color)));
  const fade = theme.dark ? 0.42 : 0.36;
  const gray = mixed(text, theme.dark ? 0.26 : 0.16);
  return {
    plain: table((color) => color),
    faded: table((color) => mixed(color, fade)),
    fade,
    dimmed: table(() => gray),
    background: pack(...background),
    rule: pack(...mixed(text, 0.07)),
  };
}

function listed(column: ColorColumn | null, dark: boolean): Rgb[] {
  if (!column) return [toRgb(dark ? sky : blue)];
  const own = isNumber(column)
    ? Array.from({ length: STEPS }, (_, i) => legible(i / (STEPS - 1), dark))
    : column.colors.map(toRgb);
  return [toRgb(neutral), ...own];
}

/** "rgb(1, 2, 3)" as the page computes it, or "#rrggbb". */
export function rgb(color: string): Rgb {
  if (color.startsWith("#")) return toRgb(color);
  const [r = 255, g = 255, b = 255] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}
