/** The panel for how masks and pictures look. */

import { h } from "../../draw/dom";
import { type DisplaySetting, displayRows } from "../display";
import type { Frame } from "../frame";
import { Popover } from "../popover";
import type { Settings } from "./options";

type SwitchOption = "fill" | "outlines" | "only_selected";

const SLIDERS = [
  ["opacity", "opacity", (value: number) => `${Math.round(value * 100)} %`],
  ["min_score", "score from", (value: number) => value.toFixed(2)],
] as const;
const SWITCHES: readonly [SwitchOption, string][] = [
  ["fill", "fill"],
  ["outlines", "outlines"],
  ["only_selected", "only what is selected"],
];

export class DisplayPanel {
  readonly #refreshers: (() => void)[] = [];
  readonly #content: HTMLElement;
  readonly #popover: Popover;
  readonly #settings: Settings;

  constructor(frame: Frame, settings: Settings, display: DisplaySetting, signal: AbortSignal) {
    this.#settings = settings;
    this.#popover = new Popover(frame, signal);
    this.#content = h(
      "div.nbl-display",
      {},
      ...SLIDERS.map(([name, text, say]) => this.#slider(name, text, say)),
      ...SWITCHES.map(([name, text]) => this.#switch(name, text)),
      h("hr"),
      ...displayRows(display),
    );
    this.update();
  }

  toggle(anchor: HTMLElement): void {
    this.#popover.show("display", "how it looks", anchor, [this.#content]);
  }

  /** Show the current settings. */
  update(): void {
    for (const refresh of this.#refreshers) refresh();
  }

  #slider(name: "opacity" | "min_score", text: string, say: (value: number) => string): HTMLElement {
    const input = h("input", { type: "range", min: 0, max: 100, step: 1 });
    const shown = h("output");
    input.addEventListener("input", () => this.#settings.set(name, input.valueAsNumber / 100));
    this.#refreshers.push(() => {
      const value = this.#settings.get(name);
      const at = String(Math.round(value * 100));
      if (input.value !== at) input.value = at;
      shown.textContent = say(value);
    });
    return h("label.nbl-slider", {}, h("span", {}, text), input, shown);
  }

  #switch(name: SwitchOption, text: string): HTMLElement {
    const input = h("input", { type: "checkbox" });
    input.addEventListener("change", () => this.#settings.set(name, input.checked));
    this.#refreshers.push(() => {
      input.checked = this.#settings.get(name);
    });
    return h("label.nbl-switch", {}, input, text);
  }
}
