/**
 * Keeps a SelectionStore and the kernel's Selection in sync. The browser owns the clauses that people make; the
 * kernel gets them when it has time, only the newest of each source, and passes them on to other pages:
 *
 *   browser -> kernel   {kind: "selection", op: "ready", client}
 *                       {…, op: "clause", client, rev, seq, source, of, title, code} + bits    or removed: true
 *                       {…, op: "active", client, rev, of, row}                                or of: null
 *                       {…, op: "sync", client, seq}                                           asks for the ack
 *   kernel -> browser   {…, op: "state", rev, sizes, clauses, active} + image rows of instances and predictions as runs
 *                           + bits of each clause
 *                       {…, op: "clause" | "active", client, …} from another page; by client "" from Python
 *                       {…, op: "ack", client, seq}
 */
import { Bitset } from "../core/rows/bitset";
import { fromRuns } from "../core/rows/gaps";
import type { Changed, Clause, Of, Pointed, SelectionStore } from "../core/rows/selection";
import { asBytes } from "./codec";
import type { Channel } from "./rpc";

interface ClauseHead {
  source: string;
  of: Of;
  title: string;
  code: string;
  removed?: boolean;
}

type Message =
  | {
      op: "state";
      rev: number;
      sizes: Record<Of, number>;
      clauses: ClauseHead[];
      active: Pointed | null;
    }
  | ({ op: "clause"; client: string; rev: number } & ClauseHead)
  | { op: "active"; client: string; rev: number; of: Of | null; row: number }
  | { op: "ack"; client: string; seq: number };

const REMOTE = "\0remote";

export class SelectionSync {
  readonly #client = Math.random().toString(36).slice(2);
  #seq = 0;
  /** Number of the message the kernel has not acknowledged yet; -1 for none. */
  #unacknowledged = -1;
  #dirty = new Set<string>();
  #activeDirty = false;

  readonly #store: SelectionStore;
  readonly #channel: Channel;

  constructor(store: SelectionStore, channel: Channel, signal: AbortSignal) {
    this.#store = store;
    this.#channel = channel;
    const receive = (message: { kind: string } & Message, buffers: DataView[]) => {
      if (message.kind === "selection") this.#receive(message, buffers);
    };
    channel.on("msg:custom", receive as never);
    signal.addEventListener("abort", () => channel.off("msg:custom", receive as never), { once: true });
    const before = new Map<string, Clause>();
    store.subscribe((changed) => this.#localChange(changed, before), signal);
    this.#post({ op: "ready", client: this.#client });
  }

  #localChange(changed: Changed, before: Map<string, Clause>): void {
    if (changed.clauses) {
      const { clauses } = this.#store;
      for (const source of new Set([...before.keys(), ...clauses.keys()]))
        if (before.get(source) !== clauses.get(source) && changed.by !== REMOTE && changed.by !== "")
          this.#dirty.add(source);
      before.clear();
      for (const [source, clause] of clauses) before.set(source, clause);
    }
    if (changed.active && changed.by !== REMOTE && changed.by !== "") this.#activeDirty = true;
    this.#flush();
  }

  #flush(): void {
    if (this.#unacknowledged >= 0 || this.#store.rev < 0) return;
    if (!this.#dirty.size && !this.#activeDirty) return;
    const client = this.#client;
    const { rev, active } = this.#store;
    for (const source of this.#dirty) {
      const clause = this.#store.clauses.get(source);
      const head = { op: "clause", client, rev, seq: this.#seq, source };
      if (clause) {
        const { of, title, code } = clause;
        this.#post({ ...head, of, title, code }, [clause.rows.toBytes()]);
      } else this.#post({ ...head, removed: true });
    }
    this.#dirty.clear();
    if (this.#activeDirty)
      this.#post({
        op: "active",
        client,
        rev,
        of: active?.of ?? null,
        row: active?.row ?? -1,
        seq: this.#seq,
      });
    this.#activeDirty = false;
    this.#unacknowledged = this.#seq++;
    this.#post({ op: "sync", client, seq: this.#unacknowledged });
  }

  #receive(message: Message, buffers: DataView[]): void {
    if (message.op === "state") this.#takeState(message, buffers);
    else if (message.client === this.#client) {
      if (message.op !== "ack" || message.seq !== this.#unacknowledged) return;
      this.#unacknowledged = -1;
      this.#flush();
    } else if (message.op !== "ack" && message.rev === this.#store.rev) {
      if (message.op === "active")
        this.#store.setActive(message.of ? { of: message.of, row: message.row } : null, REMOTE);
      else if (message.removed) this.#store.set(message.source, null, REMOTE);
      else this.#store.set(message.source, this.#clause(message, buffers[0]), REMOTE);
    }
  }

  #takeState(message: Message & { op: "state" }, buffers: DataView[]): void {
    const { sizes, active, rev } = message;
    const index = {
      images: { n: sizes.images, imageRow: null },
      instances: { n: sizes.instances, imageRow: fromRuns(asBytes(buffers[0]), sizes.instances) },
      predictions: { n: sizes.predictions, imageRow: fromRuns(asBytes(buffers[1]), sizes.predictions) },
    };
    const clauses = message.clauses.map((head, i) => ({
      ...head,
      rows: Bitset.fromBytes(sizes[head.of], asBytes(buffers[i + 2])),
    }));
    this.#dirty.clear();
    this.#activeDirty = false;
    this.#unacknowledged = -1;
    this.#store.reset(rev, index, clauses, active);
  }

  #clause(head: ClauseHead, bits: DataView): Omit<Clause, "source"> {
    const { of, title, code } = head;
    return { of, title, code, rows: Bitset.fromBytes(this.#store.tables[of].n, asBytes(bits)) };
  }

  #post(message: object, buffers: ArrayBufferView[] = []): void {
    try {
      this.#channel.send({ kind: "selection", ...message }, undefined, buffers);
    } catch (error) {
      // There is no kernel; the views on this page stay linked, and show that the kernel is gone.
      console.info("nbalabel: the selection was not sent", error);
    }
  }
}
