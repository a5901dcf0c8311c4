/** A small box over the view, next to the element that opened it; Escape or a press elsewhere closes it. */
import { h } from "../draw/dom";
import { claim, focusOn, hear } from "./elements";
import type { Frame } from "./frame";

export class Popover {
  #element: HTMLElement | null = null;
  #anchor: HTMLElement | null = null;
  #closing: (() => void) | undefined;
  /** What had the focus before, inside the view. */
  #before: HTMLElement | null = null;
  key = "";

  readonly #frame: Frame;

  constructor(frame: Frame, signal: AbortSignal) {
    this.#frame = frame;
    const away = (event: Event) => {
      const target = event.composedPath()[0] as Node;
      if (this.#element && !this.#element.contains(target) && !this.#anchor?.contains(target))
        this.close(false);
    };
    hear(document, "pointerdown", away, { capture: true, signal });
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !this.#element) return;
      claim(event);
      this.close();
    };
    hear(frame.root, "keydown", onKey, { capture: true, signal });
  }

  get open(): boolean {
    return this.#element !== null;
  }

  /**
   * Show it below its anchor, or above if there is more room.
   *
   * @param key showing the same key again closes it.
   */
  show(key: string, label: string, anchor: HTMLElement, content: Node[], closing?: () => void): void {
    const again = this.#element && this.key === key;
    this.close(false);
    if (again) return;
    this.key = key;
    this.#anchor = anchor;
    this.#closing = closing;
    const { root } = this.#frame;
    const before = (root.getRootNode() as Document).activeElement as HTMLElement | null;
    this.#before = before && root.contains(before) ? before : null;
    this.#element = h("div.nbl-popover", { role: "dialog", "aria-label": label, tabindex: -1 }, ...content);
    this.#frame.root.append(this.#element);
    this.position();
    const first =
      this.#element.querySelector<HTMLElement>("input, select") ??
      this.#element.querySelector<HTMLElement>("button:enabled");
    focusOn(first ?? this.#element);
  }

  /** Place it again: its contents have changed size. */
  position(): void {
    const element = this.#element;
    const anchor = this.#anchor;
    if (!element || !anchor) return;
    const frame = this.#frame.root.getBoundingClientRect();
    const from = anchor.getBoundingClientRect();
    const below = frame.bottom - from.bottom - 8;
    const above = from.top - frame.top - 8;
    const up = below < Math.min(element.scrollHeight, 240) && above > below;
    element.style.maxHeight = `${Math.max(up ? above : below, 120)}px`;
    element.style.maxWidth = `${frame.width - 12}px`;
    const left = Math.min(from.left - frame.left, frame.width - element.offsetWidth - 8);
    element.style.left = `${Math.max(left, 4)}px`;
    const top = up ? from.top - frame.top - element.offsetHeight - 4 : from.bottom - frame.top + 3;
    element.style.top = `${Math.max(Math.min(top, frame.height - element.offsetHeight - 6), 4)}px`;
  }

  /** @param back return the focus to where it was, else to the element that opened it. */
  close(back = true): void {
    if (!this.#element) return;
    const anchor = this.#anchor;
    const closing = this.#closing;
    const before = this.#before;
    this.#element.remove();
    this.#element = this.#anchor = this.#before = null;
    this.#closing = undefined;
    closing?.();
    if (!back) return;
    const there = [before, anchor].find((one) => one?.isConnected && one.tabIndex >= 0);
    focusOn(there ?? this.#frame.root.querySelector<HTMLElement>(".nbl-grid") ?? this.#frame.root);
  }
}
