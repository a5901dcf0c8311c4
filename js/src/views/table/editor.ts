/** Edits a cell in place, for its row or for all picked rows. */
import { Bitset } from "../../core/rows/bitset";
import type { Cell } from "../../core/rows/cells";
import { counted, editable } from "../../core/values/format";
import { h } from "../../draw/dom";
import { cellValue } from "../../draw/rows";
import { claim, focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import type { Picks } from "../labels/choice";
import type { Head, Report } from "../rows/wire";
import type { Grid } from "./grid";
import { cellOf, type TableState } from "./state";

const LONGEST = 1000; // characters of a text; longer ones arrive cut

export class CellEditor {
  #element: HTMLElement | null = null;

  readonly #frame: Frame;
  readonly #state: TableState;
  readonly #grid: Grid;
  readonly #labels: Picks;
  readonly #done: (report: Report) => void;

  constructor(
    frame: Frame,
    state: TableState,
    grid: Grid,
    labels: Picks,
    done: (report: Report) => void,
    signal: AbortSignal,
  ) {
    this.#frame = frame;
    this.#state = state;
    this.#grid = grid;
    this.#labels = labels;
    this.#done = done;
    hear(grid.scroller, "scroll", () => this.close(), { passive: true, signal });
  }

  get open(): boolean {
    return this.#element !== null;
  }

  /** Open at a cell; returns whether it can be edited. */
  edit(place: number, column: number): boolean {
    const state = this.#state;
    const head = this.#grid.layout.columns[column]?.head;
    const row = state.visible.at(place);
    const cell = this.#grid.cell(place, column);
    if (!head?.editable || row < 0 || !cell || state.rpc.lost) return false;
    const value = cellOf(state, row, head.name);
    if (value === undefined || (typeof value === "string" && value.length >= LONGEST)) return false;
    this.close();
    const rows = this.#rowsFor(row);
    const n = rows.count();
    if (head.name === "label" && state.of === "instances") {
      this.#chooseLabel(head, rows, cellValue(head, value) ?? "", cell);
      return true;
    }
    const input = makeInput(head, value);
    const take = () => {
      const typed = input.value;
      this.close(true);
      if (n > 1 || typed !== asTyped(head, value)) void this.#commit(head, rows, typed);
    };
    hear(input, "keydown", (event) => {
      const key = (event as KeyboardEvent).key;
      if (key === "Escape") this.close(true);
      else if (key === "Enter") take();
      else if (key !== "Tab") return event.stopPropagation();
      claim(event);
    });
    const help = h("div.nbl-editor-hint", {}, n > 1 ? `sets ${counted(n, "row")}` : "↵ set · Esc cancel");
    this.#element = h("div.nbl-editor", {}, input, help);
    hear(this.#element, "focusout", (event) => {
      if (!this.#element?.contains(event.relatedTarget as Node)) this.close();
    });
    this.#place(cell);
    focusOn(input);
    if (input instanceof HTMLInputElement && input.type !== "number") input.select();
    return true;
  }

  close(back = false): void {
    const element = this.#element;
    this.#element = null;
    element?.remove();
    if (back) focusOn(this.#grid.scroller);
  }

  #chooseLabel(head: Head, rows: Bitset, current: string, anchor: HTMLElement): void {
    const n = rows.count();
    const { store, catalog } = this.#state;
    const before = store.rev - catalog.made;
    const choose = (name: string) => {
      if (store.rev - catalog.made !== before)
        this.#frame.fail(new Error("Nothing was done: the tables changed meanwhile. Open the cell again."));
      else if (n > 1 || name !== current) void this.#commit(head, rows, name);
    };
    this.#labels.open({ title: `Set label of ${counted(n, "instance")}`, current, anchor, choose });
  }

  #place(cell: HTMLElement): void {
    const frame = this.#frame.root.getBoundingClientRect();
    const box = cell.getBoundingClientRect();
    const width = Math.max(box.width, 132);
    const style = {
      left: `${Math.max(Math.min(box.left - frame.left, frame.width - width - 4), 2)}px`,
      top: `${box.top - frame.top + (box.height - 26) / 2}px`,
      width: `${width}px`,
    };
    Object.assign(this.#element!.style, style);
    this.#frame.root.append(this.#element!);
    const over = this.#element!.getBoundingClientRect().bottom - frame.bottom;
    if (over > 0) this.#element!.classList.add("nbl-editor-up");
  }

  /** All picked rows if the edited row is one of them, else only that row. */
  #rowsFor(row: number): Bitset {
    const { own, n, store, of } = this.#state;
    if (!own?.has(row)) return Bitset.of(n, [row]);
    const shown = store.allowed(of);
    return shown?.has(row) ? shown : own;
  }

  async #commit(head: Head, rows: Bitset, typed: string): Promise<void> {
    const state = this.#state;
    const { rev } = state.store;
    const keys = [...rows.rows().slice(0, 5000)].map((row) => `${row}|${head.name}`);
    for (const key of keys) state.pending.set(key, fromTyped(head, typed));
    state.tell("cells");
    const params = { name: head.name, value: typed === "" ? null : typed, n: rows.count(), rev };
    try {
      const { result } = await state.rpc.request<Report>("edit", params, { buffers: [rows.toBytes()] });
      this.#done(result);
      this.#frame.settle();
      // Shown as pending until the new cells of the kernel have arrived.
      await state.settled(result.rev);
    } catch (error) {
      this.#frame.fail(error);
    }
    for (const key of keys) state.pending.delete(key);
    state.tell("cells");
  }
}

function makeInput(head: Head, value: Cell): HTMLInputElement | HTMLSelectElement {
  const label = { "aria-label": head.name };
  if (head.kind === "boolean" || (head.kind === "category" && head.categories.length)) {
    const select = h("select", label);
    const texts = head.kind === "boolean" ? ["True", "False"] : [...new Set(head.categories)];
    const now = cellValue(head, value);
    if (now === null || !REQUIRED.has(head.name)) select.append(h("option", { value: "" }, "– missing –"));
    for (const text of texts) select.append(h("option", { value: text }, text));
    select.value = now ?? "";
    return select;
  }
  const input = h("input", { type: head.kind === "number" ? "number" : "text", step: "any", ...label });
  input.value = asTyped(head, value);
  return input;
}

const REQUIRED = new Set(["label", "state", "status"]);

function asTyped(head: Head, value: Cell): string {
  if (head.kind === "number") return typeof value === "number" ? editable(value) : "";
  return cellValue(head, value) ?? "";
}

function fromTyped(head: Head, typed: string): Cell {
  if (typed === "") return head.kind === "category" || head.kind === "boolean" ? -1 : null;
  if (head.kind === "number") return Number(typed);
  if (head.kind === "boolean") return typed === "True" ? 1 : 0;
  const at = head.kind === "category" ? head.categories.indexOf(typed) : -1;
  return at < 0 ? typed : at;
}
