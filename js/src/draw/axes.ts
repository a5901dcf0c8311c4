/** Ticks and names of axes, and marks over the points, with Canvas2D. */
import { type Span, ticks, timeTicks, timeWords, toValue, words } from "../core/space/scale";
import type { Theme } from "./theme";

export interface AxisLook {
  name: string;
  span: Span;
  kind: string;
  categories: readonly string[];
  whole: boolean;
}

export interface Tick {
  /** Pixels of the plot. */
  at: number;
  text: string;
}

/** Room beside the plot for ticks and names, pixels. */
export const GUTTER = { left: 58, bottom: 36, top: 6, right: 8 };

/** @param k, b as in Placement; `length` of the axis and `spacing` of ticks in pixels. */
export function axisTicks(axis: AxisLook, k: number, b: number, length: number, spacing: number): Tick[] {
  const ends = [-b / k, (length - b) / k].map((at) => toValue(axis.span, at));
  const [lo, hi] = [Math.min(...ends), Math.max(...ends)];
  const n = Math.max(Math.floor(length / spacing), 1);
  const time = axis.kind === "time";
  const sorted = axis.categories.length > 0;
  const values = time ? timeTicks(lo, hi, n) : ticks(lo, hi, sorted ? length / 18 : n, axis.whole || sorted);
  const step = values.length > 1 ? values[1] - values[0] : (hi - lo) / n;
  const said = (value: number) =>
    sorted ? (axis.categories[value] ?? "") : time ? timeWords(value, step) : words(value, step);
  return values
    .map((value) => ({ at: ((value - axis.span.lo) / axis.span.range) * k + b, text: said(value) }))
    .filter(({ at, text }) => at >= -0.5 && at <= length + 0.5 && text !== "");
}

/** Ticks and names of both axes around a plot of this size at (left, top) of the canvas. */
export function drawAxes(
  pen: CanvasRenderingContext2D,
  x: { look: AxisLook; ticks: Tick[] },
  y: { look: AxisLook; ticks: Tick[] },
  box: { left: number; top: number; width: number; height: number },
  theme: Theme,
): void {
  const { left, top, width, height } = box;
  const face = getComputedStyle(pen.canvas).fontFamily;
  pen.save();
  pen.font = `11px ${face}`;
  pen.fillStyle = theme.muted;
  pen.strokeStyle = theme.border;
  pen.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
  pen.textAlign = "center";
  pen.textBaseline = "top";
  let free = -Infinity;
  for (const { at, text } of x.ticks) {
    const short = cut(pen, text, Math.max(width / Math.max(x.ticks.length, 1) - 6, 24));
    const half = pen.measureText(short).width / 2;
    const middle = Math.min(Math.max(left + at, left + half - 4), left + width - half + 4);
    if (middle - half < free) continue;
    pen.fillText(short, middle, top + height + 4);
    free = middle + half + 6;
  }
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const { at, text } of y.ticks)
    pen.fillText(
      cut(pen, text, left - 24),
      left - 5,
      Math.min(Math.max(top + at, top + 5), top + height - 5),
    );
  pen.fillStyle = theme.text;
  pen.textAlign = "center";
  pen.textBaseline = "bottom";
  pen.fillText(cut(pen, x.look.name, width), left + width / 2, top + height + GUTTER.bottom - 3);
  pen.translate(6, top + height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textBaseline = "top";
  pen.fillText(cut(pen, y.look.name, height), 0, 0);
  pen.restore();
}

/** A point that stands out on any color: a ring in the color of text, on a wider one in that of the background. */
export function drawRing(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  theme: Theme,
  strong: boolean,
): void {
  for (const [color, width] of [
    [theme.background, strong ? 5 : 4],
    [strong ? theme.accent : theme.text, strong ? 2.5 : 1.5],
  ] as const) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.stroke();
  }
}

/** A lasso or a box while it is drawn. */
export function drawShape(
  pen: CanvasRenderingContext2D,
  shape: "lasso" | "box",
  path: readonly number[],
  theme: Theme,
): void {
  pen.save();
  pen.beginPath();
  if (shape === "box") pen.rect(path[0], path[1], path[2] - path[0], path[3] - path[1]);
  else for (let i = 0; i < path.length; i += 2) pen.lineTo(path[i], path[i + 1]);
  pen.closePath();
  pen.fillStyle = pen.strokeStyle = theme.accent;
  pen.globalAlpha = 0.1;
  pen.fill("evenodd");
  pen.globalAlpha = 1;
  pen.lineWidth = 1.5;
  pen.lineJoin = "round";
  pen.stroke();
  pen.restore();
}

/** A text cut to a width in pixels. */
function cut(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && pen.measureText(`${text.slice(0, n)}…`).width > width) n--;
  return `${text.slice(0, n)}…`;
}
