/** What mouse and keys do in the table. */

import type { Bitset } from "../../core/rows/bitset";
import { KEY } from "../alike";
import { claim, focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import type { CellEditor } from "./editor";
import type { Grid } from "./grid";
import type { TableState } from "./state";

/** The parts of a table that keys and clicks use. */
export interface Commanded {
  readonly frame: Frame;
  readonly grid: Grid;
  readonly state: TableState;
  readonly editor: CellEditor;
  /** The column of the cursor. */
  readonly column: { name: string } | null;
  activate(place: number, column?: number, reveal?: boolean): void;
  extend(place: number, more?: boolean, reveal?: boolean): void;
  toggle(place: number): void;
  pickAll(): void;
  more(): void;
  escape(): boolean;
  openFilter(): void;
  focusSearch(): void;
  giveLabel(): boolean;
  answer(): boolean;
}

export const KEYS: [string, string][] = [
  ["↑ ↓ PgUp PgDn Home End", "move to another row: it becomes the active one"],
  ["← →", "move to another column"],
  ["Space", "pick or unpick the row"],
  ["Shift+↑ Shift+↓", "pick a range of rows that were on the screen; so does a click with Shift"],
  ["Ctrl+A", "pick all rows, also those further up and down"],
  ["Enter F2", "edit the cell; for all picked rows if it is one of them"],
  ["F", "filter the column"],
  ["S", "sort by the column; Shift+S adds it as another key"],
  ["/", "search"],
  KEY,
  ["L", "instances: find a label for the picked rows"],
  ["Q", "answer a question for the picked rows"],
  ["Esc", "pick nothing"],
  ["?", "this sheet"],
];

export function listen(table: Commanded, signal: AbortSignal): void {
  const { frame, grid, state } = table;
  hear(frame.root, "keydown", (event) => onKey(table, event), { signal });
  const body = grid.scroller;
  let before: Bitset | null = null; // what was picked before the first click of a double one
  hear(
    body,
    "mousedown",
    (event) => {
      if (!event.shiftKey || !grid.at(event)) return;
      event.preventDefault(); // no text selection
      focusOn(body);
    },
    { signal },
  );
  hear(
    body,
    "click",
    (event) => {
      const at = event.detail > 1 ? null : grid.at(event);
      if (!at) return;
      before = state.own;
      const more = event.ctrlKey || event.metaKey;
      if (event.shiftKey) table.extend(at.place, more, false);
      else if (more) table.toggle(at.place);
      else table.activate(at.place, at.column >= 0 ? at.column : undefined, false);
    },
    { signal },
  );
  hear(
    body,
    "dblclick",
    (event) => {
      const at = grid.at(event);
      if (!at || at.column < 0) return;
      if (before?.has(at.row) && before.n === state.n) state.pick(before);
      table.editor.edit(at.place, at.column);
    },
    { signal },
  );
  hear(
    body,
    "pointermove",
    (event) => {
      const row = event.pointerType === "touch" ? -1 : (grid.at(event)?.row ?? -1);
      state.store.setHover(row < 0 ? null : { of: state.of, row }, state.source);
    },
    { signal },
  );
  const left = () => {
    if (state.store.hover?.of === state.of) state.store.setHover(null, state.source);
  };
  hear(body, "pointerleave", left, { signal });
  hear(signal, "abort", left, { once: true });
}

function onKey(table: Commanded, event: KeyboardEvent): void {
  const target = event.composedPath()[0] as HTMLElement;
  if (target.closest("input, select, textarea, .nbl-popover")) return;
  const onButton = target.closest("button") !== null;
  if (onButton && (event.key === "Enter" || event.key === " ")) return;
  if (!act(table, event)) return;
  claim(event);
}

function act(table: Commanded, event: KeyboardEvent): boolean {
  const { grid, state } = table;
  const { place } = grid.cursor;
  const command = event.ctrlKey || event.metaKey;
  const to = destination(table, event.key);
  if (to !== null) {
    if (event.shiftKey) table.extend(to);
    else table.activate(to);
    return true;
  }
  if (event.altKey) return false;
  if (command) {
    if (event.key.toLowerCase() !== "a") return false;
    table.pickAll();
    return true;
  }
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight":
      grid.moveTo(place, grid.cursor.column + (event.key === "ArrowLeft" ? -1 : 1));
      return true;
    case " ":
      table.toggle(place);
      grid.reveal(place);
      return true;
    case "Enter":
    case "F2":
      table.editor.edit(place, grid.cursor.column);
      return true;
    case "Escape":
      return table.escape();
    case "f":
    case "F":
      table.openFilter();
      return true;
    case "s":
    case "S":
      if (table.column) state.cycleSort(table.column.name, event.shiftKey);
      return true;
    case "k":
    case "K":
      table.more();
      return true;
    case "l":
    case "L":
      return table.giveLabel();
    case "q":
    case "Q":
      return table.answer();
    case "/":
      table.focusSearch();
      return true;
    default:
      return false;
  }
}

/** The place a key moves to; null for other keys. */
function destination({ grid, state }: Commanded, key: string): number | null {
  const { place } = grid.cursor;
  const steps: Record<string, number> = {
    ArrowUp: place - 1,
    ArrowDown: place + 1,
    PageUp: place - grid.page,
    PageDown: place + grid.page,
    Home: 0,
    End: state.visible.length - 1,
  };
  return key in steps ? Math.min(Math.max(steps[key], 0), Math.max(state.visible.length - 1, 0)) : null;
}
