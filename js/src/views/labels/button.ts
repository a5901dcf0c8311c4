/** A button that shows a label and opens the list of all. */
import { h } from "../../draw/dom";

export class LabelButton {
  readonly el: HTMLButtonElement;
  readonly #swatch = h("i.nbl-swatch");
  readonly #name = h("span");

  constructor(title: string, open: () => void) {
    const attributes = { title, "aria-haspopup": "dialog", onclick: open };
    const arrow = h("span", { "aria-hidden": "true" }, "▾");
    this.el = h("button.nbl-labels-button", attributes, this.#swatch, this.#name, arrow);
  }

  /** @param color of the label; undefined for a text that is none. */
  show(text: string, color?: string): void {
    this.#name.textContent = text;
    this.#swatch.hidden = color === undefined;
    if (color !== undefined) this.#swatch.style.background = color;
    this.el.setAttribute("aria-label", color === undefined ? text : `label: ${text}`);
  }
}
