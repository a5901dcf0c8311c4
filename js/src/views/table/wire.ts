/** What the kernel's Table says; see src/nbalabel/widgets/table.py. */

import type { Cell } from "../../core/rows";
import type { Of } from "../../core/selection";

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
}

/** The last bin counts the missing. */
export interface Bars {
  lo: number | null;
  hi: number | null;
  total: number[];
  allowed: number[] | null;
}

export type Missing = "out" | "in" | "only";
export type Filter =
  | { kind: "range"; lo: number | null; hi: number | null; missing: Missing }
  | { kind: "values"; values: string[]; missing: Missing }
  | { kind: "text"; text: string; regex: boolean; case: boolean; missing: Missing };

export type Filters = Record<string, Filter>;
export type Sort = [string, boolean][];
export type Columns = Record<string, Cell[]>;

export interface Report {
  note: string;
  change: string;
  rev: number;
}

export interface TableTraits {
  of: Of;
  source: string;
  columns: string[];
  pinned: string[];
  widths: Record<string, number>;
  sort: Sort;
  filters: Filters;
  search: string;
  thumbnails: boolean;
  height: number;
}

export interface TableModel {
  get<K extends keyof TableTraits>(name: K): TableTraits[K];
  set<K extends keyof TableTraits>(name: K, value: TableTraits[K]): void;
  save_changes(): void;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}
