/** The legend of categories, with counts; a click hides or shows a category. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { neutral } from "../../draw/palette";
import type { ColorColumn } from "./data";

export interface Legend {
  element: HTMLElement;
  /** @param counts, totals by index into the table of colors; off: indices that the filter leaves out. */
  update(counts: ArrayLike<number>, totals: ArrayLike<number>, off: ReadonlySet<number>): void;
}

const MOST = 200; // entries; with more categories, the largest ones

/** @param choose called with the indices to show now. */
export function categories(
  column: ColorColumn,
  totals: ArrayLike<number>,
  choose: (shown: Set<number>) => void,
): Legend {
  const named = ["missing", ...column.categories];
  const tints = [neutral, ...column.colors];
  const every = named.map((_, place) => place).filter((place) => place > 0 || totals[0] > 0);
  let listed = [...every.filter((place) => place > 0), ...every.filter((place) => place === 0)];
  if (listed.length > MOST) listed = listed.sort((a, b) => totals[b] - totals[a]).slice(0, MOST);
  let off: ReadonlySet<number> = new Set();
  const shown = () => new Set(every.filter((place) => !off.has(place)));
  const toggle = (place: number, only: boolean) => {
    const now = shown();
    if (only) return choose(now.size === 1 && now.has(place) ? new Set(every) : new Set([place]));
    if (!now.delete(place)) now.add(place);
    choose(now);
  };
  const rows = new Map(listed.map((place) => [place, entry(named[place], tints[place], place, toggle)]));
  const quiet = (text: string, what: string, act: () => void) =>
    h("button.nbl-quiet.nbl-scatter-small", { onclick: act, title: what, "aria-label": what }, text);
  const rest = every.length - listed.length;
  const element = h(
    "div.nbl-scatter-legend",
    { role: "group", "aria-label": `${column.name}: colors and filter` },
    h(
      "div.nbl-scatter-head",
      {},
      h("b", { title: column.name }, column.name),
      quiet("all", "show every category", () => choose(new Set(every))),
      quiet("none", "show no category", () => choose(new Set())),
    ),
    h(
      "div.nbl-scatter-entries",
      {},
      ...[...rows.values()].map(({ button }) => button),
      rest > 0 && h("div.nbl-muted", {}, `and ${formatCount(rest)} more`),
    ),
  );
  return {
    element,
    update(counts, all, hidden) {
      off = hidden;
      for (const [place, { button, count }] of rows) {
        const [some, total] = [counts[place] ?? 0, all[place] ?? 0];
        count.textContent = some === total ? short(total) : `${short(some)} / ${short(total)}`;
        const said = `${formatCount(some)} of ${formatCount(total)}`;
        button.title = `${named[place]}: ${said} · click: show or hide · Alt+click: only this`;
        button.setAttribute("aria-pressed", String(!off.has(place)));
        button.setAttribute("aria-label", `${named[place]}, ${said}`);
      }
    },
  };
}

function entry(name: string, tint: string, place: number, toggle: (place: number, only: boolean) => void) {
  const count = h("span.nbl-count");
  const swatch = h("span.nbl-swatch");
  swatch.style.background = tint;
  const label = h(place ? "span.nbl-scatter-name" : "span.nbl-scatter-name.nbl-muted", {}, name || " ");
  const button = h(
    "button.nbl-scatter-entry",
    { type: "button", "aria-pressed": "true" },
    swatch,
    label,
    count,
  );
  button.addEventListener("click", (event) => toggle(place, event.altKey));
  return { button, count };
}

/** 1234567 as "1.23M": counts in a narrow column. */
export function short(n: number): string {
  if (n < 100_000) return formatCount(n);
  return n < 1e6 ? `${Math.round(n / 1e3)}k` : `${Number((n / 1e6).toPrecision(3))}M`;
}
