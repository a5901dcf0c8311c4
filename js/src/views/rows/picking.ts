/** Picking rows one by one and in ranges, the same in every view of rows. */
import { Bitset } from "../../core/rows/bitset";
import type { Of } from "../../core/rows/selection";
import type { RowsState } from "./state";

type Pickable = Pick<
  RowsState<{ of: Of; source: string }>,
  "n" | "of" | "source" | "own" | "visible" | "store" | "pick" | "pickRange" | "see"
>;

export class Picking {
  /** Row where picking began, -1 for none. */
  #anchor = -1;
  readonly #state: Pickable;

  constructor(state: Pickable) {
    this.#state = state;
  }

  /** Begin ranges at a place; -1: at the next picked one. */
  begin(place: number): void {
    this.#anchor = place < 0 ? -1 : this.#state.visible.at(place);
  }

  /** Pick or unpick a row. */
  toggle(place: number): void {
    const state = this.#state;
    const row = state.visible.at(place);
    if (row < 0) return;
    const rows = state.own?.clone() ?? new Bitset(state.n);
    if (rows.has(row)) rows.delete(row);
    else rows.add(row);
    this.begin(place);
    state.pick(rows);
  }

  /** Pick rows that were on the screen, from where picking began, else `from`, to a place; `more` keeps others. */
  extend(place: number, more = false, from = place): void {
    const state = this.#state;
    if (place < 0) return;
    if (this.#anchor < 0) this.begin(from);
    state.see();
    state.pickRange(this.#anchor, place, more ? state.own : null);
  }

  /** Pick all rows that other views allow. */
  all(): void {
    const { store, of, source, n } = this.#state;
    this.#state.pick((store.allowed(of, [source]) ?? Bitset.all(n)).clone());
  }
}
