/** Keys of the viewer. */

export const KEYS: readonly (readonly [string, string])[] = [
  ["← P", "previous image"],
  ["→ N", "next image"],
  ["↑ ↓", "previous, next instance in the list"],
  ["5 6 7", "image, instances, predictions on or off"],
  ["F 0", "fit the image into the view"],
  ["1", "one image pixel on one screen pixel"],
  ["+ −", "zoom; so does the wheel with Ctrl, or after a click"],
  ["Z", "zoom to the active instance; so does a double click"],
  ["Space", "hold to see the image without masks"],
  ["O", "outlines on or off"],
  ["H", "hide or show the active instance"],
  ["Shift+H", "hide all but the active instance, or show all"],
  ["Alt+H", "hide or show the label (the color) of the active instance, as a click in the legend"],
  ["Alt+Shift+H", "only this label, or all again, as Alt+click in the legend"],
  ["K", "lock or unlock the active instance"],
  ["Ctrl+Z Ctrl+Y", "undo, redo hiding and locking"],
  ["L", "list of instances on or off"],
  ["Esc", "no instance is active"],
  ["?", "this sheet"],
];

export interface Commands {
  step(by: 1 | -1): void;
  stepInList(by: 1 | -1): void;
  layer(name: "show_image" | "show_labels" | "show_predictions" | "outlines" | "show_list"): void;
  fit(): void;
  actual(): void;
  zoom(factor: number): void;
  zoomToActive(): void;
  mark(what: "hidden" | "locked"): void;
  isolate(): void;
  /** Hide or show all masks of the color of the active one. */
  group(only: boolean): void;
  undo(): void;
  redo(): void;
  none(): void;
}

/** The command of a key; undefined if it has none. */
export function command(event: KeyboardEvent, commands: Commands): (() => void) | undefined {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return () => (event.shiftKey ? commands.redo() : commands.undo());
    return key === "y" ? () => commands.redo() : undefined;
  }
  if (event.altKey) {
    const letter = /^[a-z]$/.test(key) ? key : event.code; // with Alt, a Mac types other signs
    return letter === "h" || letter === "KeyH" ? () => commands.group(event.shiftKey) : undefined;
  }
  const table: Record<string, () => void> = {
    ArrowLeft: () => commands.step(-1),
    p: () => commands.step(-1),
    ArrowRight: () => commands.step(1),
    n: () => commands.step(1),
    ArrowUp: () => commands.stepInList(-1),
    ArrowDown: () => commands.stepInList(1),
    5: () => commands.layer("show_image"),
    6: () => commands.layer("show_labels"),
    7: () => commands.layer("show_predictions"),
    o: () => commands.layer("outlines"),
    l: () => commands.layer("show_list"),
    f: () => commands.fit(),
    0: () => commands.fit(),
    1: () => commands.actual(),
    "+": () => commands.zoom(1.3),
    "=": () => commands.zoom(1.3),
    "-": () => commands.zoom(1 / 1.3),
    z: () => commands.zoomToActive(),
    h: () => (event.shiftKey ? commands.isolate() : commands.mark("hidden")),
    k: () => commands.mark("locked"),
    Escape: () => commands.none(),
  };
  return table[key];
}

/** Whether a key belongs to the control that has the focus. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (target.matches?.("textarea, input:not([type=checkbox]):not([type=range])")) return true;
  const arrows = event.key.startsWith("Arrow");
  if (target.matches?.("select")) return arrows || event.key.length === 1;
  if (target.matches?.("input[type=range]")) return arrows;
  return event.key === " " && target.matches?.("button, input[type=checkbox]");
}
