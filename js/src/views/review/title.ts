/** Over the picture: label and score of the mask, and its answer. */
import { ACCEPTED, CORRECTED, REJECTED } from "../../core/asking/deck";
import { h } from "../../draw/dom";
import type { Item } from "./crops";

const WORDS: Record<number, string> = {
  [ACCEPTED]: "accepted",
  [REJECTED]: "rejected",
  [CORRECTED]: "corrected",
};

export class Title {
  readonly name = h("div.nbl-review-title");
  readonly state = h("div.nbl-review-state");

  show(item: Item | null, color: string, state: number, skipped: boolean): void {
    const score = item?.head.facts.find(([name]) => name === "score")?.[1];
    this.name.hidden = !item?.head.label; // images have none
    this.name.replaceChildren(
      h("i.nbl-swatch", { style: { background: color } }),
      h("b", {}, item?.head.label ?? ""),
      typeof score === "number" ? score.toFixed(2) : "",
    );
    this.state.textContent = WORDS[state] ?? (skipped ? "skipped" : "");
    this.state.dataset.kind = WORDS[state] ?? "";
    this.state.hidden = !this.state.textContent;
  }
}

/** A control for what happens to accepted masks that overlap an instance. */
export function overlaps(value: string, chosen: (value: string) => void): HTMLSelectElement {
  const title = "accepted masks that overlap an instance";
  const select = h(
    "select.nbl-review-overlap",
    { "aria-label": title, title, onchange: () => chosen(select.value) },
    h("option", { value: "skip" }, "skip overlapping"),
    h("option", { value: "replace" }, "replace overlapped"),
    h("option", { value: "allow" }, "allow overlaps"),
  );
  select.value = value;
  return select;
}
