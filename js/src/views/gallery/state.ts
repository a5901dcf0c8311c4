/** What the gallery shows: which rows in which order, and which columns its captions and badges need. */
import type { Cells } from "../../core/rows/cells";
import type { Changed, Of, SelectionStore } from "../../core/rows/selection";
import type { Rpc } from "../../wire/rpc";
import type { Frame } from "../frame";
import { RowsState } from "../rows/state";
import type { Head, Model, Sort } from "../rows/wire";

export interface GalleryTraits {
  of: Of;
  source: string;
  size: number;
  order_by: string;
  ascending: boolean;
  overlays: boolean;
  height: number;
}

export type GalleryModel = Model<GalleryTraits>;

const CAPTIONS: Record<Of, readonly string[]> = {
  images: ["image_id", "file", "state"],
  instances: ["instance_id", "label", "score", "status"],
  predictions: ["prediction_id", "label", "score", "decision"],
};

/** Columns of suspects: how likely something is wrong, and what. */
export const CHANCE = "chance";
export const KIND = "suspicion";

export class GalleryState extends RowsState<GalleryTraits> {
  /** Called when row numbers change: maps an old number to the new one, -1 for removed rows; null if unknown. */
  renumbered: (to: ((row: number) => number) | null) => void = () => {};
  /** Rows being removed by this view. */
  leaving: Int32Array | null = null;

  constructor(
    model: GalleryModel,
    rpc: Rpc,
    store: SelectionStore,
    signal: AbortSignal,
    frame: Pick<Frame, "fail" | "settle">,
  ) {
    super(model, rpc, store, signal, frame);
    for (const name of ["order_by", "ascending"] as const) this.onTrait(name, () => void this.reload());
    for (const name of ["size", "overlays", "height"] as const) this.onTrait(name, () => this.tell("traits"));
    if (store.rev >= 0) void this.reload();
  }

  override get wanted(): string[] {
    const by = this.get("order_by");
    const captions = CAPTIONS[this.of];
    const more = by === CHANCE ? [by, KIND] : [by];
    return by && !captions.includes(by) ? [...captions, ...more] : [...captions];
  }

  override get sort(): Sort {
    const by = this.get("order_by");
    return by ? [[by, this.get("ascending")]] : [];
  }

  /** Text of a category a row has, with its color. */
  category(cells: Cells | undefined, name: string): { text: string; color: string } | null {
    const head = this.heads.get(name);
    const value = cells?.[name];
    if (!head || value === undefined || value === null || value === -1 || value === "") return null;
    if (head.kind === "text") return { text: String(value), color: "" };
    const at = Number(value);
    return { text: head.categories[at] ?? "", color: head.colors[at] ?? "" };
  }

  /** Head of the column that sorts the tiles; null if captions show it anyway. */
  get orderHead(): Head | null {
    const by = this.get("order_by");
    return by && !CAPTIONS[this.of].includes(by) ? (this.heads.get(by) ?? null) : null;
  }

  protected override follow(changed: Changed): void {
    if (changed.tables) {
      const now = this.store.tables[this.of].n;
      const gone = this.leaving;
      this.leaving = null;
      if (gone && now === this.n - gone.length) this.renumbered((row) => without(gone, row));
      else if (now !== this.n) this.renumbered(null);
      if (now !== this.n) this.cache.clear();
    }
    super.follow(changed);
  }
}

/** New number of a row when the rows `gone` (ascending) are removed; -1 if it is one of them. */
export function without(gone: Int32Array, row: number): number {
  let low = 0;
  let high = gone.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (gone[middle] < row) low = middle + 1;
    else high = middle;
  }
  return gone[low] === row ? -1 : row - low;
}
