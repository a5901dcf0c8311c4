/** What the colors mean, with counts; clicking filters: categories one by one, numbers by a range. */

import { Bitset } from "../../core/bitset";
import { timeWords, words } from "../../core/scale";
import type { Of, SelectionStore } from "../../core/selection";
import { viridis } from "../../draw/colors";
import { h } from "../dom";
import { ofCategories, ofRange } from "./clauses";
import type { ColorColumn } from "./data";

const MOST = 200; // categories listed; more would bury the plot

export class Legend {
  readonly root = h("div.nbl-legend", { role: "group", "aria-label": "colors" });
  readonly #store: SelectionStore;
  readonly #of: Of;
  readonly #source: string;
  #column: ColorColumn | null = null;
  #ends = { lo: 0, hi: 0 };
  /** Places in the table of colors that are shown; null for all. */
  #shown: Set<number> | null = null;
  #counts: HTMLElement[] = [];
  #range: [number, number] | null = null;

  /** @param source key of the clause. */
  constructor(store: SelectionStore, of: Of, source: string) {
    this.#store = store;
    this.#of = of;
    this.#source = source;
  }

  get isFiltering(): boolean {
    return this.#store.clauses.has(this.#source);
  }

  show(column: ColorColumn | null, ends: { lo: number; hi: number }): void {
    if (column?.name !== this.#column?.name) this.clear();
    this.#column = column;
    this.#ends = ends;
    this.#draw();
  }

  /** Take the filter away. */
  clear(): void {
    this.#shown = this.#range = null;
    if (this.isFiltering) this.#store.set(this.#source, null);
  }

  /** The clause was taken away elsewhere. */
  sync(): void {
    if (this.isFiltering || (!this.#shown && !this.#range)) return;
    this.#shown = this.#range = null;
    this.#draw();
  }

  /** Allowed and all points of each color. */
  count(color: Uint16Array, tier: Uint8Array): void {
    if (!this.#counts.length) return;
    const n = this.#counts.length + 1;
    const [all, some] = [new Int32Array(n + 1), new Int32Array(n + 1)];
    for (let row = 0; row < color.length; row++) {
      if (!tier[row]) continue;
      const at = Math.min(color[row], n);
      all[at]++;
      if (tier[row] > 1) some[at]++;
    }
    for (const cell of this.#counts) {
      const at = Number(cell.dataset.at);
      cell.textContent =
        some[at] === all[at]
          ? all[at].toLocaleString("en")
          : `${some[at].toLocaleString("en")} / ${all[at].toLocaleString("en")}`;
    }
  }

  #draw(): void {
    const column = this.#column;
    this.#counts = [];
    this.root.replaceChildren();
    this.root.style.display = column ? "" : "none";
    if (!column) return;
    if (column.kind === "number" || column.kind === "time") this.#drawScale(column);
    else this.#drawList(column);
  }

  #drawList(column: ColorColumn): void {
    const entries = column.categories
      .slice(0, MOST)
      .map((text, i) => this.#entry(text, column.colors[i], i + 1));
    if (column.values.some((value) => value === 0)) entries.push(this.#entry("missing", "", 0));
    const rest = column.categories.length - MOST;
    if (rest > 0) entries.push(h("span.nbl-muted", {}, `and ${rest.toLocaleString("en")} more`));
    const all = h(
      "button.nbl-quiet",
      { title: "show every color", onclick: () => this.#choose(null) },
      "all",
    );
    all.hidden = !this.#shown;
    this.root.append(h("b.nbl-legend-name", {}, column.name), ...entries, all);
  }

  #entry(text: string, color: string, at: number): HTMLElement {
    const on = this.#shown?.has(at) ?? true;
    const count = h("span.nbl-count", { "data-at": at });
    this.#counts.push(count);
    return h(
      "button.nbl-quiet.nbl-entry",
      {
        "aria-pressed": String(on),
        title: `${text}: click to show or hide, double click for only this`,
        onclick: () => this.#toggle(at),
        ondblclick: () => this.#choose(new Set([at])),
      },
      h("i.nbl-swatch", { style: { background: color || "var(--nbl-muted)" } }),
      h("span.nbl-entry-text", {}, text || "(empty)"),
      count,
    );
  }

  #toggle(at: number): void {
    const column = this.#column!;
    const every = Array.from({ length: column.categories.length + 1 }, (_, i) => i);
    const shown = new Set(this.#shown ?? every);
    if (!shown.delete(at)) shown.add(at);
    this.#choose(shown.size === every.length ? null : shown);
  }

  #choose(shown: Set<number> | null): void {
    this.#shown = shown;
    const column = this.#column!;
    const { n } = this.#store.tables[this.#of];
    if (column.values.length !== n) return;
    this.#store.set(this.#source, shown ? ofCategories(this.#of, column, shown, new Bitset(n)) : null);
    this.#draw();
  }

  #said(value: number): string {
    const span = this.#ends.hi - this.#ends.lo;
    return this.#column?.kind === "time" ? timeWords(value, span / 20) : words(value, span / 200);
  }

  #drawScale(column: ColorColumn): void {
    const { lo, hi } = this.#ends;
    const stops = Array.from({ length: 12 }, (_, i) => `rgb(${viridis(i / 11).join(" ")})`);
    const bar = h("div.nbl-colorbar", {
      style: { background: `linear-gradient(90deg, ${stops.join(", ")})` },
    });
    const window_ = h("div.nbl-colorbar-range");
    bar.append(window_);
    const name = h("b.nbl-legend-name", {}, column.name);
    if (!(hi >= lo)) {
      this.root.append(name, h("span.nbl-muted", {}, "no values"));
      return;
    }
    const reset = h("button.nbl-quiet", { title: "show every value" }, "all");
    const show = () => {
      const [from, to] = this.#range ?? [lo, hi];
      const at = (value: number) => (hi > lo ? ((value - lo) / (hi - lo)) * 100 : value > lo ? 100 : 0);
      window_.style.left = `${at(from)}%`;
      window_.style.right = `${100 - at(to)}%`;
      window_.hidden = !this.#range;
      reset.hidden = !this.#range;
      fields.forEach((field, i) => {
        field.value = String(Number((i ? to : from).toPrecision(6)));
      });
    };
    const choose = (range: [number, number] | null) => {
      this.#range = range;
      const { n } = this.#store.tables[this.#of];
      if (column.values.length !== n) return;
      const clause =
        range &&
        ofRange(
          this.#of,
          column,
          ...range,
          `${this.#said(range[0])} – ${this.#said(range[1])}`,
          new Bitset(n),
        );
      this.#store.set(this.#source, clause);
      show();
    };
    const fields = ["from", "to"].map((label) => {
      const field = h("input", {
        type: column.kind === "time" ? "hidden" : "number",
        step: "any",
        "aria-label": `${column.name} ${label}`,
      });
      field.addEventListener("change", () => {
        const [a, b] = fields.map((one) => Number(one.value));
        choose(a <= lo && b >= hi ? null : [Math.min(a, b), Math.max(a, b)]);
      });
      return field;
    });
    reset.addEventListener("click", () => choose(null));
    drag(bar, (a, b) => choose([lo + a * (hi - lo), lo + b * (hi - lo)]));
    const ends = column.kind === "time" ? [this.#said(lo), this.#said(hi)] : ["", ""];
    this.root.append(name, ends[0], fields[0], bar, fields[1], ends[1], reset);
    show();
  }
}

/** A range drawn over an element, as shares of its width. */
function drag(element: HTMLElement, range: (from: number, to: number) => void): void {
  let start: number | null = null;
  const share = (event: PointerEvent) => {
    const box = element.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  element.addEventListener("pointerdown", (event) => {
    start = share(event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (start === null) return;
    const end = share(event);
    if (Math.abs(end - start) > 0.01) range(Math.min(start, end), Math.max(start, end));
  });
  const end = () => {
    start = null;
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}
