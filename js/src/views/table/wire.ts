/** What the kernel's Table says; see src/nbalabel/widgets/table/table.py. */
import type { Of } from "../../core/rows/selection";
import type { Columns, Model, Sort } from "../rows/wire";

/** The last bin counts the missing. */
export interface Bars {
  lo: number | null;
  hi: number | null;
  total: number[];
  allowed: number[] | null;
}

/** What filters and search keep: all rows where there are none, and then without title and code. */
export interface Kept {
  rev: number;
  any: boolean;
  title?: string;
  code?: string;
  /** What each filter says, by column. */
  titles: Record<string, string>;
  /** Of the first rows. */
  cells: Columns;
}

export interface Counted {
  rev: number;
  bars: Record<string, Bars>;
}

export type Missing = "out" | "in" | "only";
export type Filter =
  | { kind: "range"; lo: number | null; hi: number | null; missing: Missing }
  | { kind: "values"; values: string[]; missing: Missing }
  | { kind: "text"; text: string; regex: boolean; case: boolean; missing: Missing };

export type Filters = Record<string, Filter>;

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

export type TableModel = Model<TableTraits>;
