/** A scroll bar for more rows than an element can hold: keeps scroll bar and rows together. */
import type { ScrollMap } from "../../core/rows/ranges";
import { hear } from "../elements";

const IDLE = 140; // milliseconds without scrolling until the scroll bar is corrected

/**
 * Follow the scroll bar of an element.
 *
 * @param map returns the current map of the rows.
 * @param moved called when other rows are in view, with whether they lie further down.
 * @returns moves the scroll bar to match the rows.
 */
export function followScrolling(
  scroller: HTMLElement,
  map: () => ScrollMap,
  moved: (down: boolean) => void,
  signal: AbortSignal,
): () => void {
  let idle = 0;
  const place = () => {
    const { scrollTop } = map();
    if (Math.abs(scroller.scrollTop - scrollTop) >= 1) scroller.scrollTop = scrollTop;
    map().placed(scroller.scrollTop);
  };
  const scrolled = () => {
    const before = map().top;
    if (map().scrolled(scroller.scrollTop)) {
      window.clearTimeout(idle);
      idle = window.setTimeout(place, IDLE);
    }
    if (map().top !== before) moved(map().top > before);
  };
  hear(scroller, "scroll", scrolled, { passive: true, signal });
  hear(signal, "abort", () => window.clearTimeout(idle), { once: true });
  return place;
}
