/** The kernel's description of the rows to review. */
import type { Of } from "../../core/rows/selection";
import type { Subject } from "../answers/script";
import type { Item } from "./crops";

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
  /** Labels that have a key of their own, by that key. */
  keys: Record<string, string>;
  selected: boolean;
  /** Whether questions are asked, rather than about masks. */
  asks: boolean;
}

/** The rows whose questions the form asks: the item shown, and its image. */
export function subjectOf(head: Items | null, item: Item | null): Subject {
  if (!head || !item) return { instances: [], images: [] };
  const { id, imageId } = item.head;
  if (head.of === "images") return { instances: [], images: [id] };
  const why = "Questions are asked of instances: accept the prediction, and go back to it (←).";
  return { instances: [id], images: [imageId], ...(head.of === "predictions" ? { why } : {}) };
}

/** The text when there are no rows. */
export function nothing(head: Items): string {
  const rows = head.of === "predictions" ? 'run.query("matched == False")' : "ds.instances";
  return head.selected
    ? `There is nothing to review: the selection has no ${head.of}.`
    : `There is nothing to review: give it rows, nl.Review(ws, ${rows}), or select some in another view first and run this cell again.`;
}
