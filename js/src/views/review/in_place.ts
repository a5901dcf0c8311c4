/** An editor over the review, in hosts that can nest views. */
import type { Host } from "@anywidget/types";
import { h } from "../../draw/dom";
import type { Rpc } from "../../wire/rpc";

export class InPlace {
  #open: { box: HTMLElement; end: AbortController } | null = null;

  constructor(
    private body: HTMLElement,
    private rpc: Rpc,
    private host: Host | undefined,
    private closed: () => void,
    private signal: AbortSignal,
  ) {}

  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** Whether the host can nest views. */
  get possible(): boolean {
    return typeof this.host?.getWidget === "function";
  }

  /** What the editor lies over: also the panel beside the picture, since the editor has one of its own. */
  get #over(): HTMLElement {
    const row = this.body.parentElement;
    return row?.classList.contains("nbl-beside-row") ? row : this.body;
  }

  /** Put the editor over the view; it shows the active row. */
  async open(): Promise<void> {
    if (this.#open || !this.possible) return;
    const end = new AbortController();
    this.signal.addEventListener("abort", () => end.abort(), { once: true, signal: end.signal });
    const done = h("button.nbl-primary", { title: "back to the review (Ctrl+Enter)" }, "Done");
    const place = h("div.nbl-review-editor-view");
    const head = h("div.nbl-review-editor-head", {}, h("span", {}, "Correct the mask, then go on."), done);
    const box = h("div.nbl-review-editor", {}, head, place);
    this.#open = { box, end };
    done.addEventListener("click", () => this.close());
    // Keys of the editor must not reach the review.
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.close();
    });
    const over = this.#over;
    over.append(box);
    try {
      const height = Math.max(over.clientHeight - head.offsetHeight - 2, 200);
      const { result } = await this.rpc.request<{ ref: string }>("editor", { height });
      const widget = await this.host!.getWidget(result.ref);
      if (this.#open?.box !== box) return;
      await widget.render({ el: place, signal: end.signal });
      place.querySelector<HTMLElement>(".nbl")?.focus({ preventScroll: true });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    open.end.abort();
    open.box.remove();
    this.closed();
  }
}
