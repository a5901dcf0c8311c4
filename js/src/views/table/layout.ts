/** Widths of columns, and which columns stay at the left. */
import { cellText } from "../../draw/rows";
import type { Head } from "../rows/wire";
import type { TableState } from "./state";

export const ROW = 26; // pixels
export const ROW_WITH_PICTURE = 44;
export const PICTURE = 40;
export const PICTURE_COLUMN = 52;
export const HEADER = 50;

const WIDTHS: Record<Head["kind"], number> = { number: 88, time: 156, category: 116, boolean: 72, text: 168 };
const NARROWEST = 48;
const WIDEST = 640;

export interface Column {
  head: Head;
  width: number;
  /** Position from the left of a column that stays, pixels; -1 for one that scrolls. */
  stays: number;
}

export interface Layout {
  columns: Column[];
  picture: boolean;
  rowHeight: number;
  width: number;
  /** Width of all that stays at the left, pixels. */
  pinned: number;
}

/** @param room available width, pixels; columns that stay take at most 60% of it. */
export function layOut(state: TableState, room: number): Layout {
  const { model } = state;
  const picture = model.get("thumbnails");
  const pinned = new Set([...model.get("pinned"), state.idName]);
  let left = picture ? PICTURE_COLUMN : 0;
  let width = left;
  const columns = state.shown.map((head) => {
    const wide = widthOf(state, head);
    const stays = pinned.has(head.name) && left + wide <= room * 0.6 ? left : -1;
    if (stays >= 0) left += wide;
    width += wide;
    return { head, width: wide, stays };
  });
  return { columns, picture, rowHeight: picture ? ROW_WITH_PICTURE : ROW, width, pinned: left };
}

export function widthOf(state: TableState, head: Head): number {
  const set = state.get("widths")[head.name];
  if (set) return clampWidth(set);
  const name = head.name.length * 6.6 + 44; // letters, sorting arrow, filter button
  return clampWidth(Math.max(head.name.endsWith("_id") ? 92 : WIDTHS[head.kind], Math.min(name, 190)));
}

export function clampWidth(width: number): number {
  return Math.round(Math.min(Math.max(width, NARROWEST), WIDEST));
}

/** The width that the texts in view need. */
export function widthOfTexts(state: TableState, head: Head, places: number[], font: string): number {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return widthOf(state, head);
  pen.font = font;
  const texts = places.map((place) => {
    const value = state.cache.get(state.visible.at(place))?.[head.name];
    return value === undefined ? "" : cellText(head, value);
  });
  const widest = Math.max(0, ...texts.map((text) => pen.measureText(text).width));
  return clampWidth(
    Math.max(widest + (head.kind === "category" ? 34 : 20), pen.measureText(head.name).width + 44),
  );
}
