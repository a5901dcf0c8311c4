/** A click makes a mask the active one, a second click there the mask below it; dragging moves the image. */
import { type Panning, pan } from "./pan";
import type { Effect, Tool, ToolEvent } from "./tool";

export interface Selecting {
  panning: Panning;
  /** Where the button went down, screen; null while it is up. */
  pressed: readonly [number, number] | null;
  dragging: boolean;
  over: number;
  /** The masks under the last click, and the index of the one it chose. */
  last: { under: readonly number[]; taken: number } | null;
}

const SLOP = 4; // screen pixels that a click may move

export const select: Tool<Selecting> = {
  name: "select",
  start: { panning: pan.start, pressed: null, dragging: false, over: -1, last: null },

  reduce(state, event) {
    const { kind, sx, sy } = event;
    if (kind === "down")
      return {
        state: { ...state, pressed: [sx, sy], dragging: false, panning: pan.reduce(pan.start, event).state },
      };
    if (kind === "move") return state.pressed ? drag(state, event) : hover(state, event.under[0] ?? -1);
    if (kind === "up") {
      const clicked = state.pressed !== null && !state.dragging && event.button === 0;
      const next = { ...state, pressed: null, dragging: false, panning: pan.start };
      return clicked ? click(next, event) : { state: next };
    }
    if (kind === "double") {
      const mask = event.under[0] ?? -1;
      return {
        state,
        effects:
          mask < 0
            ? [{ do: "zoom", mask: -1 }]
            : [
                { do: "point", mask },
                { do: "zoom", mask },
              ],
      };
    }
    return hover({ ...state, pressed: null, dragging: false, panning: pan.start }, -1);
  },

  cursor: ({ dragging, over }) => (dragging ? "grabbing" : over >= 0 ? "pointer" : "default"),
};

function drag(state: Selecting, event: ToolEvent): { state: Selecting; effects?: readonly Effect[] } {
  const [x, y] = state.pressed!;
  if (!state.dragging && Math.hypot(event.sx - x, event.sy - y) < SLOP) return { state };
  const { state: panning, effects = [] } = pan.reduce(state.panning, event);
  return { state: { ...state, panning, dragging: true, last: null }, effects };
}

function hover(state: Selecting, mask: number): { state: Selecting; effects?: readonly Effect[] } {
  if (mask === state.over) return { state };
  return { state: { ...state, over: mask }, effects: [{ do: "hover", mask }] };
}

function click(state: Selecting, event: ToolEvent): { state: Selecting; effects: readonly Effect[] } {
  const { under } = event;
  const same = state.last !== null && sameMasks(state.last.under, under);
  const taken = same && under.length ? (state.last!.taken + 1) % under.length : 0;
  return {
    state: { ...state, last: { under, taken } },
    effects: [{ do: "point", mask: under[taken] ?? -1 }],
  };
}

function sameMasks(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((mask, i) => mask === b[i]);
}
