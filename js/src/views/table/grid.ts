/** The rows in view: a few elements, reused for the rows in view, and a header above them. */
import { ScrollMap } from "../../core/rows/ranges";
import { h, perFrame } from "../../draw/dom";
import { makeCell, paintCell } from "../../draw/rows";
import type { DisplayControl } from "../display";
import { hear } from "../elements";
import type { Frame } from "../frame";
import { CellFetcher, Pictures, pointsAt } from "../rows/fetch";
import { followScrolling } from "../rows/scrolling";
import { HEADER, type Layout, layOut, PICTURE, PICTURE_COLUMN } from "./layout";
import { cellOf, type TableState } from "./state";

const KEPT_PICTURES = 400;

interface RowElement {
  root: HTMLElement;
  picture: HTMLElement | null;
  cells: HTMLElement[];
  row: number;
}

/** The keyboard cursor: a place in the rows shown, and a column. */
export interface Cursor {
  place: number;
  column: number;
}

export class Grid {
  readonly scroller = h("div.nbl-grid", { role: "grid", tabindex: 0, "aria-multiselectable": "true" });
  readonly header = h("div.nbl-thead", { role: "row", "aria-rowindex": 1 });
  readonly cursor: Cursor = { place: 0, column: 0 };
  layout: Layout;
  readonly #spacer = h("div.nbl-grid-spacer", { role: "presentation" });
  readonly #pane = h("div.nbl-grid-pane", { role: "presentation" });
  readonly #body = h("div.nbl-tbody", { role: "rowgroup" });
  #map = new ScrollMap(26);
  #rows: RowElement[] = [];
  readonly #cells: CellFetcher;
  readonly #pictures: Pictures<string>;
  /** Move the scroll bar to match the rows. */
  readonly #place: () => void;
  #jumpedAt = 0;
  readonly paintSoon: () => void;

  readonly #state: TableState;
  readonly #display: DisplayControl;
  readonly #signal: AbortSignal;
  readonly #id: string;

  constructor(frame: Frame, state: TableState, display: DisplayControl, signal: AbortSignal, id: string) {
    this.#state = state;
    this.#display = display;
    this.#signal = signal;
    this.#id = id;
    this.layout = layOut(state, 1);
    this.#cells = new CellFetcher(state, signal, frame.fail);
    this.paintSoon = perFrame(() => this.#paint(), signal);
    const size = PICTURE * Math.ceil(Math.min(devicePixelRatio, 2));
    this.#pictures = new Pictures(
      state,
      {
        size: () => size,
        version: () => display.setting.version,
        make: (file) => URL.createObjectURL(file),
        free: (url) => URL.revokeObjectURL(url),
        limit: () => KEPT_PICTURES,
        arrived: this.paintSoon,
      },
      signal,
    );
    display.setting.watch(() => {}, this.paintSoon);
    this.#pane.append(this.header, this.#body);
    this.#spacer.append(this.#pane);
    this.scroller.append(this.#spacer);
    frame.body.append(this.scroller);
    this.scroller.setAttribute("aria-label", `${state.of} table`);
    const jumped = () => {
      if (!this.#jumpedAt) this.#jumpedAt = performance.now();
      this.#paint();
    };
    this.#place = followScrolling(this.scroller, () => this.#map, jumped, signal);
    const resized = new ResizeObserver(() => this.relayout());
    resized.observe(this.scroller);
    hear(signal, "abort", () => resized.disconnect());
  }

  /** Columns or width have changed. */
  relayout(): void {
    this.layout = layOut(this.#state, this.scroller.clientWidth);
    const { rowHeight } = this.layout;
    if (this.#map.rowHeight !== rowHeight) {
      const first = this.#map.first;
      this.#map = new ScrollMap(rowHeight);
      this.#map.top = first * rowHeight;
    }
    this.cursor.column = Math.min(this.cursor.column, Math.max(this.layout.columns.length - 1, 0));
    for (const { root } of this.#rows) root.remove();
    this.#rows = [];
    this.#measure();
    this.paintSoon();
  }

  /** Show other rows. */
  reset(toTop: boolean): void {
    if (toTop) this.#map.top = 0;
    this.cursor.place = Math.min(this.cursor.place, Math.max(this.#state.visible.length - 1, 0));
    this.#measure();
    this.paintSoon();
  }

  /** The first place in view, and the one after the last. */
  get inView(): [number, number] {
    return [this.#map.first, this.#map.end];
  }

  get page(): number {
    return this.#map.page;
  }

  /** Move the cursor; with `reveal`, scroll to it. */
  moveTo(place: number, column = this.cursor.column, reveal = true): void {
    const { visible } = this.#state;
    this.cursor.place = Math.min(Math.max(place, 0), Math.max(visible.length - 1, 0));
    this.cursor.column = Math.min(Math.max(column, 0), Math.max(this.layout.columns.length - 1, 0));
    this.paintSoon();
    if (!reveal) return;
    this.reveal(this.cursor.place);
    const { columns, pinned } = this.layout;
    if (columns[this.cursor.column]?.stays >= 0) return;
    const left = columns
      .slice(0, this.cursor.column)
      .reduce((sum, { width }) => sum + width, this.#pictureWidth);
    const right = left + (columns[this.cursor.column]?.width ?? 0);
    if (left - pinned < this.scroller.scrollLeft) this.scroller.scrollLeft = left - pinned;
    else if (right > this.scroller.scrollLeft + this.scroller.clientWidth)
      this.scroller.scrollLeft = right - this.scroller.clientWidth;
  }

  reveal(place: number, margin = 0): void {
    if (this.#map.reveal(place, margin)) this.#place();
    this.paintSoon();
  }

  /** Place, row and cell of an event; null outside the rows. */
  at(event: Event): { place: number; row: number; column: number; cell: HTMLElement | null } | null {
    const cell = (event.target as HTMLElement).closest<HTMLElement>(".nbl-td");
    const root = (event.target as HTMLElement).closest<HTMLElement>(".nbl-tr");
    const element = this.#rows.find((one) => one.root === root);
    if (!element || element.row < 0) return null;
    const column = cell ? element.cells.indexOf(cell) : -1;
    return { place: Number(element.root.dataset.place), row: element.row, column, cell };
  }

  /** The element of a cell in view. */
  cell(place: number, column: number): HTMLElement | null {
    return this.#rows.find(({ root }) => root.dataset.place === String(place))?.cells[column] ?? null;
  }

  get #pictureWidth(): number {
    return this.layout.picture ? PICTURE_COLUMN : 0;
  }

  #measure(): void {
    const room = Math.max(this.scroller.clientHeight - HEADER, 0);
    this.#map.resize(this.#state.visible.length, room);
    this.#spacer.style.height = `${this.#map.spacer + HEADER}px`;
    this.#spacer.style.width = `${this.layout.width}px`;
    this.#pane.style.height = `${room + HEADER}px`;
    this.scroller.setAttribute("aria-rowcount", String(this.#state.visible.length + 1));
    this.scroller.setAttribute("aria-colcount", String(this.layout.columns.length));
    this.#place();
  }

  #paint(): void {
    if (this.#signal.aborted) return;
    const map = this.#map;
    const state = this.#state;
    if (!state.loaded) return;
    this.#fillRows(Math.max(map.end - map.first, 0));
    state.see();
    const known = this.#cells.want(map.first, map.end);
    const active = pointsAt(state, state.store.active);
    const hover = pointsAt(state, state.store.hover);
    const own = state.own;
    for (let place = map.first; place < map.first + this.#rows.length; place++) {
      const element = this.#rows[place % this.#rows.length];
      const row = place < map.end ? state.visible.at(place) : -1;
      element.row = row;
      element.root.style.display = row < 0 ? "none" : "";
      if (row < 0) continue;
      this.#paintRow(element, place, row, row === active, row === hover, own?.has(row) ?? false);
    }
    if (this.layout.picture) this.#wantPictures();
    else this.#display.applied(false);
    this.#markCursor();
    if (known) this.#report();
  }

  #paintRow(
    element: RowElement,
    place: number,
    row: number,
    active: boolean,
    hover: boolean,
    own: boolean,
  ): void {
    const state = this.#state;
    const { layout } = this;
    const { root } = element;
    root.dataset.place = String(place);
    root.style.transform = `translateY(${place * layout.rowHeight - this.#map.top}px)`;
    root.setAttribute("aria-rowindex", String(place + 2));
    root.setAttribute("aria-selected", String(own));
    root.classList.toggle("nbl-active", active);
    root.classList.toggle("nbl-hover", hover);
    layout.columns.forEach(({ head }, i) => {
      const waits = state.pending.size > 0 && state.pending.has(`${row}|${head.name}`);
      paintCell(element.cells[i], head, cellOf(state, row, head.name), waits);
    });
    if (element.picture) this.#paintPicture(element.picture, row);
  }

  #paintPicture(holder: HTMLElement, row: number): void {
    const picture = this.#pictures.get(row);
    const image = holder.firstElementChild as HTMLImageElement;
    const url = picture?.shown ?? "";
    if (image.dataset.url !== url) {
      image.dataset.url = url;
      if (url) image.src = url;
      else image.removeAttribute("src");
    }
    holder.dataset.state = picture ? (url ? "" : "gone") : "coming";
    holder.title = picture?.problem ?? "";
  }

  #wantPictures(): void {
    const rows = [];
    for (let place = this.#map.first; place < this.#map.end; place++)
      rows.push(this.#state.visible.at(place));
    this.#display.applied(this.#pictures.anyAuto(rows));
    this.#pictures.want(rows);
  }

  #fillRows(inView: number): void {
    const wanted = Math.max(inView + 1, this.#rows.length);
    while (this.#rows.length < wanted) {
      const cells = this.layout.columns.map(({ head, width, stays }, i) => {
        const cell = makeCell(head, i + 1);
        cell.style.width = `${width}px`;
        if (stays >= 0) {
          cell.classList.add("nbl-stays");
          cell.style.left = `${stays}px`;
        }
        return cell;
      });
      const picture = this.layout.picture ? h("div.nbl-td.nbl-stays.nbl-picture", {}, makeImage()) : null;
      if (picture) Object.assign(picture.style, { width: `${PICTURE_COLUMN}px`, left: "0px" });
      const root = h("div.nbl-tr", { role: "row" }, picture, ...cells);
      Object.assign(root.style, { height: `${this.layout.rowHeight}px`, width: `${this.layout.width}px` });
      this.#body.append(root);
      this.#rows.push({ root, picture, cells, row: -1 });
    }
  }

  #markCursor(): void {
    this.#body.querySelector(".nbl-cursor")?.classList.remove("nbl-cursor");
    const cell = this.cell(this.cursor.place, this.cursor.column);
    this.scroller.removeAttribute("aria-activedescendant");
    if (!cell) return;
    this.#body.querySelector(`[id="${this.#id}-cell"]`)?.removeAttribute("id");
    cell.classList.add("nbl-cursor");
    cell.id = `${this.#id}-cell`;
    this.scroller.setAttribute("aria-activedescendant", cell.id);
  }

  /** Measures for benchmarks: from a jump or a filter until all rows in view are painted. */
  #report(): void {
    const state = this.#state;
    const end = performance.now();
    if (this.#jumpedAt) performance.measure("nbl:table:jump", { start: this.#jumpedAt, end });
    if (state.filteredAt) performance.measure("nbl:table:filter", { start: state.filteredAt, end });
    this.#jumpedAt = state.filteredAt = 0;
  }
}

function makeImage(): HTMLImageElement {
  return h("img", { alt: "", decoding: "async", draggable: "false" });
}
