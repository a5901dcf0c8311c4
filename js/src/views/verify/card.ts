/** One mask to be answered: its picture, and a mark for the answer. */
import type { Answer } from "../../core/asking/sheet";
import { h } from "../../draw/dom";
import type { Crop } from "./crops";
import { drawCrop, type Looks } from "./draw";

export const WORDS = { true: "yes", false: "no", null: "no answer yet" } as const;

export class Card {
  readonly root: HTMLElement;
  readonly canvas = h("canvas", { "aria-hidden": "true" });
  crop: Crop | null = null;
  readonly #mark = h("i.nbl-verify-mark");
  readonly #text = h("span.nbl-verify-caption");

  constructor(
    readonly place: number,
    id: string,
    n: number,
  ) {
    this.root = h(
      "div.nbl-verify-card",
      { id, role: "option", "aria-posinset": place + 1, "aria-setsize": n, "data-place": place },
      this.canvas,
      this.#mark,
      this.#text,
    );
  }

  draw(looks: Looks): void {
    drawCrop(this.canvas, this.crop, looks);
  }

  /** @param label text on the card; "" if the question names the label already. */
  show(answer: Answer, current: boolean, n: number, label: string): void {
    const { root, crop } = this;
    root.dataset.answer = String(answer);
    root.setAttribute("aria-busy", String(!crop));
    root.setAttribute("aria-selected", String(current));
    const problem = crop?.head.problem ?? "";
    const about = [`mask ${this.place + 1} of ${n}`, label, problem && "no picture"].filter(Boolean);
    root.setAttribute("aria-label", `${about.join(", ")}: ${WORDS[`${answer}`]}`);
    root.title = problem;
    this.#text.textContent = problem ? `no picture${label && ` · ${label}`}` : label;
    this.#text.hidden = !this.#text.textContent;
  }
}
