/** The element of one tile: a frame over its picture, a badge for its state, a caption. */

import type { Cells } from "../../core/rows/cells";
import { formatNumber } from "../../core/values/format";
import { h } from "../../draw/dom";
import { cellText } from "../../draw/rows";
import { CHANCE, type GalleryState, KIND } from "./state";

export interface Marks {
  picked: boolean;
  active: boolean;
  hover: boolean;
  /** Why there is no picture; "" if there is one, or it may still arrive. */
  problem: string;
}

const BADGES: Record<string, string> = {
  complete: "done",
  verified: "done",
  accepted: "done",
  rejected: "out",
  empty: "empty",
  partial: "part",
  proposed: "open",
};

export class Tile {
  readonly root: HTMLElement;
  place = -1;
  row = -1;
  readonly #badge = h("i.nbl-badge");
  readonly #swatch = h("i.nbl-swatch");
  readonly #text = h("span.nbl-tile-text");
  readonly #value = h("span.nbl-tile-value");
  readonly #caption: HTMLElement;
  readonly #gone = h("span.nbl-gone", {}, "no picture");
  #cells: Cells | undefined;
  #marks = "";

  constructor() {
    this.#caption = h("span.nbl-tile-caption", {}, this.#swatch, this.#text, this.#value);
    this.root = h(
      "div.nbl-tile",
      { role: "option" },
      this.#badge,
      h("i.nbl-check"),
      this.#gone,
      this.#caption,
    );
  }

  /** Place the element, for a row. */
  move(place: number, row: number, n: number, left: number, top: number): void {
    const { root } = this;
    if (this.row !== row) this.#marks = "";
    this.place = place;
    this.row = row;
    root.style.transform = `translate(${left}px, ${top}px)`;
    root.setAttribute("aria-posinset", String(place + 1));
    root.setAttribute("aria-setsize", String(n));
  }

  /** Show the known cells and marks of its row. */
  paint(state: GalleryState, cells: Cells | undefined, marks: Marks): void {
    const key = `${Number(marks.picked)}${Number(marks.active)}${Number(marks.hover)}${marks.problem}`;
    if (cells === this.#cells && key === this.#marks) return;
    const { root } = this;
    this.#cells = cells;
    this.#marks = key;
    root.setAttribute("aria-selected", String(marks.picked));
    root.classList.toggle("nbl-active", marks.active);
    root.classList.toggle("nbl-hover", marks.hover);
    root.classList.toggle("nbl-missing", marks.problem !== "");
    const label = state.category(cells, "label");
    const became = outcome(state, cells);
    this.#badge.dataset.shape = BADGES[became] ?? "";
    this.#swatch.style.background = label?.color ?? "";
    this.#swatch.hidden = !label;
    const text = label ? label.text : fileOf(cells);
    this.#text.textContent = text;
    const value = shownValue(state, cells);
    this.#value.textContent = value;
    const id = cells?.[state.idName];
    const said = [text, value, became].filter(Boolean).join(", ");
    const about = `${state.one} ${id ?? ""}${said ? `: ${said}` : ""}`;
    root.setAttribute("aria-label", marks.problem ? `${about}, no picture` : about);
    root.title = marks.problem ? `${about}\n${marks.problem}` : about;
  }
}

/** State, decision or status of a row; "" for the initial one. */
export function outcome(state: GalleryState, cells: Cells | undefined): string {
  const name = { images: "state", instances: "status", predictions: "decision" }[state.of];
  const text = state.category(cells, name)?.text ?? "";
  const plain = { images: "unlabeled", instances: "accepted", predictions: "open" }[state.of];
  return text === plain ? "" : text;
}

/** Value of the column that sorts the tiles, else the score. */
function shownValue(state: GalleryState, cells: Cells | undefined): string {
  const head = state.orderHead;
  const value = head && cells?.[head.name];
  const kind = head?.name === CHANCE ? (state.category(cells, KIND)?.text ?? "") : "";
  if (kind && typeof value === "number") return `${kind} ${value.toFixed(2)}`;
  if (head && value !== undefined && value !== null && value !== -1) return cellText(head, value);
  const score = cells?.score;
  return typeof score === "number" ? formatNumber(score, false) : "";
}

function fileOf(cells: Cells | undefined): string {
  return typeof cells?.file === "string" ? (cells.file.split("/").pop() ?? "") : "";
}
