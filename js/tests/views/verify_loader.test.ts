/** The loader against kernels that are slow, refuse, or mean another question: in the end nothing waits. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeCounts } from "../../src/core/masks/rle";
import type { Crop } from "../../src/views/verify/crops";
import { Loader } from "../../src/views/verify/loader";
import type { CropHead, State } from "../../src/views/verify/wire";
import { Rpc } from "../../src/wire/rpc";
import { random } from "../random";
import { FakeChannel } from "../wire/channel";

const N = 7; // masks of a question
const MASK = encodeCounts([1, 2, 1]);

interface Request {
  client: string;
  id: number;
  key: string;
  params: { number: number; places: number[]; size: number };
}

/** A view with one kernel: what is on the screen, what is under way, and what may happen next. */
class World {
  channel = new FakeChannel();
  control = new AbortController();
  rpc = new Rpc(this.channel, this.control.signal);
  shown: (Crop | null)[] = [];
  /** Pictures that the browser decodes. */
  decoding: (() => void)[] = [];
  open = 0;
  bitmaps = 0;
  /** As the view has it, and as the kernel has it. */
  number = 0;
  truth = 0;
  size = 64;
  telling = false;
  errors = 0;
  readonly loader: Loader;

  constructor() {
    vi.stubGlobal("createImageBitmap", async () => {
      await new Promise<void>((decoded) => this.decoding.push(decoded));
      this.bitmaps++;
      return { width: 2, close: () => this.bitmaps-- };
    });
    const cards = {
      reset: (n: number) => {
        for (const crop of this.shown) crop?.bitmap?.close();
        this.shown = new Array(n).fill(null);
      },
      put: (place: number, crop: Crop) => {
        this.shown[place]?.bitmap?.close();
        this.shown[place] = crop;
      },
    };
    this.loader = new Loader(this.rpc, cards as never, {
      wish: () => ({ number: this.number, size: this.size, context: 0, version: 0, places: this.missing }),
      arrived: () => {},
      failed: () => this.errors++,
      recovered: () => {},
      outdated: () => this.begin(),
    });
  }

  get missing(): number[] {
    if (this.telling) return [];
    const sharp = (crop: Crop | null) => crop && crop.head.box[2] >= this.size / 64;
    return this.shown.flatMap((crop, place) => (sharp(crop) ? [] : [place]));
  }

  get requests(): Request[] {
    return this.channel.sent.map(({ message }) => message as unknown as Request);
  }

  /** The view is told which question is open, with the first crops. */
  begin(n = 2): void {
    this.telling = false;
    this.number = this.truth;
    const places = Array.from({ length: n }, (_, i) => i);
    const question = { ids: new Array(N).fill(0) };
    const state = { question, crops: this.heads(places, 64) } as unknown as State;
    void this.loader.begin(state, this.buffers(n) as DataView[]);
  }

  heads(places: number[], size: number): CropHead[] {
    const head = { id: 0, label: 0, size: [9, 9], at: [0, 0, 1, 1], mask: [2, 2], problem: "" };
    return places.map(
      () => ({ ...head, box: [0, 0, size / 64, 2], bytes: [MASK.length, 1] }) as unknown as CropHead,
    );
  }

  buffers(n: number): ArrayBufferView[] {
    const masks = Uint8Array.from(new Array(n).fill([...MASK]).flat());
    return [new DataView(masks.buffer), new DataView(new ArrayBuffer(n))];
  }

  /** The kernel answers one request: in part, with none where the question is another, or with an error. */
  reply(at: number, most: number, refuse = false): void {
    const [sent] = this.channel.sent.splice(at, 1);
    if (!sent) return;
    const { client, id, key, params } = sent.message as unknown as Request;
    const head = { client, id, key };
    const places = params.number === this.truth ? params.places.slice(0, most) : [];
    if (refuse) {
      const error = { type: "OSError", message: "the disk is away" };
      this.channel.arrive({ kind: "error", ...head, error });
    } else {
      const result = { places, crops: this.heads(places, params.size) };
      this.channel.arrive({ kind: "result", ...head, result }, this.buffers(places.length));
    }
  }

  /** All that is under way comes in, over and over, until nothing is. */
  async settle(): Promise<void> {
    for (let i = 0; i < 60; i++) {
      await vi.advanceTimersByTimeAsync(1000);
      while (this.channel.sent.length) this.reply(0, N);
      for (const decoded of this.decoding.splice(0)) decoded();
    }
  }
}

let world: World;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const Path = class {
    moveTo() {}
    lineTo() {}
    closePath() {}
  };
  vi.stubGlobal("Path2D", Path);
  world = new World();
});

afterEach(() => {
  world.control.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const moment = async () => {
  for (let i = 0; i < 5; i++) await vi.advanceTimersByTimeAsync(0);
};

describe("the loader", () => {
  it("asks for what was dropped, too: a message is not had before it is shown", async () => {
    world.begin();
    for (const decoded of world.decoding.splice(0)) decoded();
    await moment();
    world.reply(0, N);
    world.loader.stop(); // the question is told, while its pictures are decoded …
    for (const decoded of world.decoding.splice(0)) decoded();
    await moment();
    void world.loader.fetch(); // … which fails
    await world.settle();
    expect(world.missing).toEqual([]);
  });

  it("keeps one request under way, and looks again when it is answered", async () => {
    world.begin(N);
    for (const decoded of world.decoding.splice(0)) decoded();
    await moment();
    for (const size of [128, 256, 512]) {
      world.size = size;
      void world.loader.fetch();
    }
    expect(world.requests.map(({ params }) => params.size)).toEqual([128]);
    await world.settle();
    expect([world.missing, world.shown[0]!.head.box[2]]).toEqual([[], 8]);
  });

  it("asks again by itself after an error, more and more seldom", async () => {
    world.begin(0);
    await moment();
    for (let i = 1; i <= 4; i++) {
      world.reply(0, N, true);
      await moment();
      expect([world.errors, world.requests.length]).toEqual([i, 0]);
      await vi.advanceTimersByTimeAsync(500 * 2 ** (i - 1) - 1);
      expect(world.requests.length).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(world.requests.length).toBe(1);
    }
    await world.settle();
    expect(world.missing).toEqual([]);
  });

  it("has no timer and no picture once it is closed", async () => {
    world.begin(2);
    for (const decoded of world.decoding.splice(0)) decoded();
    await moment();
    world.reply(0, N, true);
    await moment();
    world.loader.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([world.requests.length, world.bitmaps]).toEqual([0, 2]); // those shown
  });

  it.each(Array.from({ length: 200 }, (_, seed) => seed))(
    "has nothing waiting in the end (%i)",
    async (seed) => {
      const next = random(seed);
      const one = (n: number) => Math.floor(next() * n);
      const acts: (() => void)[] = [
        () => world.reply(one(world.channel.sent.length), 1 + one(N)),
        () => world.reply(one(world.channel.sent.length), 1 + one(N), true),
        () => world.decoding.splice(one(world.decoding.length), 1)[0]?.(),
        () => world.decoding.splice(one(world.decoding.length), 1)[0]?.(),
        () => void world.loader.fetch(), // a resize, a trait
        () => {
          world.size = [64, 128, 256][one(3)];
          void world.loader.fetch();
        },
        () => {
          world.truth = one(3); // a cell answers it, or takes back; the view does not know yet
        },
        () => world.begin(one(4)), // it does, or the page was loaded again
        () => {
          world.telling = true;
          world.loader.stop();
        },
        () => {
          world.telling = false; // what was asked failed
          void world.loader.fetch();
        },
      ];
      world.begin(one(4));
      for (let i = 0; i < 60; i++) {
        acts[one(acts.length)]();
        if (one(2)) await vi.advanceTimersByTimeAsync(one(3) ? 0 : one(2000));
      }
      if (world.telling) acts.at(-1)!();
      await world.settle();
      expect(world.missing).toEqual([]);
      expect(world.rpc.pending).toBe(0);
      expect(world.bitmaps).toBe(N); // all others were let go
    },
  );
});
