/** Clauses of what people draw or click: the rows, and pandas code that gives the same rows. */

import type { Bitset } from "../../core/rows/bitset";
import type { Clause, Of } from "../../core/rows/selection";
import { bounds, type Coordinates, inBox, inPolygon } from "../../core/space/lasso";
import { area2, rounded, simplify } from "../../core/space/polygon";
import { formatCount } from "../../core/values/format";
import type { Axis, ColorColumn } from "./data";

export type Shape = "lasso" | "box";
export type How = "set" | "add" | "remove";
type Draft = Omit<Clause, "source">;

export interface Found {
  rows: Bitset;
  code: string;
  corners: number[];
}

const SHARE = 0.2; // corners are rounded to about this share of a pixel

/**
 * The points in a shape.
 *
 * @param path in pixels: corners of a lasso, or two of a box.
 * @returns the rows, without any where the axes have no values; code; corners: x, y, x, y, ..., of a box the limits.
 * @param toX, toY from pixels to values; perPixel values per pixel along both axes.
 */
export function inShape(
  shape: Shape,
  path: readonly number[],
  axes: readonly [Axis, Axis],
  toX: (px: number) => number,
  toY: (py: number) => number,
  perPixel: readonly [number, number],
): Found | null {
  const [x, y] = axes;
  const values = (shape === "lasso" ? simplify(path, 0.6) : path).map((at, i) =>
    i % 2 ? rounded(toY(at), perPixel[1] * SHARE) : rounded(toX(at), perPixel[0] * SHARE),
  );
  if (shape === "box") {
    const [left, bottom, right, top] = bounds(values);
    const [fx, fy] = axes.map((axis) => (axis.single ? Math.fround : (value: number) => value));
    const rows = inBox([fx(left), fy(bottom), fx(right), fy(top)], x.values, y.values);
    const within = (axis: Axis, lo: number, hi: number) => `${axis.code}.between(${lo}, ${hi})`;
    const code = x.code && y.code ? `${within(x, left, right)} & ${within(y, bottom, top)}` : "";
    return { rows, code, corners: [left, bottom, right, top] };
  }
  if (values.length < 6 || !area2(values)) return null;
  return { rows: inPolygon(values, x.values, y.values), code: lassoCode(axes, values), corners: values };
}

function lassoCode([x, y]: readonly [Axis, Axis], ring: readonly number[]): string {
  if (!x.code || !y.code) return "";
  const plain = [x, y].every((axis) => axis.code === `rows[${text(axis.name)}]`);
  const points = plain
    ? `rows[[${text(x.name)}, ${text(y.name)}]]`
    : `rows.assign(x=${x.code}, y=${y.code})[["x", "y"]]`;
  const corners: string[] = [];
  for (let i = 0; i < ring.length; i += 2) corners.push(`[${ring[i]}, ${ring[i + 1]}]`);
  return `nl.inside(${points}, [${corners.join(", ")}])`;
}

/** The clause after a shape was added to it, removed from it, or replaced it; null for no rows. */
export function shaped(
  of: Of,
  shape: Shape,
  found: Pick<Found, "rows" | "code"> | null,
  how: How,
  before: Clause | undefined,
): Draft | null {
  const old = before?.of === of ? before : undefined;
  if (how === "set" || (how === "add" && !old)) {
    if (!found || found.rows.first() < 0) return null;
    return { of, rows: found.rows, title: titled(shape, found.rows), code: found.code };
  }
  if (!old) return null;
  if (!found) return { ...old };
  const rows = how === "add" ? old.rows.or(found.rows) : old.rows.andNot(found.rows);
  if (rows.first() < 0) return null;
  const sign = how === "add" ? "|" : "& ~";
  // Without code the clause is a list of ids, to which no code can be joined.
  const code = old.code && found.code ? `(${old.code}) ${sign}(${found.code})` : "";
  return { of, rows, title: titled("lasso", rows), code };
}

function titled(shape: Shape, rows: Bitset): string {
  return `${shape} (${formatCount(rows.count())})`;
}

/** Rows of some categories; `shown` has indices into the table of colors, 0 for missing. */
export function ofCategories(of: Of, column: ColorColumn, shown: ReadonlySet<number>, rows: Bitset): Draft {
  const { values, categories, code, missing_code: missing } = column;
  const on = Uint8Array.from({ length: categories.length + 1 }, (_, k) => (shown.has(k) ? 1 : 0));
  for (let row = 0; row < values.length; row++) if (on[values[row]]) rows.add(row);
  const named = categories.filter((_, i) => on[i + 1]);
  const listed = named.map((one) => (column.kind === "boolean" ? one : text(one)));
  const parts = named.length || !on[0] ? [`${code}.isin([${listed.join(", ")}])`] : [];
  if (on[0]) parts.push(missing);
  const known = code && (!on[0] || missing);
  const said = [...named.slice(0, 3), ...(on[0] ? ["missing"] : [])];
  const more = named.length > 3 ? ` and ${named.length - 3} more` : "";
  const title = `${column.name}: ${said.join(", ") || "none"}${more}`;
  return { of, rows, title, code: known ? parts.map((one) => `(${one})`).join(" | ") : "" };
}

/** Rows with a number from `lo` to `hi`. */
export function ofRange(
  of: Of,
  column: ColorColumn,
  lo: number,
  hi: number,
  said: string,
  rows: Bitset,
): Draft {
  const values = column.values as Coordinates;
  const round = column.single ? Math.fround : (value: number) => value;
  const [from, to] = [round(lo), round(hi)];
  for (let row = 0; row < values.length; row++) if (values[row] >= from && values[row] <= to) rows.add(row);
  const code = column.code && column.kind === "number" ? `${column.code}.between(${lo}, ${hi})` : "";
  return { of, rows, title: `${column.name}: ${said}`, code };
}

const UNSEEN = /\p{C}|(?! )\p{Z}/gu;

/** A text as a Python literal in one printable line; the kernel allows nothing else in cells. */
function text(value: string): string {
  return JSON.stringify(value).replace(UNSEEN, (char) => {
    const code = char.codePointAt(0)?.toString(16) ?? "";
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}
