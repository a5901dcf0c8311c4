/** Corners of an outline: drag one, drag an edge to make one, Alt+click or Delete to remove one. */
import type { Gesture } from "./gesture";
import type { Step, Tool, ToolEvent } from "./tool";

export type Rings = readonly (readonly number[])[];

export interface Reshaping {
  /** Outlines of the active mask, pixels of the image; empty while there is none. */
  rings: Rings;
  /** The corner under the pointer or the one dragged. */
  corner: { ring: number; at: number } | null;
  /** The outline before the drag; null while the button is up. */
  before: Rings | null;
}

const REACH = 8; // device pixels

const IDLE: Reshaping = { rings: [], corner: null, before: null };

export const reshape: Tool<Reshaping, Gesture> = {
  name: "reshape",
  start: IDLE,
  reduce(state, event) {
    const { kind } = event;
    if (kind === "down") return press(state, event);
    if (kind === "move")
      return state.before ? { state: dragged(state, event) } : { state: hovered(state, event) };
    if (kind === "up" && state.before) return done(state, state.before);
    if (kind === "back" && state.corner && !state.before) return removed(state, state.corner);
    if (kind === "cancel" && state.before) return { state: { ...state, rings: state.before, before: null } };
    return { state };
  },
  cursor: ({ corner, before }) => (before ? "grabbing" : corner ? "grab" : "default"),
};

function press(state: Reshaping, event: ToolEvent): Step<Reshaping, Gesture> {
  const corner = cornerAt(state.rings, event);
  if (corner)
    return event.alt ? removed(state, corner) : { state: { ...state, corner, before: state.rings } };
  const edge = edgeAt(state.rings, event);
  if (edge) {
    const rings = changed(state.rings, edge.ring, (ring) => ring.splice(edge.at * 2, 0, event.x, event.y));
    return { state: { rings, corner: edge, before: state.rings } };
  }
  const mask = event.under[0];
  return mask === undefined ? { state } : { state, effects: [{ do: "point", mask }] };
}

function dragged(state: Reshaping, { x, y }: ToolEvent): Reshaping {
  const { ring, at } = state.corner!;
  const rings = changed(state.rings, ring, (points) => points.splice(at * 2, 2, x, y));
  return { ...state, rings };
}

function hovered(state: Reshaping, event: ToolEvent): Reshaping {
  return { ...state, corner: cornerAt(state.rings, event) };
}

function done(state: Reshaping, before: Rings): Step<Reshaping, Gesture> {
  const next = { ...state, before: null };
  return { state: next, change: { make: "reshape", before, rings: state.rings } };
}

function removed(state: Reshaping, { ring, at }: { ring: number; at: number }): Step<Reshaping, Gesture> {
  if (state.rings[ring].length <= 6) return { state };
  const rings = changed(state.rings, ring, (points) => points.splice(at * 2, 2));
  return {
    state: { rings, corner: null, before: null },
    change: { make: "reshape", before: state.rings, rings },
  };
}

function changed(rings: Rings, which: number, work: (ring: number[]) => void): Rings {
  return rings.map((ring, i) => {
    if (i !== which) return ring;
    const copy = [...ring];
    work(copy);
    return copy;
  });
}

function cornerAt(rings: Rings, { x, y, scale }: ToolEvent): Reshaping["corner"] {
  let [best, found] = [(REACH / scale) ** 2, null as Reshaping["corner"]];
  rings.forEach((ring, which) => {
    for (let i = 0; i < ring.length; i += 2) {
      const away = (ring[i] - x) ** 2 + (ring[i + 1] - y) ** 2;
      if (away < best) [best, found] = [away, { ring: which, at: i / 2 }];
    }
  });
  return found;
}

/** Ring and index for a new corner on the nearest edge; null if no edge is near. */
function edgeAt(rings: Rings, { x, y, scale }: ToolEvent): Reshaping["corner"] {
  let [best, found] = [(REACH / scale) ** 2, null as Reshaping["corner"]];
  rings.forEach((ring, which) => {
    for (let i = 0; i < ring.length; i += 2) {
      const j = (i + 2) % ring.length;
      const [ax, ay, bx, by] = [ring[i], ring[i + 1], ring[j], ring[j + 1]];
      const [dx, dy] = [bx - ax, by - ay];
      const t = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0), 1);
      const away = (ax + t * dx - x) ** 2 + (ay + t * dy - y) ** 2;
      if (away < best) [best, found] = [away, { ring: which, at: i / 2 + 1 }];
    }
  });
  return found;
}
