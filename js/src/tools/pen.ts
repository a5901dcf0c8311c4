/**
 * Clicks make corners, holding the button draws by hand. A click on the first corner, a double click or Enter closes
 * the outline; so does releasing the button near the start. Backspace takes back the last corner or stroke.
 */
import { type Gesture, intoOf } from "./gesture";
import type { Step, Tool, ToolEvent } from "./tool";

export interface Drawing {
  /** x0, y0, x1, y1, … pixels of the image. */
  path: readonly number[];
  /** Lengths of `path` before each click or stroke by hand. */
  marks: readonly number[];
  /** Where the button went down, device pixels; null while it is up. */
  pressed: readonly [number, number] | null;
  byHand: boolean;
  /** Where the pointer is, pixels of the image. */
  tip: readonly [number, number] | null;
}

const SLOP = 4; // device pixels that a click may move
const NEAR = 10; // device pixels around the first corner that close the outline
const STEP = 2; // device pixels between points drawn by hand

/** The path from one corner to the next, without both ends. */
export type Route = (from: readonly [number, number], to: readonly [number, number]) => readonly number[];

const START: Drawing = { path: [], marks: [], pressed: null, byHand: false, tip: null };

export function penTool(name: string, route: Route = () => []): Tool<Drawing, Gesture> {
  return {
    name,
    start: START,
    reduce(state, event) {
      const { kind } = event;
      if (kind === "down") return press(state, event, route);
      if (kind === "move") return { state: moved(state, event) };
      if (kind === "up") return release(state, event);
      if (kind === "double" || kind === "finish") return close(state, event);
      if (kind === "back") return { state: back(state) };
      if (kind === "cancel") return { state: state.pressed ? back({ ...state, pressed: null }) : state };
      return { state: { ...state, tip: null } };
    },
    cursor: () => "crosshair",
  };
}

function press(state: Drawing, event: ToolEvent, route: Route): Step<Drawing, Gesture> {
  if (closes(state, event)) return close(state, event);
  const { path } = state;
  const to = [event.x, event.y] as const;
  const way = path.length ? route([path[path.length - 2], path[path.length - 1]], to) : [];
  return {
    state: {
      path: [...path, ...way, ...to],
      marks: [...state.marks, path.length],
      pressed: [event.sx, event.sy],
      byHand: false,
      tip: null,
    },
  };
}

function moved(state: Drawing, event: ToolEvent): Drawing {
  const { pressed, path } = state;
  if (!pressed) return { ...state, tip: [event.x, event.y] };
  const far = Math.hypot(event.sx - pressed[0], event.sy - pressed[1]);
  if (!state.byHand && far < SLOP) return state;
  const [x, y] = path.slice(-2);
  if (Math.hypot(event.x - x, event.y - y) * event.scale < STEP) return state;
  return { ...state, path: [...path, event.x, event.y], byHand: true };
}

function release(state: Drawing, event: ToolEvent): Step<Drawing, Gesture> {
  if (!state.pressed) return { state };
  const up = { ...state, pressed: null };
  return state.byHand && state.path.length > 16 && closes(state, event, 3) ? close(up, event) : { state: up };
}

function closes({ path }: Drawing, { x, y, scale }: ToolEvent, times = 1): boolean {
  return path.length >= 6 && Math.hypot(x - path[0], y - path[1]) * scale < NEAR * times;
}

function close(state: Drawing, event: ToolEvent): Step<Drawing, Gesture> {
  const ring = distinct(state.path);
  if (ring.length < 6) return { state: START };
  return { state: START, change: { make: "area", rings: [ring], into: intoOf(event) } };
}

function back(state: Drawing): Drawing {
  const { marks, path } = state;
  if (!marks.length) return START;
  return {
    ...START,
    path: path.slice(0, marks[marks.length - 1]),
    marks: marks.slice(0, -1),
    tip: state.tip,
  };
}

/** The path without repeated corners, which a double click makes. */
function distinct(path: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i < path.length; i += 2)
    if (path[i] !== out[out.length - 2] || path[i + 1] !== out[out.length - 1])
      out.push(path[i], path[i + 1]);
  return out;
}
