/** Mouse, pen and fingers over the stage: events for the tool; two fingers zoom. */
import { type Camera, type Point, toImage } from "../../core/space/camera";
import { type Selecting, select } from "../../tools/select";
import type { Effect, ToolEvent } from "../../tools/tool";

/** Tools for editing; they get events before the viewer. */
export interface Tools {
  /** Returns the cursor to show if the tools took the event; "" leaves it to the viewer. */
  pointer(event: ToolEvent): string;
  /** Returns whether the tools took the key. */
  key(event: KeyboardEvent): boolean;
  /** Camera or size changed. */
  moved(): void;
  /** The looks of masks have changed: shown, hidden, left out by the selection. */
  restyled(): void;
  /** Another image is shown, or the same one with other masks. */
  showed(): void;
  /** Whether the tools draw a mask themselves. */
  readonly veiled: (mask: number) => boolean;
}

export interface StageEvents {
  effect(effect: Effect): void;
  /** Camera or size changed. */
  moved(): void;
  /** The pointer is over this pixel of the image; null: over none. */
  pointed(at: Point | null): void;
}

/** The stage that pointers are over. */
export interface Staged {
  readonly el: HTMLElement;
  readonly camera: Camera;
  readonly ratio: number;
  readonly tools: Tools | null;
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  under(x: number, y: number): number[];
}

export class Pointers {
  #state: Selecting = select.start;
  #down = new Map<number, readonly [number, number]>();

  readonly #stage: Staged;
  readonly #events: StageEvents;

  constructor(stage: Staged, events: StageEvents, signal: AbortSignal) {
    this.#stage = stage;
    this.#events = events;
    const { el } = stage;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      handler: (event: HTMLElementEventMap[K]) => void,
    ) => el.addEventListener(name, handler, { signal });
    on("pointerdown", (event) => this.#pressed(event));
    on("pointermove", (event) => this.#moved(event));
    on("pointerup", (event) => this.#released(event, "up"));
    on("pointercancel", (event) => this.#released(event, "cancel"));
    on("pointerleave", (event) => {
      if (!this.#down.size) this.#tell("leave", event);
      events.pointed(null);
    });
    on("dblclick", (event) => {
      if (this.#mine(event)) this.#tell("double", event);
    });
  }

  #pressed(event: PointerEvent): void {
    if (!this.#mine(event)) return;
    (this.#stage.el.closest(".nbl") as HTMLElement | null)?.focus({ preventScroll: true });
    this.#stage.el.setPointerCapture(event.pointerId);
    this.#down.set(event.pointerId, this.#at(event));
    if (this.#down.size === 1) this.#tell("down", event);
    else this.#tell("cancel", event);
  }

  #moved(event: PointerEvent): void {
    const [sx, sy] = this.#at(event);
    this.#events.pointed(this.#mine(event) ? toImage(this.#stage.camera, sx, sy) : null);
    if (this.#down.size === 2 && this.#down.has(event.pointerId)) this.#pinch(event);
    else if (this.#down.size || this.#mine(event)) {
      const passed = this.#stage.tools && this.#down.size ? event.getCoalescedEvents?.() : [];
      for (const each of passed?.length ? passed : [event]) this.#tell("move", each);
    } else this.#tell("leave", event);
  }

  #released(event: PointerEvent, kind: "up" | "cancel"): void {
    if (!this.#down.delete(event.pointerId)) return;
    if (!this.#down.size) this.#tell(kind, event);
  }

  #pinch(event: PointerEvent): void {
    const before = this.#down.get(event.pointerId)!;
    const now = this.#at(event);
    this.#down.set(event.pointerId, now);
    const other = [...this.#down].find(([id]) => id !== event.pointerId)![1];
    const spread = (point: readonly [number, number]) => Math.hypot(point[0] - other[0], point[1] - other[1]);
    this.#stage.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    const factor = spread(now) / Math.max(spread(before), 1);
    this.#stage.zoom(factor, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }

  /** Zoom at the pointer; returns whether that was possible. */
  wheel(factor: number, event: WheelEvent): boolean {
    const before = this.#stage.camera.scale;
    this.#stage.zoom(factor, ...this.#at(event));
    return this.#stage.camera.scale !== before;
  }

  /** Events on buttons and the minimap, which lie on the stage, are not for the tool. */
  #mine(event: MouseEvent): boolean {
    return !(event.target as HTMLElement).closest?.("button, a, .nbl-viewer-minimap, .nbl-viewer-message");
  }

  #at(event: MouseEvent): readonly [number, number] {
    const { el, ratio } = this.#stage;
    const box = el.getBoundingClientRect();
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }

  #tell(kind: ToolEvent["kind"], event: MouseEvent): void {
    const stage = this.#stage;
    const [sx, sy] = this.#at(event);
    const [x, y] = toImage(stage.camera, sx, sy);
    const { button, shiftKey: shift, altKey: alt } = event;
    const under = stage.under(sx, sy);
    const ctrl = event.ctrlKey || event.metaKey;
    const { scale } = stage.camera;
    const told: ToolEvent = { kind, x, y, sx, sy, scale, under, button, shift, alt, ctrl };
    const cursor = stage.tools?.pointer(told);
    if (cursor) {
      stage.el.style.cursor = cursor;
      return;
    }
    const step = select.reduce(this.#state, told);
    this.#state = step.state;
    for (const effect of step.effects ?? []) this.#events.effect(effect);
    stage.el.style.cursor = select.cursor(this.#state);
  }
}
