/** The kernel's description of the rows to review. */
import type { Of } from "../../core/rows/selection";

export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

export interface Items {
  rev: number;
  of: Of;
  annotator: string;
  order: string[];
  labels: string[];
  colors: string[];
  selected: boolean;
}

/** The text when there are no rows. */
export function nothing(head: Items): string {
  const rows = head.of === "predictions" ? 'run.query("matched == False")' : "ds.instances";
  return head.selected
    ? `There is nothing to review: the selection has no ${head.of}.`
    : `There is nothing to review: give it rows, nl.Review(ws, ${rows}), or select some in another view first and run this cell again.`;
}
