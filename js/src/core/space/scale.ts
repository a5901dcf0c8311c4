/**
 * From values to the screen. Values are first normalized to 0..1 (`Span`): drawing uses float32, in which dates or
 * ids far from zero would lose digits. A camera is the part of 0..1 in view; a placement combines camera and size
 * of the plot as factors: screen = value01 * k + b. Screen y grows downwards, values grow upwards.
 */
import type { Coordinates } from "./lasso";

export interface Span {
  readonly lo: number;
  /** 1 stands for `lo + range`; never 0. */
  readonly range: number;
  /** Largest value, in 0..1. */
  readonly end: number;
}

export interface Camera {
  /** The point in the middle of the view, in 0..1. */
  readonly x: number;
  readonly y: number;
  /** 1: everything fits. */
  readonly zoom: number;
}

export interface Placement {
  readonly kx: number;
  readonly ky: number;
  readonly bx: number;
  readonly by: number;
}

export const MARGIN = 14; // pixels around the fitted points
const NEAREST = 20_000; // up to this zoom, steps of float32 are smaller than pixels
const FARTHEST = 0.4;

/** Spans of two columns over the rows that have both; with `equal` one unit is as long on both axes. */
export function spans(x: Coordinates, y: Coordinates, equal: boolean): [Span, Span, number] {
  let [x0, x1, y0, y1, n] = [Infinity, -Infinity, Infinity, -Infinity, 0];
  for (let row = 0; row < x.length; row++) {
    const [a, b] = [x[row], y[row]];
    if (!(Number.isFinite(a) && Number.isFinite(b))) continue;
    n++;
    if (a < x0) x0 = a;
    if (a > x1) x1 = a;
    if (b < y0) y0 = b;
    if (b > y1) y1 = b;
  }
  const longest = Math.max(x1 - x0, y1 - y0);
  return [span(x0, x1, equal ? longest : x1 - x0), span(y0, y1, equal ? longest : y1 - y0), n];
}

function span(lo: number, hi: number, range: number): Span {
  if (!(hi >= lo)) return { lo: 0, range: 1, end: 1 };
  return range > 0 ? { lo, range, end: (hi - lo) / range } : { lo, range: 1, end: 0 };
}

/** Values in 0..1; NaN where either coordinate is missing. */
export function normalized(values: Coordinates, other: Coordinates, of: Span): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < out.length; row++)
    out[row] =
      Number.isFinite(other[row]) && Number.isFinite(values[row]) ? (values[row] - of.lo) / of.range : NaN;
  return out;
}

export const toValue = (of: Span, at: number) => of.lo + at * of.range;

/** Everything in view. */
export function fitted(x: Span, y: Span): Camera {
  return { x: x.end / 2, y: y.end / 2, zoom: 1 };
}

export function place(
  camera: Camera,
  x: Span,
  y: Span,
  width: number,
  height: number,
  equal: boolean,
): Placement {
  const room = (length: number) => Math.max(length - 2 * MARGIN, 1);
  let kx = x.end ? room(width) / x.end : Infinity;
  let ky = y.end ? room(height) / y.end : Infinity;
  if (equal) kx = ky = Math.min(kx, ky);
  if (kx === Infinity) kx = room(width); // one value only: in the middle
  if (ky === Infinity) ky = room(height);
  kx *= camera.zoom;
  ky *= -camera.zoom;
  return { kx, ky, bx: width / 2 - camera.x * kx, by: height / 2 - camera.y * ky };
}

/** Zoom around a point of the screen, which stays in place. */
export function zoomed(camera: Camera, factor: number, at: Placement, px: number, py: number): Camera {
  const zoom = Math.min(Math.max(camera.zoom * factor, FARTHEST), NEAREST);
  const real = zoom / camera.zoom;
  const [x, y] = [(px - at.bx) / at.kx, (py - at.by) / at.ky];
  return held({ x: x + (camera.x - x) / real, y: y + (camera.y - y) / real, zoom });
}

export function panned(camera: Camera, at: Placement, dx: number, dy: number): Camera {
  return held({ ...camera, x: camera.x - dx / at.kx, y: camera.y - dy / at.ky });
}

/** Keep some of the plot in view. */
function held({ x, y, zoom }: Camera): Camera {
  return { x: Math.min(Math.max(x, -0.1), 1.1), y: Math.min(Math.max(y, -0.1), 1.1), zoom };
}

/** Round numbers between two values, about `n` of them. */
export function ticks(lo: number, hi: number, n: number, whole = false): number[] {
  if (!(hi > lo) || n < 1) return [];
  const rough = (hi - lo) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 2.5, 5, 10].find((m) => m * power >= rough * 0.999)! * power;
  if (whole) step = Math.max(Math.round(step), 1);
  const out: number[] = [];
  for (let k = Math.ceil(lo / step); k * step <= hi; k++) out.push(Number((k * step).toPrecision(12)));
  return out;
}

const STEPS = [1e3, 5e3, 15e3, 6e4, 3e5, 9e5, 36e5, 108e5, 432e5, 864e5, 2 * 864e5, 7 * 864e5];

/** Ticks at whole seconds, minutes, hours, days, months or years; milliseconds since 1970. */
export function timeTicks(lo: number, hi: number, n: number): number[] {
  const rough = (hi - lo) / Math.max(n, 1);
  const step = STEPS.find((one) => one >= rough);
  if (rough < 1e3) return ticks(lo, hi, n);
  const out: number[] = [];
  if (step) {
    for (let t = Math.ceil(lo / step) * step; t <= hi; t += step) out.push(t);
    return out;
  }
  const months = [1, 2, 3, 6, 12].find((m) => m * 2.63e9 >= rough) ?? 12 * Math.ceil(rough / 3.156e10);
  const first = new Date(lo);
  for (
    let m = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
    ;
    m += months
  ) {
    const t = Date.UTC(Math.floor(m / 12), m % 12, 1);
    if (t > hi) return out;
    if (t >= lo) out.push(t);
  }
}

/** A number as text, with enough digits to tell steps of `step` apart. */
export function words(value: number, step: number): string {
  const size = Math.abs(value);
  if (size >= 1e7 || (size && size < 1e-4)) return value.toExponential(2).replace(/\.?0+e/, "e");
  const power = Math.floor(Math.log10(step || 1) + 1e-9);
  const odd = step / 10 ** power > 2.4 && step / 10 ** power < 2.6 ? 1 : 0; // steps of 0.25 need two digits
  const digits = Math.min(Math.max(odd - power, 0), 8);
  return value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}

export function timeWords(value: number, step: number): string {
  const iso = new Date(value).toISOString();
  if (step >= 27 * 864e5) return iso.slice(0, 7);
  if (step >= 864e5) return iso.slice(0, 10);
  return step >= 6e4 ? iso.slice(5, 16).replace("T", " ") : iso.slice(11, 19);
}
