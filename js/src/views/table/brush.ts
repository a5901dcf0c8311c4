/** Dragging over bars chooses a range. */

import { claim, hear } from "../elements";
import type { Bars, Filter } from "./wire";

const CLICK = 3; // pixels a press may move and still be a click

export interface Brush {
  counts: () => Bars | undefined;
  whole: boolean;
  click?: () => void;
  chosen: (lo: number, hi: number) => void;
  /** Called while dragging, with shares of the width. */
  preview?: (from: number, to: number) => void;
}

/** Start and end of a range filter, as shares of the width; null for none. */
export function chosenRange(counts: Bars, filter: Filter | undefined): [number, number] | null {
  if (filter?.kind !== "range" || filter.missing === "only" || counts.lo === null || counts.hi === null)
    return null;
  if (filter.lo === null && filter.hi === null) return null;
  const width = counts.hi - counts.lo || 1;
  const share = (value: number) => Math.min(Math.max((value - counts.lo!) / width, 0), 1);
  return [filter.lo === null ? 0 : share(filter.lo), filter.hi === null ? 1 : share(filter.hi)];
}

/** Limits at shares of the width, rounded to what a person would write. */
export function limits(counts: Bars, from: number, to: number, whole: boolean): [number, number] {
  const { lo, hi } = counts as { lo: number; hi: number };
  const width = hi - lo;
  const a = lo + Math.min(from, to) * width;
  const b = lo + Math.max(from, to) * width;
  if (whole) return [Math.ceil(a), Math.max(Math.floor(b), Math.ceil(a))];
  const step = 10 ** Math.floor(Math.log10(width / 100 || 1));
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const round = (x: number, up: boolean) => {
    const rounded = Number(((up ? Math.ceil(x / step) : Math.floor(x / step)) * step).toFixed(digits));
    return rounded;
  };
  return [from <= 0 && to >= 1 ? lo : round(a, false), round(b, true)];
}

/** Listen on bars; the listeners are removed with the element. */
export function brushable(svg: SVGSVGElement, brush: Brush): void {
  hear(svg, "pointerdown", (event) => {
    const counts = brush.counts();
    if (event.button !== 0) return;
    claim(event);
    svg.setPointerCapture(event.pointerId);
    const drag = new AbortController();
    const box = svg.getBoundingClientRect();
    const share = (e: PointerEvent) => Math.min(Math.max((e.clientX - box.left) / box.width, 0), 1);
    const start = share(event);
    let moved = false;
    const move = (e: PointerEvent) => {
      moved ||= Math.abs(e.clientX - event.clientX) > CLICK;
      if (moved && ranged(counts)) {
        drawRange(svg, start, share(e));
        brush.preview?.(start, share(e));
      }
    };
    const up = (e: PointerEvent) => {
      drag.abort();
      if (!moved || !ranged(counts)) return brush.click?.();
      brush.chosen(...limits(counts, Math.min(start, share(e)), Math.max(start, share(e)), brush.whole));
    };
    hear(svg, "pointermove", move, { signal: drag.signal });
    hear(svg, "pointerup", up, { signal: drag.signal });
    hear(svg, "pointercancel", () => drag.abort(), { signal: drag.signal });
  });
}

function ranged(counts: Bars | undefined): counts is Bars {
  return counts !== undefined && counts.lo !== null && counts.hi !== null;
}

function drawRange(svg: SVGSVGElement, a: number, b: number): void {
  const [, , width, height] = svg.getAttribute("viewBox")!.split(" ").map(Number);
  let box = svg.querySelector(".nbl-bars-range");
  if (!box) {
    box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    box.setAttribute("class", "nbl-bars-range");
    svg.prepend(box);
  }
  box.setAttribute("x", String(Math.min(a, b) * width));
  box.setAttribute("y", "0");
  box.setAttribute("width", String(Math.abs(b - a) * width));
  box.setAttribute("height", String(height));
}
