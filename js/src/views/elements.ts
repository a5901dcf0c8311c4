/** Short functions for frequent work on elements. */

export function hear<K extends keyof HTMLElementEventMap>(
  target: EventTarget,
  type: K,
  listener: (event: HTMLElementEventMap[K]) => void,
  options: AddEventListenerOptions = {},
): void {
  target.addEventListener(type, listener as EventListener, options);
}

/** Focus an element without scrolling the notebook to it. */
export function focusOn(element: HTMLElement | null | undefined): void {
  element?.focus({ preventScroll: true });
}

/** Scroll an element into view inside its scroller only; the notebook does not scroll. */
export function revealIn(scroller: HTMLElement, element: HTMLElement): void {
  const [room, box] = [scroller, element].map((one) => one.getBoundingClientRect());
  if (box.top < room.top) scroller.scrollTop -= room.top - box.top;
  else if (box.bottom > room.bottom) scroller.scrollTop += box.bottom - room.bottom;
}

/** Keep an event for the view: neither the browser nor JupyterLab acts on it. */
export function claim(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}
