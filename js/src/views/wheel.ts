/**
 * The wheel over a view that can zoom: as over an embedded map, the page scrolls, unless Ctrl or Cmd is held or the
 * view has the focus (after a click). The view does not zoom either while a scroll of the page moves it under the
 * pointer; at the end of the zoom, the page scrolls again.
 */
import { h } from "../draw/dom";
import { claim, hear } from "./elements";

const SCROLLING = 250; // milliseconds between two events of one scroll
const READ = 1600; // milliseconds that the hint stays
const KEY = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl";

/**
 * @param zoom zooms by a factor at the place of the event; returns whether it could.
 * @param root has the focus while the view is used.
 */
export function onWheel(
  element: HTMLElement,
  root: HTMLElement,
  zoom: (factor: number, event: WheelEvent) => boolean,
  signal: AbortSignal,
): void {
  let elsewhere = -SCROLLING;
  let timer = 0;
  const hint = h("div.nbl-wheel-hint", { hidden: true, "aria-hidden": "true" });
  hint.textContent = `${KEY} + wheel zooms, or click first`;
  element.append(hint);
  const scrolled = (event: WheelEvent) => {
    if (!event.composedPath().includes(element)) elsewhere = event.timeStamp;
  };
  const turned = (event: WheelEvent) => {
    const held = event.ctrlKey || event.metaKey;
    if (!held && event.timeStamp - elsewhere < SCROLLING) {
      elsewhere = event.timeStamp;
      return;
    }
    if (!held && !root.contains(root.ownerDocument.activeElement)) {
      hint.hidden = false;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        hint.hidden = true;
      }, READ);
      return;
    }
    hint.hidden = true;
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const speed = event.ctrlKey ? 0.01 : 0.0017; // browsers report a pinch as a wheel with Ctrl
    const by = Math.min(Math.max(event.deltaY * lines, -300), 300) * speed;
    if (zoom(Math.exp(-by), event) || held) claim(event); // the browser would zoom the page by Ctrl
  };
  hear(element, "wheel", turned, { passive: false, signal });
  hear(window, "wheel", scrolled, { passive: true, capture: true, signal });
  hear(signal, "abort", () => window.clearTimeout(timer), { once: true });
}
