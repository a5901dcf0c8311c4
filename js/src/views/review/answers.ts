/** Sends answers to the kernel, and asks for the states of the items afterwards. */
import { type Deck, type Given, OPEN } from "../../core/asking/deck";
import { Pace } from "../../core/asking/pace";
import { asArray, asBytes } from "../../wire/codec";
import { Cancelled, type Rpc } from "../../wire/rpc";

const UNDOING = { answer: "", correct: "", take_back: "undo", make_again: "redo" } as const;

export interface Became {
  rev: number;
  /** State of the item shown, before the reply of the kernel. */
  before: number;
  /** Whether anything but these answers changed the tables. */
  others: boolean;
}

export class Answers {
  given = 0;
  /** Seconds of looking at the answered items. */
  seconds = 0;
  readonly pace = new Pace(performance.now());
  /** Revisions of the tables that these answers made, and all that the kernel announced. */
  #ours = new Set<number>();
  #heard = new Set<number>();

  constructor(
    private rpc: Rpc,
    /** Called when an answer was applied (undefined) or refused (the error). */
    private sent: (refused: unknown) => void,
  ) {}

  answered(at: number, seconds: number): void {
    this.seconds += seconds;
    this.given++;
    this.pace.answered(at);
  }

  /** The kernel has made new tables of an answer to a question, in which the item is the same. */
  made(rev: number): void {
    this.#ours.add(rev);
  }

  /** The kernel has announced new tables. */
  heard(rev: number): void {
    this.#heard.add(rev);
  }

  /** Send an answer. @param seconds of looking. */
  give(deck: Deck, given: Given, seconds: number): Promise<void> {
    const { along: _, word, ...verdict } = given.verdict;
    if (verdict.what === "correct") return this.send(deck, "correct", given, { word, seconds });
    return this.send(deck, "answer", given, { ...verdict, seconds });
  }

  async send(deck: Deck, method: keyof typeof UNDOING, given: Given, params: object = {}): Promise<void> {
    const undoing = UNDOING[method];
    let refused: unknown;
    try {
      const item_id = deck.ids[given.place];
      const { result } = await this.rpc.request<{ rev: number }>(method, { item_id, ...params });
      this.#ours.add(result.rev);
      deck.acknowledge(given.place);
    } catch (error) {
      if (error instanceof Cancelled) return;
      if (!undoing) this.given--;
      deck.refuse(given, undoing);
      refused = error;
    }
    this.sent(refused);
  }

  /** Ask for the current states of the items; null while answers are pending. */
  async states(deck: Deck): Promise<Became | null> {
    const { result, buffers } = await this.rpc.request<{ rev: number }>("states", {}, { key: "states" });
    const before = deck.current < 0 ? OPEN : deck.state(deck.current);
    const order = orderOf(buffers[2]);
    if (!deck.settle(asBytes(buffers[0]).slice(), asArray(Int32Array, buffers[1]), order)) return null;
    const others = [...this.#heard].some((rev) => !this.#ours.has(rev));
    this.#heard.clear();
    this.#ours.clear();
    return { rev: result.rev, before, others };
  }
}

/** The order of asking, where the kernel ranks the items. */
export function orderOf(buffer: DataView | undefined): Int32Array | null {
  return buffer ? asArray(Int32Array, buffer) : null;
}
