/**
 * A tool is a pure function: (state, event) -> state, what the view should do, and perhaps a change of the data.
 * Tools know no DOM; the stage turns pointer events into these and carries the effects out.
 */

export interface ToolEvent {
  /** Keys send "finish" (complete the drawing) and "back" (take back its last step). */
  kind: "down" | "move" | "up" | "cancel" | "leave" | "double" | "finish" | "back";
  /** Pixels of the image. */
  x: number;
  y: number;
  /** Device pixels of the canvas. */
  sx: number;
  sy: number;
  /** Device pixels per image pixel. */
  scale: number;
  /** Masks under the pointer that may be touched, the topmost first. */
  under: readonly number[];
  /** 0 left, 1 middle, 2 right. */
  button: number;
  shift: boolean;
  alt: boolean;
  ctrl: boolean;
}

export type Effect =
  | { do: "pan"; dx: number; dy: number }
  /** Make a mask the active one; -1 for none. */
  | { do: "point"; mask: number }
  | { do: "hover"; mask: number }
  | { do: "zoom"; mask: number };

export interface Step<S, C = never> {
  state: S;
  effects?: readonly Effect[];
  change?: C;
}

export interface Tool<S, C = never> {
  readonly name: string;
  readonly start: S;
  reduce(state: S, event: ToolEvent): Step<S, C>;
  /** CSS cursor. */
  cursor(state: S): string;
}
