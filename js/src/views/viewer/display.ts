/** The panel for how image and masks look. */
import { h } from "../dom";
import { focusOn } from "../elements";
import type { Frame } from "../frame";
import type { Options, Settings } from "./options";

type NumberOption = "opacity" | "min_score" | "brightness" | "contrast" | "gamma";
type SwitchOption = "fill" | "outlines" | "only_selected";

interface Slider {
  name: NumberOption;
  text: string;
  /** From the slider's 0..100 to the value and back. */
  read(at: number): number;
  place(value: number): number;
  say(value: number): string;
}

const signed = (value: number) => (value > 0 ? "+" : "") + Math.round(value * 100);
const even = { read: (at: number) => at / 100, place: (value: number) => value * 100 };
const around = { read: (at: number) => (at - 50) / 50, place: (value: number) => value * 50 + 50 };
const MASKS: readonly Slider[] = [
  { name: "opacity", text: "opacity", ...even, say: (value) => `${Math.round(value * 100)} %` },
  { name: "min_score", text: "score from", ...even, say: (value) => value.toFixed(2) },
];
const IMAGE: readonly Slider[] = [
  { name: "brightness", text: "brightness", ...around, say: signed },
  { name: "contrast", text: "contrast", ...around, say: signed },
  {
    name: "gamma",
    text: "gamma",
    read: (at) => Math.round(5 ** ((at - 50) / 50) * 100) / 100,
    place: (value) => (Math.log(value) / Math.log(5)) * 50 + 50,
    say: (value) => value.toFixed(2),
  },
];
const SWITCHES: readonly [SwitchOption, string][] = [
  ["fill", "fill"],
  ["outlines", "outlines"],
  ["only_selected", "only what is selected"],
];
const PLAIN: Partial<Options> = { brightness: 0, contrast: 0, gamma: 1 };

export class Display {
  #panel: HTMLElement | null = null;
  #refreshers: (() => void)[] = [];

  readonly #frame: Frame;
  readonly #settings: Settings;
  readonly #signal: AbortSignal;

  constructor(frame: Frame, settings: Settings, signal: AbortSignal) {
    this.#frame = frame;
    this.#settings = settings;
    this.#signal = signal;
    const outside = (event: PointerEvent) => {
      const path = event.composedPath();
      if (this.#panel && !path.includes(this.#panel) && !path.some((node) => node === this.#anchor))
        this.#close();
    };
    document.addEventListener("pointerdown", outside, { capture: true, signal });
    const escaped = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !this.#panel) return;
      event.stopPropagation();
      this.#close();
      focusOn(this.#anchor);
    };
    frame.root.addEventListener("keydown", escaped, { capture: true, signal });
  }

  #anchor: HTMLElement | null = null;

  toggle(anchor: HTMLElement): void {
    this.#anchor = anchor;
    if (this.#panel) this.#close();
    else this.#open(anchor);
  }

  /** Show what the settings say. */
  update(): void {
    for (const refresh of this.#refreshers) refresh();
  }

  #open(anchor: HTMLElement): void {
    if (this.#signal.aborted) return;
    const reset = h("button", { onclick: () => this.#reset() }, "Reset image");
    this.#panel = h(
      "div.nbl-popover.nbl-viewer-display",
      { role: "dialog", "aria-label": "how it looks" },
      ...MASKS.map((slider) => this.#slider(slider)),
      ...SWITCHES.map(([name, text]) => this.#switch(name, text)),
      h("hr"),
      ...IMAGE.map((slider) => this.#slider(slider)),
      reset,
    );
    this.#frame.body.append(this.#panel);
    anchor.setAttribute("aria-expanded", "true");
    const right = this.#frame.root.getBoundingClientRect().right - anchor.getBoundingClientRect().right;
    const most = this.#frame.root.clientWidth - this.#panel.offsetWidth - 8;
    this.#panel.style.right = `${Math.max(Math.min(right - 40, most), 6)}px`;
    this.update();
    focusOn(this.#panel.querySelector("input"));
  }

  #close(): void {
    this.#panel?.remove();
    this.#panel = null;
    this.#refreshers = [];
    this.#anchor?.setAttribute("aria-expanded", "false");
  }

  #reset(): void {
    for (const [name, value] of Object.entries(PLAIN))
      this.#settings.set(name as NumberOption, value as number);
  }

  #slider({ name, text, read, place, say }: Slider): HTMLElement {
    const input = h("input", { type: "range", min: 0, max: 100, step: 1 });
    const shown = h("output");
    input.addEventListener("input", () => this.#settings.set(name, read(input.valueAsNumber)));
    this.#refreshers.push(() => {
      const value = this.#settings.get(name);
      if (Math.round(place(value)) !== input.valueAsNumber) input.value = String(Math.round(place(value)));
      shown.textContent = say(value);
    });
    return h("label.nbl-viewer-slider", {}, h("span", {}, text), input, shown);
  }

  #switch(name: SwitchOption, text: string): HTMLElement {
    const input = h("input", { type: "checkbox" });
    input.addEventListener("change", () => this.#settings.set(name, input.checked));
    this.#refreshers.push(() => {
      input.checked = this.#settings.get(name);
    });
    return h("label.nbl-viewer-switch", {}, input, text);
  }
}
