/** Replies of the kernel's Table; see src/nbalabel/widgets/table/table.py. */
import type { Of } from "../../core/rows/selection";
import type { Columns, Model, Sort } from "../rows/wire";

/** Counts per bin; the last bin counts missing values. */
export interface Bars {
  lo: number | null;
  hi: number | null;
  total: number[];
  allowed: number[] | null;
}

/** Rows that filters and search keep; without any, all rows, and no title and code. */
export interface Kept {
  rev: number;
  any: boolean;
  title?: string;
  code?: string;
  /** Title of each filter, by column. */
  titles: Record<string, string>;
  /** Cells of the first rows. */
  cells: Columns;
}

export interface Counted {
  rev: number;
  bars: Record<string, Bars>;
  /** Columns whose bars come once a sort, a filter or a color has made the column. */
  late: string[];
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
