/** Fetches the crops of the open question that are missing, or not sharp enough for what is shown. */
import { Cancelled, type Rpc } from "../../wire/rpc";
import type { Cards } from "./cards";
import { unpackCrops } from "./crops";
import type { CropHead, State } from "./wire";

export interface Wish {
  /** Of the question. */
  number: number;
  /** Longer side, pixels. */
  size: number;
  context: number;
  /** Places, in the order they are wanted. */
  places: number[];
}

export class Loader {
  #round = 0;
  #control = new AbortController();
  /** What was asked for of this question: nothing is asked for twice. */
  #had = new Set<string>();

  constructor(
    readonly rpc: Rpc,
    readonly cards: Cards,
    /** What is wanted now. */
    readonly wish: () => Wish,
    readonly arrived: (place: number) => void,
    readonly failed: (error: unknown) => void,
  ) {}

  /** Another question, some crops with it. */
  async begin({ question, crops }: State, buffers: readonly DataView[]): Promise<void> {
    this.cards.reset(question?.ids.length ?? 0);
    this.#had.clear();
    await this.#take(
      ++this.#round,
      crops.map((_, i) => i),
      crops,
      buffers,
    );
    await this.fetch();
  }

  /** Ask for what is wanted until nothing is. */
  async fetch(): Promise<void> {
    this.stop();
    const round = this.#round;
    const { signal } = this.#control;
    try {
      while (round === this.#round) {
        const wish = this.wish();
        const key = (place: number) => `${place} ${wish.size} ${wish.context}`;
        wish.places = wish.places.filter((place) => !this.#had.has(key(place)));
        if (!wish.places.length) return;
        type Reply = { places: number[]; crops: CropHead[] };
        const { result, buffers } = await this.rpc.request<Reply>("crops", wish, {
          key: "crops",
          signal,
        });
        if (!result.places.length) return; // another question is open by now
        for (const place of result.places) this.#had.add(key(place));
        await this.#take(round, result.places, result.crops, buffers);
      }
    } catch (error) {
      if (!(error instanceof Cancelled) && round === this.#round) this.failed(error);
    }
  }

  /** What is under way is of no use any more. */
  stop(): void {
    this.#round++;
    this.#control.abort();
    this.#control = new AbortController();
  }

  async #take(
    round: number,
    places: readonly number[],
    heads: readonly CropHead[],
    buffers: readonly DataView[],
  ): Promise<void> {
    await unpackCrops(heads, buffers, (i, crop) => {
      if (round !== this.#round) crop.bitmap?.close();
      else {
        this.cards.put(places[i], crop);
        this.arrived(places[i]);
      }
    });
  }
}
