/** One row of the list of masks. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { icon } from "./icons";
import { swatchOf } from "./legend";
import type { Picture } from "./picture";

export interface ListState {
  picture: Picture;
  active: number;
  hover: number;
  color(mask: number): string;
  /** Not hidden by its layer, the score, the selection or a person. */
  shown(mask: number): boolean;
  allowed(mask: number): boolean;
  hidden(mask: number): boolean;
  locked(mask: number): boolean;
}

type Lever = "hidden" | "locked";
const LEVERS = {
  hidden: { on: ["hidden", "show"], off: ["shown", "hide"] },
  locked: { on: ["locked", "unlock"], off: ["open", "lock"] },
} as const;

/** The parts of a row that do not change; `markRow` sets the others. */
export function makeRow(id: string, { picture, color }: ListState, mask: number, top: number): HTMLElement {
  const predicted = mask >= picture.nLabels;
  const score = picture.score[mask];
  const name = `${predicted ? "prediction" : "instance"} ${picture.ids[mask]}`;
  const lever = (what: Lever) =>
    h("button.nbl-quiet.nbl-viewer-lever", { tabindex: -1, "data-what": what, "data-name": name });
  const attributes = { id, role: "option", "data-mask": mask, title: `${name}: ${picture.label(mask)}` };
  return h(
    "div.nbl-viewer-row",
    { ...attributes, style: { top: `${top}px` } },
    swatchOf(color(mask), predicted),
    h("span.nbl-viewer-label", {}, picture.label(mask)),
    h("span.nbl-viewer-source.nbl-muted", {}, picture.source(mask)),
    h("span.nbl-viewer-score", {}, Number.isNaN(score) ? "" : score.toFixed(2)),
    h("span.nbl-viewer-area", {}, formatCount(picture.area[mask])),
    lever("hidden"),
    lever("locked"),
  );
}

export function markRow(row: HTMLElement, state: ListState): void {
  const mask = Number(row.dataset.mask);
  row.setAttribute("aria-selected", String(mask === state.active));
  row.classList.toggle("nbl-active", mask === state.active);
  row.classList.toggle("nbl-hover", mask === state.hover);
  row.classList.toggle("nbl-off", !state.shown(mask));
  row.classList.toggle("nbl-dim", !state.allowed(mask));
  for (const button of row.querySelectorAll<HTMLElement>(".nbl-viewer-lever")) {
    const what = button.dataset.what as Lever;
    const on = String(state[what](mask));
    if (button.getAttribute("aria-pressed") === on) continue;
    const [glyph, verb] = LEVERS[what][on === "true" ? "on" : "off"];
    button.setAttribute("aria-pressed", on);
    button.setAttribute("aria-label", `${verb} ${button.dataset.name}`);
    button.title = verb;
    button.replaceChildren(icon(glyph));
  }
}
