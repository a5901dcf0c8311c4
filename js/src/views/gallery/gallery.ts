/** The gallery: toolbar, tiles, bar of actions, and which tiles are picked. */
import { Bitset } from "../../core/rows/bitset";
import type { SelectionStore } from "../../core/rows/selection";
import { watchTheme } from "../../draw/theme";
import type { Rpc } from "../../wire/rpc";
import { leaveAlike } from "../alike";
import { LazyPicker } from "../answers/lazy_picker";
import { scriptOf } from "../answers/script";
import { cheatsheet } from "../cheatsheet";
import { DisplayControl } from "../display";
import type { Frame } from "../frame";
import { Popover } from "../popover";
import { pointsAt } from "../rows/fetch";
import { Picking } from "../rows/picking";
import type { What } from "../rows/state";
import { GalleryActions } from "./actions";
import { Drag } from "./drag";
import { keysOf, listen } from "./keys";
import { type GalleryModel, GalleryState } from "./state";
import { Tiles } from "./tiles";
import { LARGEST, SMALLEST, Toolbar } from "./toolbar";

export class Gallery {
  readonly state: GalleryState;
  readonly tiles: Tiles;
  readonly actions: GalleryActions;
  readonly drag: Drag;
  readonly #toolbar: Toolbar;
  readonly #picking: Picking;
  #shape = "";
  #looks = "";

  constructor(
    readonly frame: Frame,
    model: GalleryModel,
    rpc: Rpc,
    store: SelectionStore,
    signal: AbortSignal,
  ) {
    const state = new GalleryState(model, rpc, store, signal, frame);
    this.state = state;
    this.#picking = new Picking(state);
    const popover = new Popover(frame, signal);
    const display = new DisplayControl(frame, model, rpc, signal);
    this.tiles = new Tiles(frame, state, display);
    state.inView = () => state.visible.between(this.tiles.inView[0], this.tiles.inView[1] - 1);
    const script = scriptOf(rpc, frame.root);
    const labels = new LazyPicker(frame, state.catalog, popover, `${state.source}-${rpc.client}`, script);
    this.actions = new GalleryActions(frame, state, popover, { labels, script, more: () => this.more() });
    frame.below(this.actions.root);
    this.drag = new Drag(this, signal);
    this.#toolbar = new Toolbar(frame, state, display, cheatsheet(frame, keysOf(state.of), signal));
    frame.empty("Loading …");
    state.eachFrame((what) => this.#update(what));
    watchTheme(this.tiles.paintSoon, signal);
    listen(this, signal);
    this.#resize();
  }

  /** Pick one tile and no other; -1: none. */
  pickOnly(place: number): void {
    this.pickPlaces(place < 0 ? [] : [place], null);
    if (place >= 0) this.begin(place);
  }

  /** Put the cursor on a tile without scrolling; ranges begin there. */
  begin(place: number): void {
    this.#picking.begin(place);
    this.tiles.put(place);
  }

  /** Pick or unpick a tile. */
  toggle(place: number): void {
    this.#picking.toggle(place);
    if (this.state.visible.at(place) >= 0) this.tiles.put(place);
  }

  /** Pick the tiles from where picking began to here that were on the screen; `more` keeps earlier picks. */
  extend(place: number, more = false): void {
    this.#extend(place, more, place);
  }

  /** As `extend`, from the cursor; scrolls the tile into view. */
  extendTo(place: number): void {
    const from = this.tiles.cursor;
    this.tiles.moveTo(place);
    this.#extend(place, false, from);
  }

  #extend(place: number, more: boolean, from: number): void {
    if (place < 0) return;
    this.tiles.put(place);
    this.#picking.extend(place, more, from);
  }

  /** Pick tiles, in addition to the rows `more`. */
  pickPlaces(places: readonly number[], more: Bitset | null): void {
    const { state } = this;
    const rows = more?.n === state.n ? more.clone() : new Bitset(state.n);
    for (const place of places) rows.add(state.visible.at(place));
    if (state.own ? !state.own.equals(rows) : places.length || more) state.pick(rows);
  }

  pickAll(): void {
    this.#picking.all();
  }

  /** Select what looks like the picked tiles, else like the tile of the cursor. */
  more(): void {
    void this.state.more(this.state.visible.at(this.tiles.cursor));
  }

  /** Cancel a drag or an action, else unpick all; returns whether there was something to cancel. */
  escape(): boolean {
    if (this.drag.active) this.drag.cancel();
    else if (this.actions.cancel()) return true;
    else if (this.state.own) this.state.pick(null);
    else return leaveAlike(this.state.store, this.state.source);
    return true;
  }

  /** Move the cursor and scroll to it; ranges begin there. */
  moveTo(place: number): void {
    this.begin(place);
    this.tiles.reveal(place);
  }

  /** Make a tile the active row of all views. */
  point(place: number): void {
    const { state } = this;
    const row = state.visible.at(place);
    if (row < 0) return;
    this.tiles.put(place);
    state.store.setActive({ of: state.of, row }, state.source);
  }

  resize(factor: number): void {
    const size = Math.round(this.state.get("size") * factor);
    this.state.set("size", Math.min(Math.max(size, SMALLEST), LARGEST));
  }

  /** Draw what changed since the last frame. */
  #update(changed: ReadonlySet<What>): void {
    const { state } = this;
    if (changed.has("traits")) this.#resize();
    if (changed.has("rows")) this.#rowsChanged();
    if (changed.has("elsewhere")) this.#showActive();
    this.tiles.paintSoon();
    if (changed.size === 1 && changed.has("cells")) return;
    this.#toolbar.update();
    this.actions.update();
    this.frame.empty(state.visible.length ? "" : this.#whyEmpty());
  }

  #rowsChanged(): void {
    const { model } = this.state;
    // Another order starts at the top; a selection in another view does not scroll.
    const shape = JSON.stringify([model.get("order_by"), model.get("ascending")]);
    const own = this.#shape !== "" && shape !== this.#shape;
    this.#shape = shape;
    if (own) this.#picking.begin(-1);
    this.tiles.reset(own);
  }

  /** Scroll to the active row of another view, unless a pointer is down on the tiles. */
  #showActive(): void {
    const { state } = this;
    const place = state.visible.placeOf(pointsAt(state, state.store.active));
    if (place >= 0 && !this.drag.held) this.tiles.moveTo(place);
  }

  #resize(): void {
    const looks = `${this.state.get("size")}|${this.state.get("height")}`;
    if (looks === this.#looks) return;
    this.#looks = looks;
    this.frame.root.style.height = `${this.state.get("height")}px`;
    this.tiles.relayout();
  }

  #whyEmpty(): string {
    const { state } = this;
    if (state.n) return `No ${state.of} match what is selected in other views.`;
    return state.nothingYet();
  }
}
