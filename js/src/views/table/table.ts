/** The table: toolbar, grid, bar of actions, and how mouse and keys work on them. */
import type { Of, SelectionStore } from "../../core/rows/selection";
import type { Rpc } from "../../wire/rpc";
import { leaveAlike } from "../alike";
import { LazyPicker } from "../answers/lazy_picker";
import { scriptOf } from "../answers/script";
import { cheatsheet } from "../cheatsheet";
import { DisplayControl } from "../display";
import { focusOn } from "../elements";
import type { Frame } from "../frame";
import { Popover } from "../popover";
import { type Action, ActionBar, ANSWER } from "../rows/actions";
import { pointsAt } from "../rows/fetch";
import { Picking } from "../rows/picking";
import type { What } from "../rows/state";
import type { Head, Report } from "../rows/wire";
import { CellEditor } from "./editor";
import { Grid } from "./grid";
import { Header } from "./header";
import { KEYS, listen } from "./keys";
import { Menus } from "./menu";
import { TableState } from "./state";
import { Toolbar } from "./toolbar";
import type { TableModel } from "./wire";

const ACTIONS: Record<Of, Action[]> = {
  images: [
    { label: "Nothing here", action: "set", column: "state", value: "empty" },
    { label: "State", action: "set", column: "state" },
    { label: "Weight", action: "set", column: "weight" },
    ANSWER,
    { label: "Remove", action: "remove", danger: true },
  ],
  instances: [
    { label: "Verify", action: "set", column: "status", value: "verified" },
    { label: "Label", action: "set", column: "label" },
    { label: "Status", action: "set", column: "status" },
    ANSWER,
    { label: "Remove", action: "remove", danger: true },
  ],
  predictions: [
    { label: "Accept", action: "accept" },
    { label: "Reject", action: "reject" },
  ],
};

export class Table {
  readonly state: TableState;
  readonly grid: Grid;
  readonly popover: Popover;
  readonly editor: CellEditor;
  readonly menus: Menus;
  readonly #header: Header;
  readonly #toolbar: Toolbar;
  readonly #actions: ActionBar;
  readonly #picking: Picking;
  #shape = "";

  constructor(
    readonly frame: Frame,
    model: TableModel,
    rpc: Rpc,
    store: SelectionStore,
    signal: AbortSignal,
  ) {
    frame.root.classList.add("nbl-table");
    const state = new TableState(model, rpc, store, signal, frame);
    this.state = state;
    this.#picking = new Picking(state);
    this.popover = new Popover(frame, signal);
    const display = new DisplayControl(frame, model, rpc, signal);
    this.grid = new Grid(frame, state, display, signal, model.get("source"));
    state.inView = () => state.visible.between(this.grid.inView[0], this.grid.inView[1] - 1);
    this.menus = new Menus(state, this.grid, this.popover);
    this.#header = new Header(
      state,
      this.grid,
      (head, anchor) => this.menus.column(head, anchor),
      this.menus.fit,
    );
    const script = scriptOf(rpc, frame.root);
    const labels = new LazyPicker(
      frame,
      state.catalog,
      this.popover,
      `${state.source}-${rpc.client}`,
      script,
    );
    this.#actions = new ActionBar(frame, state, this.popover, {
      actions: ACTIONS[state.of],
      labels,
      script,
      more: () => this.more(),
    });
    const report = (made: Report) => this.#actions.report(made);
    this.editor = new CellEditor(frame, state, this.grid, labels, report, signal);
    const help = cheatsheet(frame, KEYS, signal);
    frame.below(this.#actions.root);
    this.#toolbar = new Toolbar(frame, state, this.menus, display, help, signal);
    frame.empty("Loading …");
    state.eachFrame((what) => this.#update(what));
    listen(this, signal);
    this.#resize();
  }

  /** Draw what changed since the last frame. */
  #update(what: ReadonlySet<What>): void {
    if (what.has("traits")) this.#resize();
    if (what.has("columns")) {
      this.editor.close();
      this.grid.relayout();
      this.#header.build();
    }
    if (what.has("rows")) this.#rowsChanged();
    if (what.has("traits")) this.#header.mark();
    if (what.has("bars") || what.has("traits")) {
      this.#header.draw();
      this.menus.update();
    }
    if (what.has("elsewhere")) this.#showActive();
    this.grid.paintSoon();
    if (["rows", "marks", "columns", "traits"].some((one) => what.has(one as What))) {
      this.#toolbar.update();
      this.#actions.update();
      this.#sayEmpty();
    }
  }

  /** Make a row the active one, and unpick all rows. @param reveal scroll to it. */
  activate(place: number, column?: number, reveal = true): void {
    const { state } = this;
    this.grid.moveTo(place, column, reveal);
    const row = state.visible.at(this.grid.cursor.place);
    this.#picking.begin(this.grid.cursor.place);
    if (state.own) state.pick(null);
    if (row >= 0) state.store.setActive({ of: state.of, row }, state.source);
  }

  /** Pick or unpick a row. */
  toggle(place: number): void {
    if (this.state.visible.at(place) < 0) return;
    this.grid.moveTo(place, undefined, false);
    this.#picking.toggle(place);
  }

  /** Pick the rows from where picking began to here that were on the screen; `more` keeps earlier picks. */
  extend(place: number, more = false, reveal = true): void {
    this.grid.moveTo(place, undefined, reveal);
    this.#picking.extend(this.grid.cursor.place, more);
  }

  /** Select what looks like the picked rows, else like the row of the cursor. */
  more(): void {
    void this.state.more(this.state.visible.at(this.grid.cursor.place));
  }

  /** Cancel an open confirmation, else unpick all; returns whether there was something to cancel. */
  escape(): boolean {
    if (this.#actions.cancel()) return true;
    if (!this.state.own) return leaveAlike(this.state.store, this.state.source);
    this.state.pick(null);
    return true;
  }

  pickAll(): void {
    this.#picking.all();
  }

  openFilter(): void {
    const column = this.grid.layout.columns[this.grid.cursor.column];
    const anchor = this.#header.anchor(this.grid.cursor.column);
    if (column && anchor) this.menus.column(column.head, anchor);
  }

  /** Ask for a label of the picked rows, else of all shown; returns whether rows have labels here. */
  giveLabel(): boolean {
    return this.#actions.findLabel();
  }

  /** Ask the questions of the picked rows, else of all shown; returns whether rows are asked here. */
  answer(): boolean {
    return this.#actions.answer();
  }

  /** Column of the cursor. */
  get column(): Head | null {
    return this.grid.layout.columns[this.grid.cursor.column]?.head ?? null;
  }

  focusSearch(): void {
    focusOn(this.#toolbar.search);
    this.#toolbar.search.select();
  }

  #rowsChanged(): void {
    const { state } = this;
    const { model } = state;
    // A new filter or order here starts at the top; a selection in another view does not scroll.
    const shape = JSON.stringify([model.get("filters"), model.get("search"), model.get("sort")]);
    const own = this.#shape !== "" && shape !== this.#shape;
    this.#shape = shape;
    if (own) this.#picking.begin(-1);
    this.editor.close();
    this.grid.reset(own);
  }

  /** Scroll to the active row of another view. */
  #showActive(): void {
    const { state } = this;
    const place = state.visible.placeOf(pointsAt(state, state.store.active));
    if (place < 0) return;
    this.grid.cursor.place = place;
    this.grid.reveal(place, 1);
  }

  #resize(): void {
    this.frame.root.style.height = `${this.state.get("height")}px`;
  }

  #sayEmpty(): void {
    const { state, frame, grid } = this;
    grid.scroller.classList.toggle("nbl-no-rows", state.visible.length === 0);
    frame.empty(state.visible.length ? "" : this.#whyEmpty());
  }

  #whyEmpty(): string {
    const { state } = this;
    if (state.n) return this.#toolbar.nothingMatches();
    return state.nothingYet();
  }
}
