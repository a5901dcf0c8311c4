/** Requests to the kernel: for another question, and to keep the answers to the open one. */
import type { Sheet } from "../../core/asking/sheet";
import { Cancelled, RemoteError, type Rpc } from "../../wire/rpc";
import type { Outlook, State } from "./wire";

export type Step = "begin" | "tell" | "skip" | "undo";

type Params = { answers?: readonly unknown[]; [name: string]: unknown };

export interface SessionEvents {
  /** Called before a question is requested; returns the size and context of its crops. */
  asking(): { size: number; context: number };
  /** A question has arrived, the same or another one. */
  came(state: State, buffers: DataView[]): void;
  /** The request failed; `again` repeats it. */
  failed(error: unknown, again?: () => void): void;
  /** The outlook of the answers has arrived. */
  foresaw(): void;
  /** The answers could not be kept. */
  lost(error: unknown): void;
}

export class Session {
  state: State | null = null;
  outlook: Outlook | null = null;
  /** Whether the outlook is of the current answers. */
  fresh = true;
  /** The requested step that brings another question; "" for none. */
  waiting: Step | "" = "";
  /** Number of answers under way. */
  told = 0;
  /** The newest turn that the kernel has announced. */
  #turn = -1;
  #answers: Sheet["answers"] | null = null;
  readonly #rpc: Rpc;
  readonly #events: SessionEvents;

  constructor(rpc: Rpc, events: SessionEvents) {
    this.#rpc = rpc;
    this.#events = events;
  }

  get number(): number {
    return this.state?.question?.number ?? 0;
  }

  /** The kernel has announced a turn; if it is new, request it once no other request is under way. */
  async heard(turn: number): Promise<void> {
    this.#turn = turn;
    if (!this.state && !this.waiting) await this.go("begin");
    else await this.#catchUp();
  }

  /** Request a step that brings another question, or the same one again. */
  async go(step: Step, params: Params = {}): Promise<void> {
    this.waiting = step;
    this.#answers = null;
    this.told = params.answers?.length ?? 0;
    const view = this.#events.asking();
    try {
      const { result, buffers } = await this.#rpc.request<State>(step, { ...params, ...view });
      this.#rest();
      this.state = result;
      this.outlook = result.outlook ?? null;
      this.fresh = true;
      this.#events.came(result, buffers);
    } catch (error) {
      await this.#refused(error, step, params);
    }
    await this.#catchUp();
  }

  async #refused(error: unknown, step: Step, params: Params): Promise<void> {
    this.#rest();
    const stale = error instanceof RemoteError && error.type === "HistoryError";
    if (stale && step !== "undo") await this.go("begin");
    this.#events.failed(error, stale ? undefined : () => void this.go(step, params));
  }

  /** If the kernel went on during a request, request its state once. */
  async #catchUp(): Promise<void> {
    if (this.waiting || !this.state || this.#turn <= this.state.turn) return;
    this.#turn = this.state.turn;
    await this.go("begin");
  }

  /** Send the answers as a draft, and get their outlook. */
  keep(sheet: Sheet): void {
    if (this.waiting) return;
    this.#answers = sheet.answers;
    const params = { number: this.number, answers: sheet.answers, place: sheet.current };
    this.#rpc
      .request<{ outlook: Outlook | null }>("draft", params, { key: "draft" })
      .then(({ result }) => {
        if (this.waiting || this.#answers !== sheet.answers) return;
        this.outlook = result.outlook;
        this.fresh = true;
        this.#events.foresaw();
      })
      .catch((error) => {
        if (error instanceof Cancelled || params.number !== this.number || this.waiting) return;
        this.#events.lost(error);
      });
  }

  #rest(): void {
    this.waiting = "";
    this.told = 0;
  }
}
