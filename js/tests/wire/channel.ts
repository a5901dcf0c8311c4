/** A channel whose other end is the test. */
import type { Channel } from "../../src/wire/rpc";

type Handler = (...args: never[]) => void;

export class FakeChannel implements Channel {
  sent: { message: Record<string, unknown>; buffers: ArrayBufferView[] }[] = [];
  private handlers = new Map<string, Set<Handler>>();

  send(content: unknown, _callbacks?: unknown, buffers: ArrayBuffer[] | ArrayBufferView[] = []): void {
    this.sent.push({ message: content as Record<string, unknown>, buffers: buffers as ArrayBufferView[] });
  }

  on(name: string, callback: Handler): void {
    this.handlers.set(name, (this.handlers.get(name) ?? new Set()).add(callback));
  }

  off(name?: string | null, callback?: Handler | null): void {
    if (name && callback) this.handlers.get(name)?.delete(callback);
  }

  /** The kernel says something. */
  arrive(message: object, buffers: ArrayBufferView[] = []): void {
    const views = buffers.map((part) => new DataView(part.buffer, part.byteOffset, part.byteLength));
    for (const handler of this.handlers.get("msg:custom") ?? []) handler(message as never, views as never);
  }

  trigger(name: string): void {
    for (const handler of this.handlers.get(name) ?? []) handler();
  }

  get listening(): number {
    return [...this.handlers.values()].reduce((total, set) => total + set.size, 0);
  }
}
