/** Arrays of a table from the kernel: coordinates, colors, ids; in parts, to keep messages small. */
import type { Coordinates } from "../../core/space/lasso";
import { asArray } from "../../wire/codec";
import type { Reply, Rpc } from "../../wire/rpc";

export type Kind = "layout" | "number" | "time" | "category" | "boolean";

export interface Description {
  rev: number;
  n: number;
  /** Whether there are too many rows to send all of them: see windows.ts. */
  sampled: boolean;
  /** Name of the ids, and the first id if they are consecutive. */
  ids: string;
  first_id: number | null;
  columns: { name: string; kind: Kind }[];
  /** Number of questions that may be asked of the rows. */
  asks: number;
  /** The embedding that u and v can show; null if there is none. */
  layout: { method: string; ready: boolean } | null;
}

export interface Axis {
  name: string;
  kind: Kind;
  /** Of kind layout: "pca", "umap" or "pacmap", and whether that is final. */
  method?: string;
  ready?: boolean;
  categories: string[];
  /** The column in pandas; "" if no code gives these coordinates. */
  code: string;
  /** Whether pandas compares it as float32. */
  single: boolean;
  whole: boolean;
  values: Coordinates;
}

export interface ColorColumn {
  name: string;
  kind: Kind;
  /** Category i is value i + 1; 0 is missing. Empty for numbers. */
  categories: string[];
  colors: string[];
  code: string;
  missing_code: string;
  single: boolean;
  whole: boolean;
  values: Uint8Array | Uint16Array | Coordinates;
}

export interface Part {
  rev: number;
  n: number;
  start: number;
  dtype: keyof typeof TYPES;
}

const TYPES = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
};
type Values = InstanceType<(typeof TYPES)[keyof typeof TYPES]>;

export async function loadAxis(rpc: Rpc, name: string, rev: number, key: string): Promise<Axis> {
  const { head, values } = await load<Axis>(rpc, "axis", { name, rev }, key);
  return { ...head, categories: head.categories ?? [], code: head.code ?? "", values: values as Coordinates };
}

export async function loadColor(rpc: Rpc, name: string, rev: number): Promise<ColorColumn> {
  const { head, values } = await load<ColorColumn>(rpc, "colors", { name, rev }, "colors");
  return { ...head, categories: head.categories ?? [], colors: head.colors ?? [], values };
}

export async function loadIds(rpc: Rpc, rev: number): Promise<Float64Array> {
  return (await load(rpc, "ids", { rev }, "ids")).values as Float64Array;
}

/** All parts of an array, one after the other. */
async function load<H>(
  rpc: Rpc,
  method: string,
  params: object,
  key: string,
): Promise<{ head: H; values: Values }> {
  const ask = (start: number): Promise<Reply<Part>> =>
    rpc.request<Part>(method, { ...params, start }, { key });
  const first = await ask(0);
  const { n, dtype } = first.result;
  const kind = TYPES[dtype] as typeof Float32Array;
  const part = asArray(kind, first.buffers[0]);
  const head = first.result as unknown as H;
  if (part.length >= n) return { head, values: part };
  const values = new kind(n);
  values.set(part);
  for (let at = part.length; at < n; ) {
    const more = asArray(kind, (await ask(at)).buffers[0]);
    values.set(more, at);
    at += more.length || n;
  }
  return { head, values };
}
