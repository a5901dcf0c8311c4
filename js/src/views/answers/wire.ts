/** Replies of the kernel on questions and definitions; see src/nbalabel/widgets/answers. */

export type Answer = string | string[] | number | boolean | null;

export interface Question {
  name: string;
  kind: "one" | "many" | "number" | "yes/no" | "text";
  options: string[];
  /** Options that are offered no more, but are an answer here. */
  retired: string[];
  /** Rows with each option. */
  counts: number[];
  text: string;
  unit: string;
  low: number | null;
  high: number | null;
  default: Answer;
  /** Number of rows it is asked of, and of those that have an answer. */
  asked: number;
  answered: number;
  /** The answer of all rows; null where they differ, or one has none. */
  value: Answer;
  required: boolean;
  /** How deep it is nested. */
  depth: number;
}

export interface Part {
  of: string;
  /** Empty where the view knows the rows. */
  ids: number[];
  title: string;
  /** Number of attributes of the table, asked of these rows or not. */
  declared: number;
  questions: Question[];
}

export interface Form {
  rev: number;
  parts: Part[];
}

export interface Given extends Form {
  note: string;
}

/** Sent when an answer was taken back or given again, with the rows it is about. */
export interface Moved extends Given {
  of: string;
  ids: number[];
}

export interface Example {
  id: number;
  row: number;
  label: string;
}

export interface Defined {
  rev: number;
  label: string;
  path: string[];
  color: string;
  key: string;
  text: string;
  right: Example[];
  wrong: Example[];
  more: number;
  lost: number;
}
