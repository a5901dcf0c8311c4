/**
 * The items of a review, asked one after the other. An answer counts at once; states of the kernel replace it when no
 * answer is pending. An item is its place in the order of asking.
 */

export const OPEN = 0;
export const ACCEPTED = 1;
export const REJECTED = 2;
export const GONE = 3;
export const CORRECTED = 4;

export interface Verdict {
  what: "accept" | "reject" | "relabel" | "correct";
  label?: string;
  /** What the button said that a correction does. */
  word?: string;
  /** Other items that a correction changes or removes: they are answered with it. */
  along?: readonly number[];
  /** Replaces the view's setting for overlaps. */
  overlap?: string;
}

export interface Given {
  place: number;
  verdict: Verdict;
}

export interface Counts {
  /** Items that are still there. */
  total: number;
  answered: number;
  accepted: number;
  rejected: number;
  corrected: number;
  /** Open items that were skipped. */
  skipped: number;
  left: number;
}

export class Deck {
  /** The item shown; -1 for none. */
  current = -1;
  /** Row number of each item in its table, -1 for those gone. */
  rows: Int32Array;
  readonly skipped = new Set<number>();
  #states: Uint8Array;
  #said = new Map<number, number>();
  /** Answers not acknowledged yet, by item. */
  #underway = new Map<number, number>();
  #done: Given[] = [];
  #undone: Given[] = [];
  #trail: number[] = [];

  readonly ids: Float64Array;
  /** Places in the order of asking, where the kernel ranks them; null: as they stand, on from the current one. */
  order: Int32Array | null;

  constructor(ids: Float64Array, states: Uint8Array, rows: Int32Array, order: Int32Array | null = null) {
    this.ids = ids;
    this.#states = states;
    this.rows = rows;
    this.order = order;
  }

  state(place: number): number {
    return this.#said.get(place) ?? this.#states[place];
  }

  /** Answers the kernel has not acknowledged. */
  get pending(): number {
    let n = 0;
    for (const count of this.#underway.values()) n += count;
    return n;
  }

  get counts(): Counts {
    const n = [0, 0, 0, 0, 0];
    for (let place = 0; place < this.ids.length; place++) n[this.state(place)]++;
    let skipped = 0;
    for (const place of this.skipped) if (this.state(place) === OPEN) skipped++;
    return {
      total: this.ids.length - n[GONE],
      answered: n[ACCEPTED] + n[REJECTED] + n[CORRECTED],
      accepted: n[ACCEPTED],
      rejected: n[REJECTED],
      corrected: n[CORRECTED],
      skipped,
      left: n[OPEN],
    };
  }

  /** The next `n` open items that were not skipped: the first ranked, or those after the current one and then from the start. */
  upcoming(n: number): number[] {
    const out: number[] = [];
    const all = this.ids.length;
    for (let step = 0; step < all && out.length < n; step++) {
      const place = this.order ? this.order[step] : (this.current + 1 + step) % all;
      if (place !== this.current && this.#asks(place)) out.push(place);
    }
    return out;
  }

  /** The item shown before this one; -1 where there is none. */
  get previous(): number {
    for (let i = this.#trail.length - 1; i >= 0; i--)
      if (this.state(this.#trail[i]) !== GONE) return this.#trail[i];
    return -1;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** Show the next open item; -1 if none is left, except skipped ones. */
  advance(): number {
    return this.#goTo(this.upcoming(1)[0] ?? -1);
  }

  /** Show the previous item again. */
  back(): number {
    const to = this.previous;
    if (to < 0) return this.current;
    while (this.#trail.pop() !== to);
    this.current = to;
    return to;
  }

  goTo(place: number): number {
    return place === this.current ? place : this.#goTo(place);
  }

  skip(): number {
    if (this.current >= 0 && this.state(this.current) === OPEN) this.skipped.add(this.current);
    return this.advance();
  }

  /** Ask the skipped items now. */
  unskip(): number {
    this.skipped.clear();
    return this.advance();
  }

  /** Answer the current item; the answer counts at once. */
  answer(verdict: Verdict): Given {
    const given = { place: this.current, verdict };
    this.#undone.length = 0;
    this.#give(given);
    return given;
  }

  /** Whether the current item has exactly this answer. */
  answered({ what, label, overlap }: Verdict): boolean {
    const last = this.#done.filter((one) => one.place === this.current).pop()?.verdict;
    const same = last?.what === what && last.label === label && last.overlap === overlap;
    return same && this.state(this.current) === outcome(last);
  }

  /** Take the last answer back and show its item. */
  undo(): Given | null {
    const given = this.#done.pop();
    if (!given) return null;
    const earlier = this.#done.filter((one) => one.place === given.place).pop();
    this.#undone.push(given);
    this.#say(given.place, earlier ? outcome(earlier.verdict) : OPEN);
    for (const place of given.verdict.along ?? []) this.#said.set(place, OPEN);
    this.goTo(given.place);
    return given;
  }

  redo(): Given | null {
    const given = this.#undone.pop();
    if (given) this.#give(given);
    return given ?? null;
  }

  /** The kernel has applied an answer to this item. */
  acknowledge(place: number): void {
    const n = this.#underway.get(place)! - 1;
    if (n) this.#underway.set(place, n);
    else this.#underway.delete(place);
  }

  /** The kernel has refused an answer: the item gets its last state from the kernel, and is shown. */
  refuse(given: Given, undoing: "" | "undo" | "redo" = ""): void {
    this.acknowledge(given.place);
    for (const place of [given.place, ...(given.verdict.along ?? [])]) this.#said.delete(place);
    const drop = (from: Given[]) => {
      const at = from.lastIndexOf(given);
      if (at >= 0) from.splice(at, 1);
    };
    drop(this.#done);
    if (undoing) drop(this.#undone);
    if (undoing !== "undo" && this.#states[given.place] !== GONE) this.goTo(given.place);
  }

  /** Take the states of all items from the kernel; false, and nothing happens, while answers are pending. */
  settle(states: Uint8Array, rows: Int32Array, order: Int32Array | null = null): boolean {
    if (this.pending) return false;
    this.#states = states;
    this.rows = rows;
    this.order = order;
    this.#said.clear();
    return true;
  }

  #asks(place: number): boolean {
    return this.state(place) === OPEN && !this.skipped.has(place);
  }

  #goTo(place: number): number {
    if (this.current >= 0) this.#trail.push(this.current);
    this.current = place;
    return place;
  }

  #give(given: Given): void {
    this.#done.push(given);
    this.skipped.delete(given.place);
    this.#say(given.place, outcome(given.verdict));
    for (const place of given.verdict.along ?? []) this.#said.set(place, CORRECTED);
  }

  #say(place: number, state: number): void {
    this.#said.set(place, state);
    this.#underway.set(place, (this.#underway.get(place) ?? 0) + 1);
  }
}

function outcome({ what }: Verdict): number {
  return what === "correct" ? CORRECTED : what === "reject" ? REJECTED : ACCEPTED;
}
