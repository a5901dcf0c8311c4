/** The bar of actions of a scatter: on the points that all views allow, as in table and gallery. */
import { Bitset } from "../../core/rows/bitset";
import type { Of, SelectionStore } from "../../core/rows/selection";
import type { Rpc } from "../../wire/rpc";
import { LazyPicker } from "../answers/lazy_picker";
import { scriptOf } from "../answers/script";
import type { Frame } from "../frame";
import { Popover } from "../popover";
import { type Action, ActionBar, ANSWER } from "../rows/actions";
import type { Head } from "../rows/wire";

const ACTIONS: Record<Of, readonly Action[]> = {
  images: [{ label: "State", action: "set", column: "state" }, ANSWER],
  instances: [
    { label: "Verify", action: "set", column: "status", value: "verified" },
    { label: "Label", action: "set", column: "label", about: { title: "set the label (R)" } },
    ANSWER,
  ],
  predictions: [
    { label: "Accept", action: "accept" },
    {
      label: "Accept as",
      action: "accept",
      column: "label",
      about: { title: "accept with another label (R)" },
    },
    { label: "Reject", action: "reject" },
  ],
};

/** The rows of the scatter, as the bar asks about them. */
class Points {
  readonly heads = new Map<string, Head>();
  readonly leftOut = 0;
  n = 0;
  asks = 0;

  constructor(
    readonly of: Of,
    readonly source: string,
    readonly rpc: Rpc,
    readonly store: SelectionStore,
  ) {}

  /** Points tell little of what is in the images: before an action on any, some are shown. */
  readonly inView = (): number[] => [];

  get seen(): Bitset {
    return Bitset.all(this.n);
  }

  get focus(): Bitset {
    return this.store.allowed(this.of) ?? Bitset.all(this.n);
  }

  get own(): Bitset | null {
    const clause = this.store.clauses.get(this.source);
    return clause?.of === this.of ? clause.rows : null;
  }
}

export class Acting {
  readonly #points: Points;
  readonly #bar: ActionBar;

  constructor(frame: Frame, of: Of, source: string, rpc: Rpc, store: SelectionStore, signal: AbortSignal) {
    this.#points = new Points(of, source, rpc, store);
    const popover = new Popover(frame, signal);
    const script = scriptOf(rpc, frame.root);
    const labels = new LazyPicker(frame, rpc, popover, `${source}-${rpc.client}`, script);
    this.#bar = new ActionBar(frame, this.#points, popover, { actions: ACTIONS[of], labels, script });
    frame.below(this.#bar.root);
  }

  /** The tables are new. @param asks number of questions that may be asked of the rows. */
  described(n: number, asks: number): void {
    Object.assign(this.#points, { n, asks });
    this.update();
  }

  /** The selection has changed. */
  update(): void {
    const { store, of, n } = this.#points;
    if (store.tables[of].n === n) this.#bar.update();
  }

  relabel(): void {
    this.#bar.findLabel();
  }

  answer(): void {
    this.#bar.answer();
  }

  /** Cancel an open confirmation; returns whether there was one. */
  cancel(): boolean {
    return this.#bar.cancel();
  }
}
