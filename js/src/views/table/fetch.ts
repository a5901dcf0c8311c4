/** Cells and pictures of the rows in view: one request at a time, for what is in view when it is sent. */
import type { Cell } from "../../core/rows";
import type { Pointed } from "../../core/selection";
import { asBytes } from "../../wire/codec";
import { hear } from "./elements";
import type { TableState } from "./state";
import type { Columns } from "./wire";

const BATCH = 400;
const PICTURES = 24; // a request; decoding pictures takes the kernel a while
const KEPT_PICTURES = 400;

/** Fetches cells for the places in view and around them. */
export class CellFetcher {
  #underway = false;
  #from = 0;
  #to = 0;

  readonly #state: TableState;
  readonly #signal: AbortSignal;
  readonly #fail: (error: unknown, retry?: () => void) => void;

  constructor(state: TableState, signal: AbortSignal, fail: (error: unknown, retry?: () => void) => void) {
    this.#state = state;
    this.#signal = signal;
    this.#fail = fail;
  }

  /** See to the places from one to another; tells whether all of their rows are known. */
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
    // Ahead and behind are fetched along, but only once nothing is left of what had been.
    if (rows.length || this.#missing(this.#from - margin / 2, this.#to + margin / 2).length)
      rows = this.#missing(this.#from - margin, this.#to + margin);
    if (!rows.length || this.#signal.aborted || state.rpc.lost) return;
    const wanted = Int32Array.from(rows.slice(0, BATCH));
    const { generation } = state;
    this.#underway = true;
    let again = true;
    try {
      const { result } = await state.rpc.request<{ rev: number; cells: Columns }>(
        "cells",
        { names: state.get("columns") },
        { buffers: [wanted] },
      );
      if (result.rev === state.store.rev && generation === state.generation) {
        state.cache.put(generation, wanted, result.cells);
        state.tell("cells");
      } else again = result.rev === state.store.rev;
    } catch (error) {
      again = false;
      this.#fail(error, () => void this.#fetch());
    } finally {
      this.#underway = false;
    }
    if (again) void this.#fetch();
  }
}

/** A value as it is shown: what was typed in, where the kernel has not taken it yet. */
export function cellOf(state: TableState, row: number, name: string): Cell | undefined {
  const pending = state.pending.get(`${row}|${name}`);
  return pending !== undefined ? pending : state.cache.get(row)?.[name];
}

export interface Picture {
  /** "" where there is none. */
  url: string;
  problem: string;
}

/** Small pictures as blob URLs, the least recently looked at revoked first. */
export class Pictures {
  #kept = new Map<number, Picture & { rev: number }>();
  #underway = false;
  #wanted: number[] = [];

  readonly #state: TableState;
  readonly #size: number;
  readonly #signal: AbortSignal;
  readonly #arrived: () => void;

  constructor(state: TableState, size: number, signal: AbortSignal, arrived: () => void) {
    this.#state = state;
    this.#size = size;
    this.#signal = signal;
    this.#arrived = arrived;
    hear(signal, "abort", () => this.clear(), { once: true });
  }

  get(row: number): Picture | undefined {
    const picture = this.#kept.get(row);
    if (picture) {
      this.#kept.delete(row);
      this.#kept.set(row, picture);
    }
    return picture;
  }

  want(rows: number[]): void {
    this.#wanted = rows;
    if (!this.#underway) void this.#fetch();
  }

  clear(): void {
    for (const { url } of this.#kept.values()) if (url) URL.revokeObjectURL(url);
    this.#kept.clear();
  }

  async #fetch(): Promise<void> {
    const state = this.#state;
    const { rev } = state.store;
    const rows = this.#wanted
      .filter((row) => row >= 0 && this.#kept.get(row)?.rev !== rev)
      .slice(0, PICTURES);
    if (!rows.length || this.#signal.aborted || state.rpc.lost) return;
    this.#underway = true;
    let again = true;
    try {
      const { result, buffers } = await state.rpc.request<{ rev: number; errors: Record<string, string> }>(
        "pictures",
        { size: this.#size },
        { buffers: [Int32Array.from(rows)] },
      );
      if (this.#signal.aborted) return;
      if (result.rev === state.store.rev) this.#keep(rows, buffers, result.errors, result.rev);
    } catch {
      again = false; // the cells' own request says what is wrong
    } finally {
      this.#underway = false;
    }
    if (again) void this.#fetch();
  }

  #keep(rows: number[], buffers: DataView[], errors: Record<string, string>, rev: number): void {
    rows.forEach((row, i) => {
      this.#drop(row);
      const url = buffers[i]?.byteLength ? URL.createObjectURL(new Blob([asBytes(buffers[i])])) : "";
      this.#kept.set(row, { url, problem: errors[row] ?? "", rev });
    });
    for (const row of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_PICTURES) break;
      this.#drop(row);
    }
    this.#arrived();
  }

  #drop(row: number): void {
    const old = this.#kept.get(row);
    if (old?.url) URL.revokeObjectURL(old.url);
    this.#kept.delete(row);
  }
}

/** Whether a row is the one pointed at, or the image it is on. */
export function pointsAt(state: TableState, pointed: Pointed | null): number {
  if (!pointed) return -1;
  if (pointed.of === state.of) return pointed.row;
  return state.of === "images" ? state.store.imageOf(pointed) : -1;
}
