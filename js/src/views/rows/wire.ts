/** Replies of the kernel on rows; see src/nbalabel/widgets/rows/listing.py. */
import type { Cell } from "../../core/rows/cells";
import type { Of } from "../../core/rows/selection";

export type Kind = "number" | "time" | "category" | "boolean" | "text";

export interface Head {
  name: string;
  kind: Kind;
  /** Texts of the codes that cells hold. */
  categories: string[];
  colors: string[];
  editable: boolean;
  whole: boolean;
  home: "own" | "image" | "derived";
}

export interface Described {
  rev: number;
  n: number;
  names: string[];
  columns: Head[];
  run: boolean;
  id: string;
  labels: string[];
  /** "#rrggbb" of each. */
  label_colors: string[];
  /** Labels that have a key of their own, by that key. */
  label_keys: Record<string, string>;
  /** Number of questions that may be asked of these rows. */
  asks: number;
  /** Whether something is suspected of these rows. */
  suspects: boolean;
}

export type Sort = [string, boolean][];
export type Columns = Record<string, Cell[]>;

/** Values of the rows asked for, by column. */
export interface Cells {
  rev: number;
  cells: Columns;
}

/** Sent with pictures of rows: errors by row, and the rows shown with auto contrast. */
export interface Made {
  rev: number;
  errors: Record<string, string>;
  auto: number[];
}

export interface Report {
  note: string;
  change: string;
  rev: number;
}

/** Traits of a view; other names are type errors. */
export interface Model<Traits extends { of: Of; source: string }> {
  get<K extends keyof Traits>(name: K): Traits[K];
  set<K extends keyof Traits>(name: K, value: Traits[K]): void;
  save_changes(): void;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

/** A part of an order of all rows. */
export interface Order {
  rev: number;
  /** Number of all rows. */
  n: number;
}
