/**
 * Fetches the crops of the open question that are missing, or not sharp enough for what is shown. One request is
 * under way at a time; after each, the loader checks again what is wanted: as long as a mask on the screen has no
 * picture, a request or a timer for it is running.
 */
import { Patience } from "../../core/patience";
import { Cancelled, type Rpc } from "../../wire/rpc";
import type { Cards } from "./cards";
import { unpackCrops } from "./crops";
import type { CropHead, Crops, State } from "./wire";

export interface Wish {
  /** Number of the question. */
  number: number;
  /** Longer side, pixels. */
  size: number;
  context: number;
  /** Version of the display. */
  version: number;
  /** Places, the most wanted first. */
  places: number[];
}

export interface LoaderEvents {
  /** The crops that are wanted now. */
  wish(): Wish;
  arrived(place: number): void;
  /** A request failed; the loader repeats it by itself, with growing delays. */
  failed(error: unknown): void;
  /** A request succeeded after `failed`. */
  recovered(): void;
  /** The kernel gives no crops of this question: another one is open. */
  outdated(): void;
}

export class Loader {
  /** Number of the round; replies to requests of earlier rounds are dropped. */
  #round = 0;
  #working = false;
  #control = new AbortController();
  /** Crops of this question that have arrived; none is fetched twice. */
  #had = new Set<string>();
  #patience = new Patience();

  constructor(
    readonly rpc: Rpc,
    readonly cards: Pick<Cards, "reset" | "put">,
    readonly events: LoaderEvents,
  ) {}

  /** Begin another question, with its first crops. */
  begin({ question, crops }: Pick<State, "question" | "crops">, buffers: readonly DataView[]): Promise<void> {
    this.stop();
    this.cards.reset(question?.ids.length ?? 0);
    this.#had.clear();
    const places = crops.map((_, i) => i);
    return this.#work(() => this.#take(places, crops, buffers));
  }

  /** Fetch what is wanted; if a request is under way, after its reply. */
  async fetch(): Promise<void> {
    if (!this.#working) await this.#work();
  }

  /** Cancel what is under way. */
  stop(): void {
    this.#round++;
    this.#working = false;
    this.#patience.cancel();
    this.#control.abort();
    this.#control = new AbortController();
  }

  async #work(first?: () => Promise<void>): Promise<void> {
    const round = this.#round;
    let failure: unknown = null;
    this.#working = true;
    this.#patience.cancel();
    try {
      if (first) await first();
      while (round === this.#round) {
        const wish = this.#wanted();
        if (!wish.places.length) break;
        await this.#ask(wish);
        if (round === this.#round) this.#went();
      }
    } catch (error) {
      failure = error;
    }
    if (round !== this.#round) return;
    this.#working = false; // in the same tick as the last check: a call of `fetch` between them would be lost
    if (failure) this.#failed(failure);
  }

  #failed(error: unknown): void {
    if (error instanceof Outdated) this.#patience.soon(() => this.events.outdated());
    else if (!(error instanceof Cancelled)) {
      this.#patience.later(() => void this.fetch());
      this.events.failed(error);
    }
  }

  #wanted(): Wish {
    const wish = this.events.wish();
    return { ...wish, places: wish.places.filter((place) => !this.#had.has(key(place, wish))) };
  }

  async #ask(wish: Wish): Promise<void> {
    const options = { key: "crops", signal: this.#control.signal };
    const { version: _, ...params } = wish;
    const { result, buffers } = await this.rpc.request<Crops>("crops", params, options);
    if (!result.places.some((place) => wish.places.includes(place))) throw new Outdated();
    await this.#take(result.places, result.crops, buffers, wish);
  }

  #went(): void {
    if (this.#patience.tried) this.events.recovered();
    this.#patience.reset();
  }

  async #take(
    places: readonly number[],
    heads: readonly CropHead[],
    buffers: readonly DataView[],
    wish?: Wish,
  ): Promise<void> {
    const round = this.#round;
    const { version } = wish ?? this.events.wish();
    await unpackCrops(heads, buffers, (i, crop) => {
      if (round !== this.#round) {
        crop.bitmap?.close();
        return;
      }
      if (wish) this.#had.add(key(places[i], wish)); // not before: a dropped crop has not arrived
      this.cards.put(places[i], { ...crop, version });
      this.events.arrived(places[i]);
    });
  }
}

/** Another question is open now. */
class Outdated extends Error {}

const key = (place: number, { size, context, version }: Wish) => `${place} ${size} ${context} ${version}`;
