/** What a point is: its id and color at once, fields and picture when the kernel has answered. */
import { asBytes } from "../../wire/codec";
import type { Rpc } from "../../wire/rpc";
import { h } from "../dom";

const REST = 60; // milliseconds the pointer rests before the kernel is asked

interface Detail {
  row: number;
  fields: [string, string][];
  problem: string;
}

export class Tooltip {
  readonly root = h("div.nbl-tooltip", { role: "tooltip" });
  readonly #rpc: Rpc;
  #row = -1;
  #url = "";
  #timer = 0;

  constructor(rpc: Rpc, signal: AbortSignal) {
    this.#rpc = rpc;
    this.root.style.display = "none";
    signal.addEventListener("abort", () => this.hide(), { once: true });
  }

  /** @param place beside which, pixels of the parent, which is `room` wide and high. */
  show(
    row: number,
    title: string,
    color: string,
    place: readonly [number, number],
    room: readonly [number, number],
    rev: number,
  ): void {
    if (row !== this.#row) {
      this.hide();
      this.#row = row;
      const head = h("div.nbl-tooltip-head", {}, h("i.nbl-swatch", { style: { background: color } }), title);
      this.root.replaceChildren(head);
      this.#timer = window.setTimeout(() => void this.#ask(row, rev, head), REST);
    }
    this.root.style.display = "";
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const [x, y] = place;
    this.root.style.left = `${x + 14 + width > room[0] ? Math.max(x - 14 - width, 2) : x + 14}px`;
    this.root.style.top = `${Math.min(Math.max(y - height / 2, 2), Math.max(room[1] - height - 2, 2))}px`;
  }

  hide(): void {
    window.clearTimeout(this.#timer);
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = "";
    this.#row = -1;
    this.root.style.display = "none";
  }

  async #ask(row: number, rev: number, head: HTMLElement): Promise<void> {
    try {
      const { result, buffers } = await this.#rpc.request<Detail>(
        "detail",
        { row, rev, size: 160 },
        { key: "hover" },
      );
      if (this.#row !== row) return;
      const list = h("dl", {});
      for (const [name, value] of result.fields) list.append(h("dt", {}, name), h("dd", {}, value || "–"));
      const parts: HTMLElement[] = [head];
      if (buffers[0]?.byteLength) {
        this.#url = URL.createObjectURL(new Blob([asBytes(buffers[0])]));
        parts.push(h("img", { src: this.#url, alt: "" }));
      } else if (result.problem) parts.push(h("div.nbl-muted", {}, result.problem));
      this.root.replaceChildren(...parts, list);
    } catch {
      // A tooltip that cannot say more says what it said: errors of its own would only flicker.
    }
  }
}
