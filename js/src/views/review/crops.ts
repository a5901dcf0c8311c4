/** The current, next and previous items, with decoded pixels and traced outlines. All others are dropped. */
import { asBytes } from "../../wire/codec";
import { Cancelled, type Rpc } from "../../wire/rpc";
import { decode } from "../viewer/loader";
import { type Correction, proposed } from "./correction";
import { type Edges, ringsOf } from "./outlines";

export interface View {
  /** Width / height. */
  aspect: number;
  /** Above 1 shows less around masks. */
  zoom: number;
}

/** As the kernel sends it. */
export interface Head {
  rev: number;
  id: number;
  imageId: number;
  label: string;
  size: [number, number];
  /** x, y, w, h of the mask. */
  at: [number, number, number, number];
  facts: [string, string | number | null, string][];
  below: { id: number; label: string; iou: number } | null;
  /** What is suggested; null in a review of anything but suspects. */
  correction: Correction | null;
  box: Edges;
  mask: [number, number];
  problem: string;
  /** Whether auto contrast changed its pixels. */
  auto: boolean;
}

export interface Part {
  box: Edges;
  bitmap: ImageBitmap | null;
  /** Outlines in the image: x0, y0, x1, y1, … */
  rings: Float64Array[];
  problem: string;
}

export interface Item extends Part {
  head: Head;
  view: View;
  /** Outlines that the suggested correction would make. */
  proposed: Float64Array[];
  /** A sharper or wider part, for the current view. */
  closer: Part | null;
}

export interface Entry {
  ready: Promise<Item>;
  /** Set when it is loaded. */
  item?: Item;
  control: AbortController;
  view: View;
}

export class Crops {
  /** Number of bitmaps that are not closed. */
  alive = 0;
  #entries = new Map<number, Entry>();

  readonly #rpc: Rpc;
  readonly #signal: AbortSignal;

  constructor(rpc: Rpc, signal: AbortSignal) {
    this.#rpc = rpc;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.keep([]), { once: true });
  }

  /** An item, requested if it is not loaded yet. */
  load(id: number, view: View): Entry {
    const known = this.#entries.get(id);
    if (known) return known;
    const control = new AbortController();
    const entry: Entry = { ready: this.#fetch(id, view, control.signal), control, view };
    this.#entries.set(id, entry);
    entry.ready.then(
      (item) => {
        entry.item = item;
      },
      () => {
        if (this.#entries.get(id) === entry) this.#entries.delete(id);
      },
    );
    return entry;
  }

  /** Load an item again; the old pixels stay until the new ones arrive. */
  async renew(id: number): Promise<void> {
    const entry = this.#entries.get(id);
    const before = entry?.item;
    if (!entry || !before) return;
    const { signal } = entry.control;
    const fresh = await this.#fetch(id, entry.view, signal);
    if (signal.aborted) return this.#close(fresh);
    this.#close(before);
    this.#close(before.closer);
    Object.assign(before, fresh);
  }

  /** Drop all others. */
  keep(ids: readonly number[]): void {
    for (const [id, entry] of this.#entries) if (!ids.includes(id)) this.#drop(id, entry);
  }

  /** Load another part of an item's image; it replaces the last one. */
  async look(item: Item, box: Edges): Promise<void> {
    const id = item.head.id;
    const { result, buffers } = await this.#rpc.request<Head>("crop", { item_id: id, box }, { key: "crop" });
    const entry = this.#entries.get(id);
    if (entry?.item !== item) return;
    const part = await this.#part(result, buffers);
    const late = this.#entries.get(id)?.item !== item || this.#signal.aborted;
    if (!late) this.#close(item.closer);
    if (late) this.#close(part);
    else item.closer = part;
  }

  #drop(id: number, entry: Entry): void {
    this.#entries.delete(id);
    entry.control.abort();
    entry.ready.then(
      (item) => {
        this.#close(item);
        this.#close(item.closer);
        item.closer = null;
      },
      () => {},
    );
  }

  #close(part: Part | null): void {
    if (!part?.bitmap) return;
    part.bitmap.close();
    part.bitmap = null;
    this.alive--;
  }

  async #fetch(id: number, view: View, signal: AbortSignal): Promise<Item> {
    const params = { item_id: id, ...view };
    const { result, buffers } = await this.#rpc.request<Head>("item", params, { signal });
    const part = await this.#part(result, buffers);
    if (this.#signal.aborted) {
      this.#close(part);
      throw new Cancelled("the view was closed");
    }
    return {
      ...part,
      head: result,
      view,
      proposed: proposed(result.correction, buffers.slice(2)),
      closer: null,
    };
  }

  async #part(head: Head, [mask, pixels]: DataView[]): Promise<Part> {
    const bitmap = pixels?.byteLength ? await decode(asBytes(pixels), "image/jpeg") : null;
    if (bitmap) this.alive++;
    return {
      box: head.box,
      bitmap,
      rings: ringsOf(head.box, head.mask, asBytes(mask)),
      problem: head.problem,
    };
  }
}
