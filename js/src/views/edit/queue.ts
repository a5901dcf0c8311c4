/**
 * Pending edits: shown as if done, until the kernel has journaled them and the tables that include them are on the
 * page. They are sent in the order they were made, without waiting for the kernel. A refused edit disappears from
 * the page.
 */
import { type Raster, toCounts } from "../../core/edit/raster";
import type { Rpc } from "../../wire/rpc";
import type { MaskOf } from "../viewer/picture";
import type { Overlap } from "./options";

export interface Edit {
  imageId: number;
  height: number;
  width: number;
  /** Key of the mask it replaces ("instances:12"), or a name of its own for a new mask. */
  key: string;
  of: MaskOf;
  /** Id of the mask; its token if the kernel has not numbered it yet; null for a new one. */
  id: number | string | null;
  /** Names the instance this makes, for later edits while it has no id yet; "" for none. */
  token: string;
  raster: Raster;
  label: string | null;
  overlap: Overlap;
  color: string;
}

export interface Pending extends Edit {
  /** Tables from this revision on include it; undefined until the kernel replies. */
  rev?: number;
  /** Id from the kernel. */
  known?: number;
}

/** The reply to an edit; id is null if the mask was removed. */
export interface Drawn {
  id: number | null;
  note: string;
  rev: number;
}

export class Queue {
  #items: Pending[] = [];
  /** Keys of masks that have become instances: the names of new ones, those of predictions. */
  #became = new Map<string, string>();

  constructor(
    private rpc: Rpc,
    private heard: { changed(): void; said(note: string): void; refused(error: unknown): void },
  ) {}

  /** Edits that are not in the tables on the page yet, the oldest first. */
  get items(): readonly Pending[] {
    return this.#items;
  }

  /** Number of edits that are not acknowledged yet. */
  get waiting(): number {
    return this.#items.filter((item) => item.rev === undefined).length;
  }

  /** The newest pending edit of a mask. */
  find(key: string): Pending | undefined {
    const wanted = this.key(key);
    for (let i = this.#items.length - 1; i >= 0; i--)
      if (this.key(this.#items[i].key) === wanted) return this.#items[i];
    return undefined;
  }

  /** The current key of a mask. */
  key(key: string): string {
    return this.#became.get(key) ?? key;
  }

  send(edit: Edit): void {
    const item: Pending = { ...edit };
    this.#items.push(item);
    const { imageId, of, id, key, token, label, overlap, height, width } = edit;
    const started = performance.now();
    const params = { image_id: imageId, of, id, token: typeof id === "string" ? "" : token, label, overlap };
    const buffers = [toCounts(edit.raster, height, width)];
    this.rpc.request<Drawn>("edit", params, { buffers }).then(
      ({ result }) => {
        performance.measure("nbl:edit:saved", { start: started, end: performance.now() });
        item.rev = result.rev;
        if (result.id !== null) {
          item.known = result.id;
          this.#became.set(key, `instances:${result.id}`);
        }
        this.heard.said(result.note);
        this.heard.changed();
      },
      (error) => {
        this.#items = this.#items.filter((other) => other !== item);
        this.heard.refused(error);
        this.heard.changed();
      },
    );
    this.heard.changed();
  }

  /** Tables of a revision are on the page: removes and returns the edits that they include. */
  arrived(rev: number): Pending[] {
    const done = this.#items.filter((item) => item.rev !== undefined && item.rev <= rev);
    this.#items = this.#items.filter((item) => !done.includes(item));
    return done;
  }
}
