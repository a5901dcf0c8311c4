/** Buttons for all that keys do, with the keys on them. */
import { h } from "../../draw/dom";
import { LabelButton } from "../labels/button";
import { CorrectButton, type Correction } from "./correction";
import type { Commands } from "./keys";

const [MOST, KEYED] = [24, 9]; // labels that all get a button; of more, those with a key

export interface Labels {
  names: readonly string[];
  colors: readonly string[];
  keyOf(at: number): string;
}

export class Controls {
  readonly root = h("div.nbl-review-controls");
  readonly #chips = h("div.nbl-review-chips", { role: "toolbar", "aria-label": "labels" });
  readonly #buttons = new Map<string, HTMLButtonElement>();
  /** Opens the list of all labels. */
  readonly find: LabelButton;
  readonly #correct: CorrectButton;

  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
    const button = (name: string, key: string, what: string, act: () => void, kind = "") => {
      const made = h(
        `button${kind}` as "button",
        { "data-act": name, title: `${what} (${key})`, "aria-label": what, onclick: act },
        h("span", {}, name),
        h("kbd", {}, key),
      );
      this.#buttons.set(name, made);
      return made;
    };
    this.find = new LabelButton("find a label by typing, or name a new one (L)", commands.findLabel);
    this.find.show("All labels");
    this.#correct = new CorrectButton(commands.correct);
    const { undo, back, skip, reject, accept, edit, more, outline } = commands;
    this.root.append(
      this.#chips,
      h(
        "div.nbl-review-actions",
        { role: "toolbar", "aria-label": "answers" },
        button("Back", "←", "go back", back, ".nbl-quiet"),
        button("Undo", "U", "take the last answer back", undo, ".nbl-quiet"),
        button("Outline", "O", "outline on or off", outline, ".nbl-quiet"),
        button("Edit", "E", "edit the mask", edit, ".nbl-quiet"),
        button(
          "Alike",
          "K",
          "more like this: select what looks like it in the linked views",
          more,
          ".nbl-quiet",
        ),
        h(
          "div.nbl-review-decide", // together, also where the view is too narrow for one line
          {},
          button("Skip", "→", "skip", skip),
          button("Reject", "X", "reject", reject, ".nbl-review-reject"),
          this.#correct.root,
          button("Accept", "M", "accept, and on to the next", () => accept(false), ".nbl-primary"),
        ),
      ),
    );
  }

  labels(labels: Labels): void {
    const { length } = labels.names;
    const few = labels.names.slice(0, length > MOST ? KEYED : length > 1 ? MOST : 0);
    this.#chips.replaceChildren(
      ...few.map((name, i) =>
        h(
          "button.nbl-quiet.nbl-review-chip",
          {
            "data-label": name,
            title: `accept as ${name}`,
            onclick: () => this.#commands.accept(false, name),
          },
          h("i.nbl-swatch", { style: { background: labels.colors[i] } }),
          h("span", {}, name),
          labels.keyOf(i) && h("kbd", {}, labels.keyOf(i)),
        ),
      ),
      this.find.el,
    );
  }

  /** @param label of the item shown; "" for none. */
  update(
    label: string,
    correction: Correction | null | undefined,
    enabled: Record<"answer" | "back" | "undo", boolean>,
    outline: boolean,
  ): void {
    this.#correct.show(correction, enabled.answer);
    for (const chip of this.#chips.querySelectorAll<HTMLButtonElement>("[data-label]")) {
      const on = chip.dataset.label === label;
      if (on && chip.getAttribute("aria-pressed") !== "true") this.#chips.scrollLeft = chip.offsetLeft - 60;
      chip.setAttribute("aria-pressed", String(on));
      chip.disabled = !enabled.answer;
    }
    this.find.el.disabled = !enabled.answer;
    for (const name of ["Skip", "Reject", "Accept", "Edit", "Alike"])
      this.#buttons.get(name)!.disabled = !enabled.answer;
    this.#buttons.get("Back")!.disabled = !enabled.back;
    this.#buttons.get("Undo")!.disabled = !enabled.undo;
    this.#buttons.get("Outline")!.setAttribute("aria-pressed", String(outline));
  }
}
