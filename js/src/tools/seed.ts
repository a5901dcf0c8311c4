/** A click gives a point; dragging does nothing. */
import { type Gesture, intoOf } from "./gesture";
import type { Tool } from "./tool";

export interface Seeding {
  pressed: readonly [number, number] | null;
}

const SLOP = 4;

export function seedTool(name: string): Tool<Seeding, Gesture> {
  return {
    name,
    start: { pressed: null },
    reduce(state, event) {
      const { kind, x, y, sx, sy } = event;
      if (kind === "down") return { state: { pressed: [sx, sy] } };
      const { pressed } = state;
      if (kind === "up" && pressed && Math.hypot(sx - pressed[0], sy - pressed[1]) < SLOP)
        return { state: { pressed: null }, change: { make: "seed", x, y, into: intoOf(event) } };
      return { state: kind === "move" ? state : { pressed: null } };
    },
    cursor: () => "crosshair",
  };
}
