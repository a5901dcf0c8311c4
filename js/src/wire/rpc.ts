/**
 * Requests to the kernel. Each ends in a result, an error or a cancellation:
 *
 *   browser -> kernel   {kind: "request", client, id, key, method, params} + buffers
 *   kernel -> browser   {kind: "result", client, id, key, result} + buffers
 *                       {kind: "error", client, id, key, error: {type, message}}
 *                       {kind: "event", name, payload} + buffers        to every client
 *
 * There is no time limit: a kernel may train for an hour. Of requests with one `key` only the newest counts: one
 * is under way, one waits, so that a busy kernel has no pile of stale requests when it is free again.
 */

export interface Channel {
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[] | ArrayBufferView[]): void;
  on(name: string, callback: (...args: never[]) => void): void;
  off(name?: string | null, callback?: ((...args: never[]) => void) | null): void;
}

export interface Reply<T> {
  result: T;
  buffers: DataView[];
}

export interface Options {
  /** A newer request with the same key cancels this one. */
  key?: string;
  signal?: AbortSignal;
  buffers?: ArrayBufferView[];
}

/** The request is not wanted any more. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

/** The kernel raised; `type` is the name of its error class. */
export class RemoteError extends Error {
  override name = "RemoteError";
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** The message of an error. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Call {
  id: number;
  method: string;
  params: object;
  buffers: ArrayBufferView[];
  key: string;
  settle: (outcome: Reply<unknown> | Error) => void;
}

type EventHandler = (payload: never, buffers: DataView[]) => void;

export class Rpc {
  readonly client = Math.random().toString(36).slice(2);
  /** Whether the kernel is gone: views then show its last replies. */
  lost = false;
  #next = 0;
  #calls = new Map<number, Call>();
  #underway = new Set<string>();
  #waiting = new Map<string, Call>();
  #handlers = new Map<string, EventHandler>();
  #watchers = new Set<() => void>();

  readonly #channel: Channel;

  constructor(channel: Channel, signal: AbortSignal) {
    this.#channel = channel;
    const receive = (message: never, buffers: DataView[]) => this.#receive(message, buffers);
    const severed = () => this.#setLost(true);
    channel.on("msg:custom", receive as never);
    channel.on("comm_live_update", severed);
    signal.addEventListener(
      "abort",
      () => {
        channel.off("msg:custom", receive as never);
        channel.off("comm_live_update", severed);
        for (const call of [...this.#calls.values(), ...this.#waiting.values()])
          call.settle(new Cancelled("the view closed"));
        this.#handlers.clear();
        this.#watchers.clear();
      },
      { once: true },
    );
  }

  /** Number of requests without a reply yet. */
  get pending(): number {
    return this.#calls.size + this.#waiting.size;
  }

  /** Call back whenever `pending` or `lost` changes. */
  watch(callback: () => void): void {
    this.#watchers.add(callback);
  }

  /** Handle an event of the kernel; one handler per name. */
  on<P>(name: string, handler: (payload: P, buffers: DataView[]) => void): void {
    this.#handlers.set(name, handler as EventHandler);
  }

  request<T = unknown>(method: string, params: object = {}, options: Options = {}): Promise<Reply<T>> {
    return new Promise((resolve, reject) => {
      const { key = "", signal, buffers = [] } = options;
      const id = this.#next++;
      const settle = (outcome: Reply<unknown> | Error) => {
        signal?.removeEventListener("abort", cancel);
        if (!this.#calls.delete(id) && this.#waiting.get(key)?.id === id) this.#waiting.delete(key);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome as Reply<T>);
        this.#tell();
      };
      const cancel = () => settle(new Cancelled("cancelled"));
      const call: Call = { id, method, params, buffers, key, settle };
      if (signal?.aborted) return cancel();
      signal?.addEventListener("abort", cancel);
      if (key && this.#underway.has(key)) {
        for (const older of [this.#waiting.get(key), ...this.#calls.values()])
          if (older?.key === key) older.settle(new Cancelled("overtaken"));
        this.#waiting.set(key, call);
        this.#tell();
      } else this.#send(call);
    });
  }

  #send(call: Call): void {
    this.#calls.set(call.id, call);
    if (call.key) this.#underway.add(call.key);
    const { id, method, params } = call;
    // The message carries its key, so that the reply to a cancelled request frees the key.
    try {
      const message = { kind: "request", client: this.client, id, key: call.key, method, params };
      this.#channel.send(message, undefined, call.buffers);
    } catch (error) {
      this.#underway.delete(call.key);
      call.settle(new Cancelled(`no kernel: ${said(error)}`));
      this.#setLost(true);
    }
    this.#tell();
  }

  #receive(message: Incoming, buffers: DataView[]): void {
    this.#setLost(false);
    if (message.kind === "event") {
      this.#handlers.get(message.name)?.(message.payload as never, buffers);
    } else if ((message.kind === "result" || message.kind === "error") && message.client === this.client) {
      const call = this.#calls.get(message.id);
      this.#free(message.key);
      if (message.kind === "result") call?.settle({ result: message.result, buffers });
      else call?.settle(new RemoteError(message.error.type, message.error.message));
    }
  }

  #free(key: string): void {
    if (!key) return;
    this.#underway.delete(key);
    const next = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (next) this.#send(next);
  }

  #setLost(lost: boolean): void {
    if (this.lost === lost) return;
    this.lost = lost;
    this.#tell();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

type Incoming =
  | { kind: "event"; name: string; payload: unknown }
  | { kind: "result"; client: string; id: number; key: string; result: unknown }
  | { kind: "error"; client: string; id: number; key: string; error: { type: string; message: string } };
