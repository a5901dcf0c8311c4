/** One image from the kernel: its masks, their data, and their coloring. */
import { bounds, type Masks, parseMasks } from "../../core/masks/rle";
import { asArray, asBytes } from "../../wire/codec";

export type MaskOf = "instances" | "predictions";

export type Coloring =
  | { name: string; kind: "category"; categories: string[]; colors: string[] }
  | { name: string; kind: "number" | "time"; low: number; high: number };

export interface Head {
  rev: number;
  /** -1: there is no such image any more. */
  row: number;
  imageId: number;
  file: string;
  width: number;
  height: number;
  state: string | null;
  columns: string[];
  /** Names by code for each table, and colors of those for instances. */
  label: Record<MaskOf | "colors", string[]> & {
    /** Labels that have a key of their own, by that key. */
    keys: Record<string, string>;
  };
  source: Record<MaskOf | "colors", string[]>;
  /** Ids of predictions that were accepted or rejected. */
  decided: number[];
  color: Coloring;
  /** Where nobody knows what is there ("ignore"), or all is labeled ("done"); label null: of all labels. */
  regions: Region[];
}

export interface Region {
  kind: string;
  label: string | null;
}

const PER_TABLE = 9;

/** Masks are numbered through: first the instances, then the predictions. */
export class Picture {
  readonly masks: Masks;
  /** Of `head.regions`. */
  readonly regions: Masks;
  readonly n: number;
  readonly nLabels: number;
  readonly rows: Int32Array;
  readonly ids: Float64Array;
  readonly score: Float32Array;
  readonly area: Int32Array;
  /** From the lowest to the topmost: instances below predictions, large masks below small ones. */
  readonly order: Int32Array;
  coloring: Coloring;
  /** Number or code of each mask in `coloring`. */
  values: Float32Array | Int32Array;
  #labels: Int32Array;
  #sources: Int32Array;

  constructor(
    readonly head: Head,
    buffers: DataView[],
  ) {
    const both = <T extends Int32Array | Float32Array | Float64Array>(
      kind: new (n: number) => T,
      at: number,
    ): T => {
      const parts = [0, PER_TABLE].map((from) => asArray(kind as never, buffers[from + at]) as T);
      return concatenated(kind, parts[0], parts[1]);
    };
    this.rows = both(Int32Array, 0);
    this.ids = both(Float64Array, 1);
    const lengths = both(Int32Array, 2);
    const bytes = concatenated(Uint8Array, asBytes(buffers[3]), asBytes(buffers[PER_TABLE + 3]));
    this.#labels = both(Int32Array, 4);
    this.#sources = both(Int32Array, 5);
    this.score = both(Float32Array, 6);
    this.area = both(Int32Array, 7);
    this.n = this.rows.length;
    this.nLabels = buffers[0].byteLength / 4;
    this.masks = parseMasks(bytes, lengths, head.height, head.width);
    const { nLabels, area } = this;
    this.order = Int32Array.from({ length: this.n }, (_, i) => i).sort(
      (a, b) => Number(a >= nLabels) - Number(b >= nLabels) || area[b] - area[a],
    );
    this.coloring = head.color;
    this.values = colorValues(head.color, buffers.slice(2 * PER_TABLE));
    const [sizes, runs] = buffers.slice(2 * PER_TABLE + 2);
    this.regions = parseMasks(asBytes(runs), asArray(Int32Array, sizes), head.height, head.width);
  }

  of(mask: number): MaskOf {
    return mask < this.nLabels ? "instances" : "predictions";
  }

  label(mask: number): string {
    return this.head.label[this.of(mask)][this.#labels[mask]] ?? "";
  }

  source(mask: number): string {
    return this.head.source[this.of(mask)][this.#sources[mask]] ?? "";
  }

  /** A key that a mask keeps when the tables change. */
  key(mask: number): string {
    return `${this.of(mask)}:${this.ids[mask]}`;
  }

  /** The mask of a row of a table; -1 if it is not on this image. */
  find(of: string, row: number): number {
    const from = of === "predictions" ? this.nLabels : 0;
    const to = of === "predictions" ? this.n : of === "instances" ? this.nLabels : 0;
    for (let mask = from; mask < to; mask++) if (this.rows[mask] === row) return mask;
    return -1;
  }

  box(mask: number): readonly [number, number, number, number] {
    return bounds(this.masks, mask);
  }

  recolor(coloring: Coloring, buffers: DataView[]): void {
    this.coloring = coloring;
    this.values = colorValues(coloring, buffers);
  }
}

function colorValues(coloring: Coloring, buffers: DataView[]): Float32Array | Int32Array {
  const [a, b] = buffers;
  return coloring.kind === "category"
    ? concatenated(Int32Array, asArray(Int32Array, a), asArray(Int32Array, b))
    : concatenated(Float32Array, asArray(Float32Array, a), asArray(Float32Array, b));
}

function concatenated<T extends { length: number; set(from: T, at?: number): void }>(
  kind: new (n: number) => T,
  a: T,
  b: T,
): T {
  const out = new kind(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
