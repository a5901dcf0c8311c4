/** Cells and pictures of the rows in view: one request at a time, for what is in view when it is sent. */
import type { Of, Pointed } from "../../core/rows/selection";
import { asBytes } from "../../wire/codec";
import { hear } from "../elements";
import type { RowsState } from "./state";
import type { Cells, Made } from "./wire";

type Fetching = Pick<
  RowsState<{ of: Of; source: string }>,
  "rpc" | "store" | "visible" | "cache" | "generation" | "wanted" | "tell" | "current"
>;

const BATCH = 400;
const PICTURES = 24; // in the first request; later as many as the kernel makes in LONG
const MOST_PICTURES = 96;
const AGAIN = 5000; // milliseconds until a failed request is repeated
const LONG = 120; // milliseconds a request for pictures should take, as other requests wait for it

/** Fetches cells for the places in view and around them. */
export class CellFetcher {
  #underway = false;
  #from = 0;
  #to = 0;

  readonly #state: Fetching;
  readonly #signal: AbortSignal;
  readonly #fail: (error: unknown, retry?: () => void) => void;

  constructor(state: Fetching, signal: AbortSignal, fail: (error: unknown, retry?: () => void) => void) {
    this.#state = state;
    this.#signal = signal;
    this.#fail = fail;
  }

  /** Load the cells of the places from..to; returns whether all of them are loaded. */
  want(from: number, to: number): boolean {
    this.#from = from;
    this.#to = to;
    const known = this.#missing(from, to).length === 0;
    if (!this.#underway) void this.#fetch();
    return known;
  }

  #missing(from: number, to: number): number[] {
    const { visible, cache, generation } = this.#state;
    return cache.unknown(generation, visible.between(Math.floor(from), Math.ceil(to) - 1));
  }

  async #fetch(): Promise<void> {
    const state = this.#state;
    const margin = this.#to - this.#from;
    let rows = this.#missing(this.#from, this.#to);
    // Rows around the view are fetched, too, but only when the nearest of them are missing.
    if (rows.length || this.#missing(this.#from - margin / 2, this.#to + margin / 2).length)
      rows = [...new Set([...rows, ...this.#missing(this.#from - margin, this.#to + margin)])];
    if (!rows.length || this.#signal.aborted || state.rpc.lost || !state.current) return;
    const wanted = Int32Array.from(rows.slice(0, BATCH));
    const { generation } = state;
    this.#underway = true;
    let again = true;
    try {
      const { result } = await state.rpc.request<Cells>(
        "cells",
        { names: state.wanted, rev: state.store.rev },
        { buffers: [wanted] },
      );
      if (result.rev === state.store.rev && generation === state.generation) {
        state.cache.put(generation, wanted, result.cells);
        state.tell("cells");
      } else again = result.rev <= state.store.rev; // if the store is behind, its update follows and asks again
    } catch (error) {
      again = false;
      const retry = () => this.want(this.#from, this.#to);
      this.#fail(error, retry);
      if (!this.#signal.aborted) setTimeout(retry, AGAIN); // a timer would keep a closed view alive
    } finally {
      this.#underway = false;
    }
    if (again) void this.#fetch();
  }
}

export interface Picture<T> {
  /** null if there is none. */
  shown: T | null;
  problem: string;
  /** Whether auto contrast changed it. */
  auto: boolean;
}

export interface PictureOptions<T> {
  /** Longer side of a picture, pixels. */
  size(): number;
  /** Version of the display; pictures of another version are fetched again. */
  version(): number;
  make(file: Blob): T | Promise<T>;
  free(shown: T): void;
  /** Number of pictures kept. */
  limit(): number;
  arrived(): void;
}

interface Kept<T> extends Picture<T> {
  rev: number;
  size: number;
  version: number;
}

/** A cache of small pictures, least recently used freed first; outdated ones stay until newer ones arrive. */
export class Pictures<T> {
  protected kept = new Map<number, Kept<T>>();
  #underway = false;
  #wanted: readonly number[] = [];
  #batch = PICTURES;

  readonly #state: Pick<Fetching, "rpc" | "store" | "current">;
  readonly #options: PictureOptions<T>;
  readonly #signal: AbortSignal;

  constructor(
    state: Pick<Fetching, "rpc" | "store" | "current">,
    options: PictureOptions<T>,
    signal: AbortSignal,
  ) {
    this.#state = state;
    this.#options = options;
    this.#signal = signal;
    hear(signal, "abort", () => this.clear(), { once: true });
  }

  get(row: number): Picture<T> | undefined {
    const picture = this.kept.get(row);
    if (picture) {
      this.kept.delete(row);
      this.kept.set(row, picture);
    }
    return picture;
  }

  /** @param rows the most important first. */
  want(rows: readonly number[]): void {
    this.#wanted = rows;
    if (!this.#underway) void this.#fetch();
  }

  /** Whether auto contrast changed any of these. */
  anyAuto(rows: readonly number[]): boolean {
    return rows.some((row) => this.kept.get(row)?.auto);
  }

  clear(): void {
    for (const row of [...this.kept.keys()]) this.drop(row);
  }

  async #fetch(): Promise<void> {
    const { rpc, store, current } = this.#state;
    const { rev } = store;
    const size = this.#options.size();
    const version = this.#options.version();
    const rows = this.#wanted
      .filter((row) => row >= 0 && !this.#good(row, size, version))
      .slice(0, this.#batch);
    if (!rows.length || this.#signal.aborted || rpc.lost || !current) return;
    this.#underway = true;
    let again = true;
    try {
      const started = performance.now();
      const sent = { buffers: [Int32Array.from(rows)] };
      const { result, buffers } = await rpc.request<Made>("pictures", { size, rev }, sent);
      const fair = Math.round((rows.length * LONG) / (performance.now() - started + 1));
      this.#batch = Math.min(Math.max(fair, 4), 2 * rows.length, MOST_PICTURES);
      const made = await Promise.all(buffers.map((file) => this.#make(file)));
      const auto = new Set(result.auto);
      const late = this.#signal.aborted || result.rev !== store.rev;
      made.forEach((shown, i) => {
        if (late) {
          this.#free(shown);
          return;
        }
        const problem = result.errors[rows[i]] ?? (shown === null ? "the browser cannot decode it" : "");
        this.drop(rows[i]);
        this.kept.set(rows[i], { shown, problem, auto: auto.has(rows[i]), rev, size, version });
      });
      for (const row of this.kept.keys()) if (this.kept.size > this.#options.limit()) this.drop(row);
      this.#options.arrived();
    } catch {
      again = false; // the request for cells reports the error
      if (!this.#signal.aborted) setTimeout(() => this.want(this.#wanted), AGAIN);
    } finally {
      this.#underway = false;
    }
    if (again) void this.#fetch();
  }

  /** Whether a picture is of these tables and this version of the display, and large enough. */
  #good(row: number, size: number, version: number): boolean {
    const kept = this.kept.get(row);
    return kept?.rev === this.#state.store.rev && kept.version === version && kept.size >= size;
  }

  async #make(file: DataView): Promise<T | null> {
    try {
      return file.byteLength ? await this.#options.make(new Blob([asBytes(file)])) : null;
    } catch {
      return null;
    }
  }

  protected drop(row: number): void {
    this.#free(this.kept.get(row)?.shown);
    this.kept.delete(row);
  }

  #free(shown: T | null | undefined): void {
    if (shown) this.#options.free(shown);
  }
}

/** The view's row that is pointed at, or the image of the row pointed at; -1 for none. */
export function pointsAt(
  state: Pick<RowsState<{ of: Of; source: string }>, "of" | "store">,
  pointed: Pointed | null,
): number {
  if (!pointed) return -1;
  if (pointed.of === state.of) return pointed.row;
  return state.of === "images" ? state.store.imageOf(pointed) : -1;
}
