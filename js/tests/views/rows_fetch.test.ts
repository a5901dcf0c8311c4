/** Cells and pictures of rows: what is refused, or of tables that are gone, is asked for again. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CellFetcher, Pictures } from "../../src/views/rows/fetch";
import { Rpc } from "../../src/wire/rpc";
import { random } from "../random";
import { FakeChannel } from "../wire/channel";

interface Sent {
  client: string;
  id: number;
  key: string;
}

const N = 9;

class World {
  channel = new FakeChannel();
  control = new AbortController();
  rpc = new Rpc(this.channel, this.control.signal);
  store = { rev: 1 };
  /** Of the tables in the kernel, which is ahead at times. */
  rev = 1;
  had = new Map<number, number>();
  shown = new Map<number, number>();
  errors = 0;
  /** Whether the rows shown are those of the store. */
  current = true;
  cells: CellFetcher;
  pictures: Pictures<{ row: number }>;

  constructor() {
    const world = this;
    const state = {
      rpc: this.rpc,
      store: this.store,
      visible: { between: (from: number, to: number) => range(Math.max(from, 0), Math.min(to, N - 1)) },
      cache: {
        unknown: (generation: number, rows: number[]) =>
          rows.filter((row) => world.had.get(row) !== generation),
        put: (generation: number, rows: Int32Array) => {
          for (const row of rows) world.had.set(row, generation);
        },
      },
      get generation() {
        return world.store.rev;
      },
      get current() {
        return world.current;
      },
      wanted: ["area"],
      tell: () => {},
    };
    this.cells = new CellFetcher(state as never, this.control.signal, () => this.errors++);
    const options = {
      size: () => 64,
      version: () => 0,
      make: async (_: Blob) => ({ row: 0 }),
      free: () => {},
      limit: () => 99,
      arrived: () => {},
    };
    this.pictures = new Pictures(state as never, options, this.control.signal);
  }

  want(): void {
    this.cells.want(0, N);
    this.pictures.want(range(0, N - 1));
  }

  /** The page hears of the kernel's tables, and draws anew. */
  catchUp(): void {
    this.store.rev = this.rev;
    this.want();
  }

  reply(refuse = false, rev = this.rev): void {
    const sent = this.channel.sent.shift();
    if (!sent) return;
    const { client, id, key, method } = sent.message as unknown as Sent & { method: string };
    const head = { client, id, key };
    if (refuse) {
      this.channel.arrive({ kind: "error", ...head, error: { type: "OSError", message: "away" } });
      return;
    }
    const rows = (sent.buffers[0] as Int32Array).length;
    const buffers = method === "pictures" ? Array.from({ length: rows }, () => new Uint8Array(1)) : [];
    this.channel.arrive({ kind: "result", ...head, result: { rev, cells: {}, errors: {} } }, buffers);
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await vi.advanceTimersByTimeAsync(1000);
      while (this.channel.sent.length) {
        this.reply();
        await vi.advanceTimersByTimeAsync(0);
      }
    }
  }

  get missing(): number[] {
    return range(0, N - 1).filter((row) => this.had.get(row) !== this.rev || !this.pictures.get(row)?.shown);
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
let world: World;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  world = new World();
});
afterEach(() => {
  world.control.abort();
  vi.useRealTimers();
});

it("asks for cells and pictures again after an error, without being told to", async () => {
  world.want();
  world.reply(true);
  world.reply(true);
  await world.settle();
  expect([world.missing, world.errors]).toEqual([[], 1]);
});

it("asks again for what was answered of older tables than those on the page", async () => {
  world.want();
  world.rev = 2;
  world.catchUp(); // while requests are under way
  world.reply(false, 1);
  world.reply(false, 1);
  await world.settle();
  expect(world.missing).toEqual([]);
});

it("asks for no rows of older tables once there are new ones", async () => {
  world.current = false; // the tables are known, which of their rows are shown is not
  world.want();
  expect(world.channel.sent).toEqual([]);
  world.current = true;
  world.want();
  await world.settle();
  expect(world.missing).toEqual([]);
});

it("asks nothing any more when it is closed", async () => {
  world.want();
  world.reply(true);
  world.reply(true);
  world.control.abort();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(world.channel.sent).toEqual([]);
});

it.each(range(0, 99))("has everything in the end (%i)", async (seed) => {
  const next = random(seed);
  const one = (n: number) => Math.floor(next() * n);
  world.want();
  for (let i = 0; i < 40; i++) {
    const what = one(5);
    if (what === 0) world.rev++;
    else if (what === 1) world.catchUp();
    else if (what === 2) world.reply(true);
    else world.reply(false, world.rev - (one(4) ? 0 : 1));
    await vi.advanceTimersByTimeAsync(one(3) ? 0 : 3000);
  }
  world.catchUp();
  await world.settle();
  expect(world.missing).toEqual([]);
});
