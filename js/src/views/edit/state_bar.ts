/** Shows and sets the state of the image; accepts all its predictions at once. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { DECISIONS, type DecisionName } from "./catalog";
import type { ImageState } from "./decisions";

const STATES: readonly ImageState[] = ["unlabeled", "partial", "complete", "empty"];

const SAYS: Record<ImageState, string> = {
  unlabeled: "nobody has labeled it",
  partial: "some of it is labeled",
  complete: "all of it is labeled",
  empty: "looked at: nothing here",
};

export class StateBar {
  readonly el: HTMLElement;
  readonly #chip = h("span.nbl-state", {}, h("i"));
  readonly #select = h("select", { "aria-label": "state of the image" });
  readonly #buttons = new Map<DecisionName, HTMLButtonElement>();

  constructor(set: (state: ImageState) => void, decide: (name: DecisionName) => void) {
    for (const state of STATES) this.#select.append(h("option", { value: state }, state));
    this.#select.addEventListener("change", () => set(this.#select.value as ImageState));
    this.#chip.append(this.#select);
    for (const { name, key, title, button } of DECISIONS) {
      if (!button) continue;
      const onclick = () => decide(name);
      this.#buttons.set(name, h("button", { title: `${title} (${key})`, onclick }, button));
    }
    this.el = h("span.nbl-edit-group", {}, this.#chip, ...this.#buttons.values());
  }

  /** @param here number of predictions that "accept all" would accept. */
  show(state: string | null, here: number): void {
    const known = STATES.find((one) => one === state) ?? "unlabeled";
    this.#chip.dataset.state = this.#select.value = known;
    this.#select.title = `state of the image: ${SAYS[known]}`;
    this.#buttons.get("complete")!.hidden = known === "complete";
    this.#buttons.get("nothing")!.hidden = known === "empty";
    const all = this.#buttons.get("accept_all")!;
    all.hidden = !here;
    all.textContent = `Accept all ${formatCount(here)}`;
  }
}
