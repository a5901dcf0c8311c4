/** Dragging moves the image. */
import type { Tool } from "./tool";

export interface Panning {
  /** Where the pointer was, screen; null while no button is down. */
  from: readonly [number, number] | null;
}

export const pan: Tool<Panning> = {
  name: "pan",
  start: { from: null },

  reduce(state, event) {
    const { kind, sx, sy } = event;
    if (kind === "down") return { state: { from: [sx, sy] } };
    if (kind === "move" && state.from) {
      const [x, y] = state.from;
      return { state: { from: [sx, sy] }, effects: [{ do: "pan", dx: sx - x, dy: sy - y }] };
    }
    return { state: kind === "move" || kind === "double" ? state : { from: null } };
  },

  cursor: ({ from }) => (from ? "grabbing" : "grab"),
};
