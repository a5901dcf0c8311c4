/** The instructions, with right and wrong examples; shown first, and on request. */

import { h } from "../../draw/dom";
import { white } from "../../draw/palette";
import { Cancelled, type Rpc, said } from "../../wire/rpc";
import { focusOn } from "../elements";
import { type Crop, unpackCrops } from "./crops";
import { drawCrop } from "./draw";
import type { Examples } from "./wire";

const [SIZE, CONTEXT] = [192, 0.5];

export class Intro {
  readonly root: HTMLElement;
  readonly #asks = h("h3");
  readonly #rules = h("div.nbl-verify-rules");
  readonly #examples = h("div.nbl-verify-examples");
  readonly #start: HTMLButtonElement;
  #crops: Crop[] = [];
  #known = "";

  constructor(
    readonly rpc: Rpc,
    closed: () => void,
    signal: AbortSignal,
  ) {
    this.#start = h("button.nbl-primary", { onclick: closed }, "Start", h("kbd", {}, "⏎"));
    this.root = h(
      "div.nbl-popover.nbl-verify-intro",
      { role: "dialog", "aria-label": "instructions", hidden: true },
      this.#asks,
      this.#rules,
      this.#examples,
      this.#start,
    );
    signal.addEventListener("abort", () => this.#release(), { once: true });
  }

  get open(): boolean {
    return !this.root.hidden;
  }

  /** @param known a key that changes when the examples may have changed. */
  show(asks: string, rules: string, colors: readonly string[], known: string): void {
    this.#asks.textContent = asks;
    // Do not take the focus from elsewhere in the notebook.
    const ours = this.root.closest(".nbl")?.matches(":focus-within");
    this.root.hidden = false;
    this.#rules.replaceChildren(...rules.split(/\n+/).map((line) => h("p", {}, line)));
    if (ours) focusOn(this.#start);
    if (known !== this.#known) void this.#load(colors, known);
  }

  hide(): void {
    this.root.hidden = true;
  }

  async #load(colors: readonly string[], known: string): Promise<void> {
    try {
      const params = { size: SIZE, context: CONTEXT };
      const { result, buffers } = await this.rpc.request<Examples>("examples", params, { key: "examples" });
      this.#release();
      const canvases = result.crops.map(() => h("canvas.nbl-verify-example", { width: 1, height: 1 }));
      const row = (title: string, kind: string, from: number, to: number) =>
        from < to
          ? h("figure", { "data-kind": kind }, h("figcaption", {}, title), ...canvases.slice(from, to))
          : "";
      this.#examples.replaceChildren(
        row("✓ right", "right", 0, result.right),
        row("✕ wrong", "wrong", result.right, canvases.length),
      );
      await unpackCrops(result.crops, buffers, (i, crop) => {
        this.#crops.push(crop);
        const color = colors[crop.head.label] ?? white;
        drawCrop(canvases[i], crop, { context: CONTEXT, outline: true, fill: false, color });
      });
      this.#known = known;
    } catch (error) {
      if (!(error instanceof Cancelled)) this.#examples.textContent = `no examples: ${said(error)}`;
    }
  }

  #release(): void {
    for (const { bitmap } of this.#crops) bitmap?.close();
    this.#crops = [];
  }
}
