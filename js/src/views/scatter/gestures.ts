/** Turns pointer and wheel over the plot into actions. Places are pixels of the plot. */
import { onWheel } from "../wheel";
import type { How, Shape } from "./clauses";

export type Mode = "pan" | Shape;

export interface Handlers {
  /** What a drag does now. */
  mode(): Mode;
  pan(dx: number, dy: number): void;
  /** Returns whether the zoom has changed. */
  zoom(factor: number, x: number, y: number): boolean;
  /** A lasso or box is being drawn, or done. */
  draw(shape: Shape, path: readonly number[], how: How, done: boolean): void;
  /** The drawing was canceled. */
  cancel(): void;
  hover(x: number, y: number): void;
  leave(): void;
  click(x: number, y: number): void;
  double(): void;
}

export interface Gestures {
  /** Cancel the current drag; returns whether there was one. */
  cancel(): boolean;
}

const STILL = 4; // pixels a click may move
const STEP = 2; // pixels between corners of a lasso

interface Drag {
  mode: Mode;
  how: How;
  path: number[];
  moved: boolean;
  id: number;
}

export function listen(plot: HTMLElement, root: HTMLElement, on: Handlers, signal: AbortSignal): Gestures {
  let drag: Drag | null = null;
  const place = (event: MouseEvent): [number, number] => {
    const box = plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const listenTo = <K extends keyof HTMLElementEventMap>(
    name: K,
    handler: (event: HTMLElementEventMap[K]) => void,
    options: AddEventListenerOptions = {},
  ) => plot.addEventListener(name, handler, { signal, ...options });

  listenTo("pointerdown", (event) => {
    if (drag || event.button > 1) return;
    event.preventDefault();
    root.focus({ preventScroll: true });
    plot.setPointerCapture(event.pointerId);
    const mode = event.button === 1 || root.dataset.hold === "pan" ? "pan" : on.mode();
    const chosen = mode === "pan" && event.shiftKey ? "lasso" : mode;
    const how = event.altKey ? "remove" : event.shiftKey ? "add" : "set";
    drag = { mode: chosen, how, path: [...place(event)], moved: false, id: event.pointerId };
    on.leave();
  });
  listenTo("pointermove", (event) => {
    if (!drag) return on.hover(...place(event));
    if (event.pointerId === drag.id) moveTo(drag, ...place(event));
  });
  const moveTo = (now: Drag, x: number, y: number) => {
    const { path } = now;
    const [dx, dy] = [x - path[path.length - 2], y - path[path.length - 1]];
    now.moved ||= Math.hypot(dx, dy) > STILL;
    if (!now.moved) return;
    if (now.mode === "pan") {
      on.pan(dx, dy);
      now.path = [x, y];
    } else if (now.mode === "box") {
      now.path = [path[0], path[1], x, y];
      on.draw("box", now.path, now.how, false);
    } else if (Math.hypot(dx, dy) >= STEP) {
      path.push(x, y);
      on.draw("lasso", path, now.how, false);
    }
  };
  listenTo("pointerup", (event) => {
    const now = drag;
    if (!now || event.pointerId !== now.id) return;
    drag = null;
    if (!now.moved) on.click(...place(event));
    else if (now.mode !== "pan") on.draw(now.mode, now.path, now.how, true);
  });
  const cancel = () => {
    const now = drag;
    drag = null;
    if (now?.moved && now.mode !== "pan") on.cancel();
    return now !== null;
  };
  listenTo("pointercancel", cancel);
  listenTo("dblclick", () => on.double());
  listenTo("pointerleave", () => {
    if (!drag) on.leave();
  });
  onWheel(plot, root, (factor, event) => on.zoom(factor, ...place(event)), signal);
  return { cancel };
}
