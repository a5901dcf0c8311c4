/** Paints while the button is held; the eraser, or Shift, takes away. */
import type { Gesture } from "./gesture";
import type { Tool } from "./tool";

export interface Painting {
  /** x0, y0, x1, y1, … pixels of the image; empty while the button is up. */
  path: readonly number[];
  erase: boolean;
  /** Where the pointer is, pixels of the image. */
  tip: readonly [number, number] | null;
}

const IDLE: Painting = { path: [], erase: false, tip: null };

export function brushTool(name: string, erases: boolean): Tool<Painting, Gesture> {
  return {
    name,
    start: IDLE,
    reduce(state, event) {
      const { kind, x, y } = event;
      const tip = [x, y] as const;
      const erase = erases !== event.shift;
      if (kind === "down") return { state: { path: [x, y], erase, tip } };
      if (kind === "move") {
        if (!state.path.length) return { state: { ...state, erase, tip } };
        return { state: { ...state, path: [...state.path, x, y], tip } };
      }
      if (kind === "up" && state.path.length)
        return { state: { ...IDLE, tip }, change: { make: "stroke", path: state.path, erase: state.erase } };
      if (kind === "cancel" || kind === "back" || kind === "leave") return { state: IDLE };
      return { state };
    },
    cursor: () => "none",
  };
}
