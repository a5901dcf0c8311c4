/** The guidelines of the dataset, over the view: before the first task, and under a key. */
import { h } from "../../draw/dom";
import { claim, focusOn } from "../elements";
import type { Frame } from "../frame";
import { plain } from "./plain";

export class Guide {
  #sheet: HTMLElement | null = null;
  text = "";

  constructor(
    private frame: Frame,
    private over: HTMLElement,
    private closed: () => void,
  ) {}

  get isOpen(): boolean {
    return this.#sheet !== null;
  }

  /** @param first whether it is shown before the first task. */
  open(first = false): void {
    if (this.#sheet || !this.text) return;
    const go = h("button.nbl-primary", { onclick: () => this.close() }, first ? "Begin" : "Close");
    const note = first ? ["Press ", h("kbd", {}, ","), " to read them again."] : [];
    this.#sheet = h(
      "div.nbl-guide",
      { role: "dialog", "aria-label": "guidelines", "aria-modal": "true", tabindex: -1 },
      h(
        "div.nbl-guide-page",
        {},
        h(
          "div.nbl-guide-text",
          { tabindex: 0 },
          h("div.nbl-guide-kicker", {}, "Guidelines"),
          plain(this.text),
        ),
        h("div.nbl-guide-foot", {}, h("span.nbl-muted", {}, ...note), go),
      ),
    );
    this.#sheet.addEventListener("keydown", (event) => this.#key(event));
    this.over.append(this.#sheet);
    focusOn(first ? go : this.#sheet);
  }

  close(): void {
    if (!this.#sheet) return;
    this.#sheet.remove();
    this.#sheet = null;
    focusOn(this.frame.root);
    this.closed();
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  /** While it is open, keys are not for the view below: a task must not be answered unseen. */
  #key(event: KeyboardEvent): void {
    const closes = event.key === "Escape" || event.key === "," || event.key === "Enter";
    if (closes) {
      claim(event);
      this.close();
    } else event.stopPropagation();
  }
}
