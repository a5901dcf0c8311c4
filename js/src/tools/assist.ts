/** Points inside and outside a thing, and a box around it, for a segmenter; Enter keeps the mask it found. */
import { type Box, boxOf, type Gesture, intoOf, type Prompt } from "./gesture";
import type { Step, Tool, ToolEvent } from "./tool";

export interface Prompting {
  points: readonly Prompt[];
  box: Box | null;
  from: { at: readonly [number, number]; screen: readonly [number, number] } | null;
  to: readonly [number, number] | null;
}

const SLOP = 4;
const IDLE: Prompting = { points: [], box: null, from: null, to: null };

export const assist: Tool<Prompting, Gesture> = {
  name: "assist",
  start: IDLE,
  reduce(state, event) {
    const { kind, x, y, sx, sy } = event;
    if (kind === "down") return { state: { ...state, from: { at: [x, y], screen: [sx, sy] }, to: null } };
    if (kind === "move") return { state: state.from && far(state, event) ? { ...state, to: [x, y] } : state };
    if (kind === "up" && state.from) {
      const { points } = state;
      const at = state.from.at;
      return state.to
        ? asked({ ...state, box: boxOf(at, state.to) }, event)
        : asked({ ...state, points: [...points, [x, y, event.alt ? 0 : 1]] }, event);
    }
    if (kind === "finish" || kind === "double") {
      if (!state.points.length && !state.box) return { state: IDLE };
      const { points, box } = state;
      return { state: IDLE, change: { make: "prompt", points, box, final: true, into: intoOf(event) } };
    }
    if (kind === "back") {
      if (state.points.length) return asked({ ...state, points: state.points.slice(0, -1) }, event);
      return { state: IDLE };
    }
    return { state: kind === "cancel" ? { ...state, from: null, to: null } : state };
  },
  cursor: () => "crosshair",
};

function far({ from }: Prompting, { sx, sy }: ToolEvent): boolean {
  return Math.hypot(sx - from!.screen[0], sy - from!.screen[1]) >= SLOP;
}

function asked(state: Prompting, event: ToolEvent): Step<Prompting, Gesture> {
  const { points, box } = state;
  const next = { ...state, from: null, to: null };
  if (!points.length && !box) return { state: next };
  return { state: next, change: { make: "prompt", points, box, final: false, into: intoOf(event) } };
}
