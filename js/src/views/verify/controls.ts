/** Buttons for all that keys do, with the keys on them. */
import { h } from "../../draw/dom";
import type { Commands } from "./keys";

export interface Enabled {
  answer: boolean;
  tell: boolean;
  skip: boolean;
  undo: boolean;
}

export class Controls {
  readonly root = h("div.nbl-verify-controls", { role: "toolbar", "aria-label": "answers" });
  readonly #buttons = new Map<string, HTMLButtonElement>();

  constructor(commands: Commands, toolbar: HTMLElement) {
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
    const quiet = ".nbl-quiet";
    toolbar.append(
      h(
        "span.nbl-verify-zoom",
        {},
        button("−", "-", "show more around masks", () => commands.context(1.5), ".nbl-quiet.nbl-icon"),
        button("+", "+", "show less around masks", () => commands.context(1 / 1.5), ".nbl-quiet.nbl-icon"),
      ),
      button("Outline", "O", "outline masks", commands.outline, quiet),
      button("Fill", "F", "fill masks", commands.fill, quiet),
      button("One", "G", "one mask at a time", commands.mode, quiet),
      button("Rules", "I", "instructions and examples", commands.instructions, quiet),
    );
    this.root.append(
      button("Undo", "U", "take the last answer or question back", commands.undo, quiet),
      button("Skip", "S", "leave this cluster aside", commands.skip, quiet),
      h("span.nbl-spacer"),
      button("All yes", "A", "yes to all on the page that have no answer", () => commands.rest(true)),
      button("No", "N", "no, for the mask in the frame", () => commands.say(false), ".nbl-verify-no"),
      button("Yes", "Y", "yes, for the mask in the frame", () => commands.say(true), ".nbl-verify-yes"),
      button("Next", "⏎", "send the answers; the next question comes", commands.tell),
    );
  }

  update(enabled: Enabled): void {
    const on: Record<string, boolean> = {
      Undo: enabled.undo,
      Skip: enabled.skip,
      "All yes": enabled.answer,
      No: enabled.answer,
      Yes: enabled.answer,
      Next: enabled.answer,
    };
    for (const [name, value] of Object.entries(on)) this.#buttons.get(name)!.disabled = !value;
    this.#buttons.get("Next")!.classList.toggle("nbl-primary", enabled.tell);
  }

  /** Show which switches are on. */
  press(switched: Record<"Outline" | "Fill" | "One" | "Rules", boolean>): void {
    for (const [name, on] of Object.entries(switched))
      this.#buttons.get(name)!.setAttribute("aria-pressed", String(on));
  }
}
