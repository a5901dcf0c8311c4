/** Keys of the scatter. */
import { KEY } from "../alike";
import type { Mode } from "./gestures";

export const KEYS: readonly (readonly [string, string])[] = [
  ["L", "lasso: draw around points"],
  ["B", "box: drag across points"],
  ["H Space", "move: drag the picture; Space while it is held"],
  ["Shift", "with lasso or box: add to what is selected"],
  ["Alt", "with lasso or box: take out of what is selected"],
  ["Esc", "give up the drag; clear what is selected here, then the legend's filter"],
  ["← → ↑ ↓", "move"],
  ["+ −", "zoom; also the wheel with Ctrl, or after a click"],
  ["0", "show everything; also a double click"],
  ["R", "instances, predictions: find a label for what is selected"],
  ["Q", "answer a question for what is selected"],
  ["D", "density instead of points"],
  KEY,
  ["?", "this sheet"],
];

export interface KeyActions {
  mode(mode: Mode): void;
  density(): void;
  more(): void;
  relabel(): void;
  answer(): void;
  fit(): void;
  zoom(factor: number): void;
  pan(dx: number, dy: number): void;
  hold(yes: boolean): void;
  escape(): void;
}

const STEP = 40; // pixels

export function onKeys(root: HTMLElement, act: KeyActions, signal: AbortSignal): void {
  const keys: Record<string, () => void> = {
    l: () => act.mode("lasso"),
    b: () => act.mode("box"),
    h: () => act.mode("pan"),
    d: act.density,
    k: act.more,
    r: act.relabel,
    q: act.answer,
    "0": act.fit,
    "+": () => act.zoom(1.4),
    "=": () => act.zoom(1.4),
    "-": () => act.zoom(1 / 1.4),
    arrowleft: () => act.pan(STEP, 0),
    arrowright: () => act.pan(-STEP, 0),
    arrowup: () => act.pan(0, STEP),
    arrowdown: () => act.pan(0, -STEP),
    escape: act.escape,
  };
  const hold = (yes: boolean) => {
    if (yes === (root.dataset.hold === "pan")) return;
    if (yes) root.dataset.hold = "pan";
    else delete root.dataset.hold;
    act.hold(yes);
  };
  root.addEventListener(
    "keydown",
    (event) => {
      const target = event.target as HTMLElement;
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        target.closest("select, input, [role=slider], .nbl-popover")
      )
        return;
      const button = target.closest("button");
      if (event.key === " " && !button) hold(true);
      else if (keys[event.key.toLowerCase()]) keys[event.key.toLowerCase()]();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  root.addEventListener("keyup", (event) => event.key === " " && hold(false), { signal });
  root.addEventListener("blur", () => hold(false), { signal, capture: true });
}
