/**
 * The points of a table too large to be sent: the kernel counts all of them in the cells of the window in view, and
 * sends a sample, always the same, to be drawn over the counts. The last picture stays until the next has come.
 */
import { Bitset } from "../../core/rows/bitset";
import { fromGaps, indexIn } from "../../core/rows/gaps";
import { inPolygon } from "../../core/space/lasso";
import type { Span } from "../../core/space/scale";
import { asArray, asBytes } from "../../wire/codec";
import { Cancelled, type Reply, type Rpc } from "../../wire/rpc";
import type { How, Shape } from "./clauses";
import type { Axis, ColorColumn } from "./data";
import type { Plot } from "./plot";
import { covers, type Limits, type Tile } from "./tile";

export interface CloudHead {
  rev: number;
  /** Rows with both coordinates. */
  n: number;
  axes: Omit<Axis, "values">[];
  spans: [Span, Span];
  /** `ends` of numbers, and rows in each entry of the legend. */
  color: (Omit<ColorColumn, "values"> & { ends: [number, number]; totals: number[] }) | null;
}

/** Rows in each entry of the legend: allowed by all other views, kept by the legend's own filter; null for all. */
export interface Tally {
  allowed: number[] | null;
  kept: number[] | null;
  /** Least and largest number that the filter keeps. */
  ends: [number, number] | null;
}

export interface WindowHead {
  rev: number;
  window: Limits;
  columns: number;
  rows: number;
  most: number;
  drawn: number;
  /** Whether every point of the window is drawn. */
  complete: boolean;
  /** Of all rows: without coordinates, left out by other views, allowed, marked here. */
  counts: [number, number, number, number];
  tally: Tally | null;
}

export interface Picture {
  head: WindowHead;
  tile: Tile;
  /** Row numbers of the points drawn, ascending. */
  rows: Int32Array;
  /** 0 to 1, as a cloud has them. */
  x: Float32Array;
  y: Float32Array;
  color: Uint16Array;
}

export interface Places {
  /** x, y of each row, in 0..1. */
  places: [number, number][];
}

/** What the windows belong to. */
export interface Host {
  plot: Plot;
  rpc: Rpc;
  /** A picture is drawn. */
  took: (picture: Picture) => void;
  fail: (error: unknown) => void;
}

const CELLS = 512; // along the longer side of a window
const PAUSE = 120; // milliseconds after the last movement
const AROUND = 0.1; // of the window's sides are asked for beyond what is in view
const COARSE = 2; // a window so many times as large as what is in view shows it well enough

export function readPicture({ result: head, buffers }: Reply<WindowHead>): Picture {
  const { window: limits, columns, rows: lines, drawn } = head;
  const [dimmed, plain, marked, shades, gaps, x, y, places] = buffers;
  const all = [dimmed, plain, marked].map((layer) => (layer.byteLength ? asBytes(layer) : null));
  const layers = head.complete ? [] : all;
  const [left, bottom, right, top] = limits;
  const spread = (view: DataView, lo: number, hi: number) =>
    Float32Array.from(asArray(Uint16Array, view), (step) => lo + (step / 65_535) * (hi - lo));
  const color = new Uint16Array(drawn);
  if (places.byteLength)
    color.set(places.byteLength === drawn ? asBytes(places) : asArray(Uint16Array, places));
  return {
    head,
    tile: { limits, columns, rows: lines, layers, shades: asBytes(shades) },
    rows: fromGaps(asBytes(gaps), drawn),
    x: spread(x, left, right),
    y: spread(y, bottom, top),
    color,
  };
}

const area = ([left, bottom, right, top]: Limits) => (right - left) * (top - bottom);

const clipped = (limits: Limits) => limits.map((at) => Math.min(Math.max(at, 0), 1)) as unknown as Limits;

/** What to ask for when this is in view: a little more, within 0..1. */
export function wanted(view: Limits): Limits {
  const [dx, dy] = [(view[2] - view[0]) * AROUND, (view[3] - view[1]) * AROUND];
  return clipped([view[0] - dx, view[1] - dy, view[2] + dx, view[3] + dy]);
}

/** Whether a picture shows what is in view as well as another would. */
export function suffices(
  { complete, window: has }: Pick<WindowHead, "complete" | "window">,
  view: Limits,
): boolean {
  return covers(has, view) && (complete || area(has) <= COARSE * area(clipped(view)));
}

export class Windows {
  /** The last picture, and the last one of all of the plane; null where every point is sent. */
  picture: Picture | null = null;
  #whole: Tile | null = null;
  /** Whether the selection is a newer one than that of the picture. */
  stale = false;
  /** Points drawn that are in the shape drawn so far. */
  preview: Bitset | null = null;
  #timer = 0;
  /** The window that is asked for. */
  #asked: Pick<WindowHead, "complete" | "window"> | null = null;
  #sought = "";
  readonly #on: Host;
  readonly #signal: AbortSignal;

  constructor(on: Host, signal: AbortSignal) {
    this.#on = on;
    on.plot.moved = () => this.#moved();
    on.rpc.on("focus", () => this.#refocus());
    this.#signal = signal;
  }

  /** What was sent is of other tables or columns. */
  forget(): void {
    this.picture = this.#whole = this.#asked = this.preview = null;
    window.clearTimeout(this.#timer);
  }

  /** Axes and legend; what is in view follows. */
  async load(rev: number): Promise<CloudHead> {
    const { result } = await this.#on.rpc.request<CloudHead>("cloud", { rev }, { key: "cloud" });
    return result;
  }

  /** Ask for what is in view. */
  async ask(rev: number): Promise<void> {
    if (this.#signal.aborted) return;
    const { plot, rpc, took, fail } = this.#on;
    window.clearTimeout(this.#timer);
    let limits = wanted(plot.view);
    if (!(area(limits) > 0)) limits = [0, 0, 1, 1]; // nothing in view, or nothing measured yet
    const rows = Math.min(Math.max(Math.round((CELLS * plot.height) / plot.width), 64), CELLS);
    this.#asked = { complete: false, window: limits };
    try {
      const params = { limits, columns: CELLS, rows, rev };
      const picture = readPicture(await rpc.request<WindowHead>("window", params, { key: "window" }));
      [this.picture, this.#asked, this.stale] = [picture, null, false];
      const { tile, x, y, color } = picture;
      if (area(limits) === 1) this.#whole = tile;
      plot.show({ x, y, color, tier: new Uint8Array(x.length) }, [tile, this.#whole ?? tile]);
      took(picture);
      this.#moved();
    } catch (error) {
      if (!(error instanceof Cancelled)) this.#asked = null;
      fail(error);
    }
  }

  /** Rows that the kernel finds among all; null if they are not wanted any more. */
  async rows(method: string, params: object, n: number): Promise<Bitset | null> {
    try {
      const { result, buffers } = await this.#on.rpc.request<{ rev: number }>(method, params, {
        key: method,
      });
      return result.rev === this.picture?.head.rev ? Bitset.fromBytes(n, asBytes(buffers[0])) : null;
    } catch (error) {
      this.#on.fail(error);
      return null;
    }
  }

  /** Points drawn follow the pointer. @param was rows that were selected before. */
  follow(shape: Shape, path: readonly number[], how: How, was: Bitset | null): void {
    const { cloud } = this.#on.plot;
    const { kx, ky, bx, by } = this.#on.plot.placement();
    const at = path.map((pixel, i) => (i % 2 ? (pixel - by) / ky : (pixel - bx) / kx));
    const [x0, y0, x1, y1] = at;
    const found = inPolygon(shape === "box" ? [x0, y0, x1, y0, x1, y1, x0, y1] : at, cloud.x, cloud.y);
    const old = this.drawn(was);
    this.preview = how === "set" || !old ? found : how === "add" ? old.or(found) : old.andNot(found);
  }

  /** Which of the points drawn are in a set of rows; null for all. */
  drawn(set: Bitset | null): Bitset | null {
    if (!set) return null;
    const { rows } = this.picture!;
    const out = new Bitset(rows.length);
    for (let i = 0; i < rows.length; i++) if (set.has(rows[i])) out.add(i);
    return out;
  }

  /** Positions of rows among the points drawn; rings show where others lie, when the kernel has said it. */
  pointed(rows: readonly number[], ring: boolean): number[] {
    const drawn = this.picture!.rows;
    if (ring) void this.#find(rows.filter((row) => indexIn(drawn, row) < 0));
    return rows.map((row) => indexIn(drawn, row)).filter((at) => at >= 0);
  }

  async #find(rows: number[]): Promise<void> {
    const { plot, rpc, fail } = this.#on;
    const key = rows.join();
    if (key === this.#sought) return;
    [this.#sought, plot.away] = [key, []];
    if (!key) return;
    try {
      const params = { rows, rev: this.picture!.head.rev };
      plot.away = (await rpc.request<Places>("places", params, { key: "places" })).result.places;
      plot.drawOver();
    } catch (error) {
      fail(error);
    }
  }

  /** The view may have moved: ask when it rests, if there is more to see. */
  #moved(): void {
    window.clearTimeout(this.#timer);
    const head = this.picture?.head;
    if (head && !suffices(this.#asked ?? head, this.#on.plot.view))
      this.#timer = window.setTimeout(() => void this.ask(head.rev), PAUSE);
  }

  /** The selection has changed in the kernel: the picture is of the one before. */
  #refocus(): void {
    if (this.picture) void this.ask(this.picture.head.rev);
  }
}
