/** Column headers: the name sorts, the bars show allowed rows and select a range, the funnel opens the filter. */

import { h } from "../../draw/dom";
import { drawBars, makeBars } from "../../draw/rows_bars";
import { claim, hear } from "../elements";
import type { Head } from "../rows/wire";
import { brushable, chosenRange } from "./brush";
import type { Grid } from "./grid";
import { clampWidth, PICTURE_COLUMN } from "./layout";
import type { TableState } from "./state";

interface HeaderCell {
  head: Head;
  root: HTMLElement;
  sort: HTMLElement;
  funnel: HTMLElement;
  bars: SVGSVGElement | null;
}

export class Header {
  #cells: HeaderCell[] = [];

  readonly #state: TableState;
  readonly #grid: Grid;
  readonly #openMenu: (head: Head, anchor: HTMLElement) => void;
  readonly #fit: (head: Head) => void;

  constructor(
    state: TableState,
    grid: Grid,
    openMenu: (head: Head, anchor: HTMLElement) => void,
    fit: (head: Head) => void,
  ) {
    this.#state = state;
    this.#grid = grid;
    this.#openMenu = openMenu;
    this.#fit = fit;
  }

  /** The columns have changed: build the headers again. */
  build(): void {
    const { columns, picture } = this.#grid.layout;
    const corner = picture ? h("div.nbl-th.nbl-stays.nbl-corner", { role: "presentation" }) : null;
    if (corner) Object.assign(corner.style, { width: `${PICTURE_COLUMN}px`, left: "0px" });
    this.#cells = columns.map(({ head, width, stays }, i) => {
      const cell = this.#makeCell(head, i, width);
      if (stays >= 0) {
        cell.root.classList.add("nbl-stays");
        cell.root.style.left = `${stays}px`;
      }
      return cell;
    });
    this.#grid.header.style.width = `${this.#grid.layout.width}px`;
    this.#grid.header.replaceChildren(...(corner ? [corner] : []), ...this.#cells.map(({ root }) => root));
    this.mark();
    this.draw();
  }

  /** The button that opens a column's menu. */
  anchor(index: number): HTMLElement | null {
    return this.#cells[index]?.funnel ?? null;
  }

  /** Mark the sorted and the filtered columns. */
  mark(): void {
    const sort = this.#state.get("sort");
    const filters = this.#state.get("filters");
    for (const { head, root, sort: arrow, funnel } of this.#cells) {
      const at = sort.findIndex(([name]) => name === head.name);
      const up = sort[at]?.[1];
      arrow.textContent = at < 0 ? "" : `${up ? "▲" : "▼"}${sort.length > 1 ? at + 1 : ""}`;
      arrow.classList.toggle("nbl-waits", at >= 0 && this.#state.sorting);
      root.setAttribute("aria-sort", at < 0 ? "none" : up ? "ascending" : "descending");
      const filtered = head.name in filters;
      funnel.classList.toggle("nbl-on", filtered);
      funnel.setAttribute("aria-pressed", String(filtered));
    }
  }

  draw(): void {
    const filters = this.#state.get("filters");
    for (const { head, bars, root } of this.#cells) {
      const late = this.#state.late.has(head.name);
      root.title = late ? "shown rows only: sort, filter or color by it to compute all rows" : "";
      const counts = this.#state.bars.get(head.name);
      if (!bars || !counts) continue;
      drawBars(bars, counts, head.colors, chosenRange(counts, filters[head.name]));
    }
  }

  #makeCell(head: Head, index: number, width: number): HeaderCell {
    const arrow = h("span.nbl-sort", { "aria-hidden": "true" });
    const name = h(
      "button.nbl-th-name",
      {
        tabindex: -1,
        title: `${head.name}${head.home === "image" ? " (of the image)" : ""}: click sorts, Shift-click adds a key`,
        onclick: (event: MouseEvent) => this.#state.cycleSort(head.name, event.shiftKey),
      },
      h("span.nbl-th-text", {}, head.name),
      arrow,
    );
    const funnel = h(
      "button.nbl-quiet.nbl-funnel",
      {
        tabindex: -1,
        "aria-label": `filter and column menu of ${head.name}`,
        "aria-haspopup": "dialog",
        onclick: () => this.#openMenu(head, funnel),
      },
      h("i.nbl-glyph.nbl-glyph-funnel"),
    );
    const bars = head.kind === "text" || head.name === this.#state.idName ? null : makeBars(width - 16, 18);
    const root = h(
      "div.nbl-th",
      {
        role: "columnheader",
        "aria-colindex": index + 1,
        "data-kind": head.kind,
        style: { width: `${width}px` },
      },
      h("div.nbl-th-top", {}, name, funnel),
      h("div.nbl-th-bars", {}, bars),
      this.#makeHandle(head),
    );
    hear(root, "contextmenu", (event) => {
      event.preventDefault();
      this.#openMenu(head, funnel);
    });
    if (bars)
      brushable(bars, {
        counts: () => this.#state.bars.get(head.name),
        whole: head.whole,
        click: () => this.#openMenu(head, funnel),
        chosen: (lo, hi) => {
          const old = this.#state.get("filters")[head.name];
          const missing = old?.missing === "in" ? "in" : "out";
          this.#state.setFilter(head.name, { kind: "range", lo, hi, missing });
        },
      });
    return { head, root, sort: arrow, funnel, bars };
  }

  /** A handle: dragging it sets the width, a double click fits the width to the texts. */
  #makeHandle(head: Head): HTMLElement {
    const state = this.#state;
    const handle = h("div.nbl-resize", {
      "aria-hidden": "true",
      title: "drag to resize, double-click to fit",
    });
    const set = (width: number) => state.set("widths", { ...state.get("widths"), [head.name]: width });
    hear(handle, "pointerdown", (event) => {
      claim(event);
      handle.setPointerCapture(event.pointerId);
      const drag = new AbortController();
      const start = event.clientX;
      const width = this.#grid.layout.columns.find((column) => column.head === head)?.width ?? 0;
      const cell = handle.parentElement as HTMLElement;
      const now = (e: PointerEvent) => clampWidth(width + e.clientX - start);
      const options = { signal: drag.signal };
      hear(
        handle,
        "pointermove",
        (e) => {
          cell.style.width = `${now(e)}px`;
        },
        options,
      );
      hear(handle, "pointercancel", () => drag.abort(), options);
      hear(
        handle,
        "pointerup",
        (e) => {
          drag.abort();
          if (now(e) !== width) set(now(e));
        },
        options,
      );
    });
    hear(handle, "dblclick", () => this.#fit(head));
    return handle;
  }
}
