/** A box by dragging, or by a click at each of two corners. */
import { type Box, boxOf, type Gesture, intoOf } from "./gesture";
import type { Step, Tool, ToolEvent } from "./tool";

export interface Boxing {
  from: readonly [number, number] | null;
  to: readonly [number, number] | null;
  /** Where the button went down, device pixels; null while it is up. */
  pressed: readonly [number, number] | null;
}

const SLOP = 4;
const IDLE: Boxing = { from: null, to: null, pressed: null };

export type Made = (box: Box, event: ToolEvent) => Gesture;

export const boxArea: Made = ([x, y, w, h], event) => ({
  make: "area",
  rings: [[x, y, x + w, y, x + w, y + h, x, y + h]],
  into: intoOf(event),
});

export const boxPrompt: Made = (box, event) => ({
  make: "prompt",
  points: [],
  box,
  final: true,
  into: intoOf(event),
});

export function boxTool(name: string, made: Made): Tool<Boxing, Gesture> {
  const done = ({ from }: Boxing, event: ToolEvent): Step<Boxing, Gesture> => {
    const box = boxOf(from!, [event.x, event.y]);
    return box[2] && box[3] ? { state: IDLE, change: made(box, event) } : { state: IDLE };
  };
  return {
    name,
    start: IDLE,
    reduce(state, event) {
      const { kind, x, y, sx, sy } = event;
      if (kind === "down") return { state: { from: state.from ?? [x, y], to: [x, y], pressed: [sx, sy] } };
      if (kind === "move") return { state: state.from ? { ...state, to: [x, y] } : state };
      if (kind === "up" && state.from && state.pressed) {
        const dragged = Math.hypot(sx - state.pressed[0], sy - state.pressed[1]) >= SLOP;
        const second = state.from[0] !== state.to![0] || state.from[1] !== state.to![1];
        return dragged || second ? done(state, event) : { state: { ...state, pressed: null } };
      }
      return { state: kind === "cancel" || kind === "back" ? IDLE : state };
    },
    cursor: () => "crosshair",
  };
}
