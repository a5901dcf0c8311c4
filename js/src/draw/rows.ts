/** Cells of a table: elements are made once and get a new text for each row they show. */

import type { Cell } from "../core/rows/cells";
import { formatNumber, formatTime, NOTHING } from "../core/values/format";
import { h } from "./dom";

/** How to draw a column. */
export interface Look {
  name: string;
  kind: string;
  categories: readonly string[];
  colors: readonly string[];
  whole: boolean;
}

const GREEN_CHECK = "✓";

/** A value as text, as shown and as measured for the width of columns. */
export function cellText(look: Look, value: Cell): string {
  if (value === null || value === "") return NOTHING;
  if (look.kind === "category")
    return typeof value === "number" ? (look.categories[value] ?? NOTHING) : String(value);
  if (look.kind === "boolean")
    return value === 1 || value === true ? GREEN_CHECK : value === 0 ? "·" : NOTHING;
  if (look.kind === "time") return formatTime(Number(value));
  if (look.kind === "number")
    return look.name.endsWith("_id") ? String(value) : formatNumber(Number(value), look.whole);
  return String(value);
}

/** The text a category code, boolean or text stands for in filters; null for missing. */
export function cellValue(look: Look, value: Cell): string | null {
  if (value === null || value === "" || value === -1) return null;
  if (look.kind === "category") return look.categories[Number(value)] ?? null;
  if (look.kind === "boolean") return value === 1 ? "True" : "False";
  return String(value);
}

/** @param index column in the grid, from 1. */
export function makeCell(look: Look, index: number): HTMLElement {
  const cell = h("div.nbl-td", { role: "gridcell", "aria-colindex": index, "data-kind": look.kind });
  if (look.kind === "category") cell.append(h("i.nbl-swatch"));
  cell.append(h("span"));
  return cell;
}

/** Show a value; undefined if it has not arrived yet. */
export function paintCell(cell: HTMLElement, look: Look, value: Cell | undefined, pending: boolean): void {
  const label = cell.lastElementChild as HTMLElement;
  const missing = value === null || value === "" || value === -1;
  const text = value === undefined ? "" : missing ? NOTHING : cellText(look, value);
  if (label.textContent !== text) label.textContent = text;
  flag(cell, "nbl-skeleton", value === undefined);
  flag(cell, "nbl-missing", missing || (look.kind === "boolean" && value === 0));
  flag(cell, "nbl-pending", pending);
  if (look.kind !== "category") return;
  const swatch = cell.firstElementChild as HTMLElement;
  const color = value === undefined || missing ? "" : (look.colors[Number(value)] ?? "");
  if (swatch.dataset.color === color) return;
  swatch.dataset.color = color;
  swatch.style.background = color || "transparent";
}

function flag(element: HTMLElement, name: string, on: boolean): void {
  if (element.classList.contains(name) !== on) element.classList.toggle(name, on);
}
