/** The legend of a column of numbers: a histogram over viridis, on which a drag keeps a range. */

import type { Coordinates } from "../../core/space/lasso";
import { ticks, timeWords, words } from "../../core/space/scale";
import { formatCount } from "../../core/values/format";
import { legible } from "../../draw/colors";
import { h } from "../../draw/dom";
import { focusOn } from "../elements";
import type { ColorColumn } from "./data";

export interface Colorbar {
  element: HTMLElement;
  update(counts: Float64Array, range: [number, number] | null, dark: boolean): void;
}

export const BINS = 48;
const TALL = 34; // pixels of the bars
const BAR = 10;

/**
 * @param total rows in each bar, from 1; at 0 those without a number.
 * @param choose keep numbers in a range; null for all of them.
 */
export function colorbar(
  column: Omit<ColorColumn, "values">,
  lo: number,
  hi: number,
  total: Float64Array,
  choose: (range: [number, number] | null, said: string) => void,
): Colorbar {
  const time = column.kind === "time";
  const step = (hi - lo) / 100 || 1;
  const said = (value: number) => (time ? timeWords(value, hi - lo) : words(value, step));
  const canvas = h("canvas.nbl-scatter-bar", { "aria-hidden": "true", width: BINS * 4, height: TALL + BAR });
  const window_ = h("div.nbl-scatter-range", { hidden: true });
  const thumbs = [0, 1].map((end) =>
    h("div.nbl-scatter-thumb", {
      role: "slider",
      tabindex: 0,
      "aria-label": `${column.name} ${end ? "at most" : "at least"}`,
      "aria-valuemin": lo,
      "aria-valuemax": hi,
    }),
  );
  const area = h("div.nbl-scatter-brush", {}, canvas, window_, ...thumbs);
  const note = h("span.nbl-muted");
  const clear = h(
    "button.nbl-quiet.nbl-scatter-small",
    { hidden: true, title: "show every value", onclick: () => choose(null, "") },
    "all",
  );
  const absent = h("div.nbl-muted.nbl-scatter-absent");
  const element = h(
    "div.nbl-scatter-legend",
    { role: "group", "aria-label": `${column.name}: colors and filter` },
    h("div.nbl-scatter-head", {}, h("b", { title: column.name }, column.name), clear),
    area,
    h("div.nbl-scatter-ends", {}, h("span", {}, said(lo)), note, h("span", {}, said(hi))),
    absent,
  );
  let range: [number, number] | null = null;

  const keep = (from: number, to: number) => {
    const [a, b] = [Math.min(from, to), Math.max(from, to)].map((at) => snapped(at, lo, hi, column.whole));
    if (a <= lo && b >= hi) choose(null, "");
    else choose([a, b], `${said(a)} – ${said(b)}`);
  };
  const at = (event: PointerEvent) => {
    const box = area.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    return lo + share * (hi - lo);
  };
  let drag: ((to: number) => void) | null = null;
  area.addEventListener("pointerdown", (event) => {
    if (event.button || hi <= lo) return;
    event.preventDefault();
    area.setPointerCapture(event.pointerId);
    const from = at(event);
    const end = thumbs.indexOf(event.target as HTMLDivElement);
    const inner = range && from > range[0] && from < range[1] ? ([...range] as [number, number]) : null;
    if (end >= 0) {
      const other = (range ?? [lo, hi])[1 - end];
      drag = (to) => keep(other, to);
      focusOn(thumbs[end]);
    } else if (inner) {
      const most = [lo - inner[0], hi - inner[1]];
      drag = (to) => {
        const by = Math.min(Math.max(to - from, most[0]), most[1]);
        keep(inner[0] + by, inner[1] + by);
      };
    } else drag = (to) => keep(from, to);
  });
  area.addEventListener("pointermove", (event) => drag?.(at(event)));
  area.addEventListener("pointerup", () => {
    drag = null;
  });
  area.addEventListener("dblclick", () => choose(null, ""));
  thumbs.forEach((thumb, end) => {
    thumb.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way && event.key !== "Home" && event.key !== "End") return;
      event.preventDefault();
      event.stopPropagation();
      const now = [...(range ?? [lo, hi])] as [number, number];
      const by = column.whole ? Math.max(Math.round((hi - lo) / 100), 1) : (hi - lo) / 100;
      now[end] = way ? now[end] + way * by * (event.shiftKey ? 10 : 1) : event.key === "Home" ? lo : hi;
      now[end] = Math.min(Math.max(now[end], end ? now[0] : lo), end ? hi : now[1]);
      keep(now[0], now[1]);
    });
  });

  const draw = (counts: Float64Array, dark: boolean) => {
    const pen = canvas.getContext("2d");
    if (!pen) return;
    const most = Math.max(...total.subarray(1), 1);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    for (let k = 0; k < BINS; k++) {
      const color = `rgb(${legible((k + 0.5) / BINS, dark).join(",")})`;
      for (const [count, alpha] of [
        [total[k + 1], 0.25],
        [counts[k + 1], 1],
      ]) {
        pen.globalAlpha = alpha;
        pen.fillStyle = color;
        const tall = count ? Math.max((count / most) * (TALL - 2), 1) : 0;
        pen.fillRect(k * 4, TALL - tall, 3.4, tall);
      }
    }
    for (let i = 0; i < canvas.width; i++) {
      pen.fillStyle = `rgb(${legible(i / (canvas.width - 1), dark).join(",")})`;
      pen.fillRect(i, TALL + 1, 1, BAR - 1);
    }
  };
  return {
    element,
    update(counts, kept, dark) {
      range = kept;
      draw(counts, dark);
      const [from, to] = kept ?? [lo, hi];
      const place = (value: number) => (hi > lo ? ((value - lo) / (hi - lo)) * 100 : 50);
      [from, to].forEach((value, end) => {
        thumbs[end].style.left = `${place(value)}%`;
        thumbs[end].setAttribute("aria-valuenow", String(value));
        thumbs[end].setAttribute("aria-valuetext", said(value));
      });
      window_.hidden = clear.hidden = !kept;
      Object.assign(window_.style, { left: `${place(from)}%`, width: `${place(to) - place(from)}%` });
      note.textContent = kept ? `${said(from)} – ${said(to)}` : "";
      const gone = counts[0];
      absent.textContent = gone ? `${formatCount(gone)} missing, gray` : "";
    },
  };
}

/** The bar of each row, from 1; 0 for missing. */
export function binned(values: Coordinates, lo: number, hi: number): Uint8Array {
  const scale = hi > lo ? BINS / (hi - lo) : 0;
  return Uint8Array.from(values, (value) =>
    Number.isNaN(value) ? 0 : 1 + Math.min(Math.floor((value - lo) * scale), BINS - 1),
  );
}

/** A limit rounded to few digits; limits at the ends are exact, so that no value there is lost. */
function snapped(value: number, lo: number, hi: number, whole: boolean): number {
  if (value <= lo) return lo;
  if (value >= hi) return hi;
  if (whole) return Math.round(value);
  const unit = (ticks(lo, hi, 200)[1] ?? 0) - (ticks(lo, hi, 200)[0] ?? 0);
  return unit > 0 ? Number((Math.round(value / unit) * unit).toPrecision(12)) : value;
}
