/** What the keyboard does in a review. */
import { KEY } from "../alike";
import { isTyping } from "../viewer/keys";

export const KEYS: readonly (readonly [string, string])[] = [
  ["M Enter", "accept, and on to the next"],
  ["X", "reject"],
  ["C", "in a review of suspects: do what is suggested, as its button says"],
  ["1 … 9", "accept with this label"],
  ["L", "find the label to accept with, or name a new one"],
  ["→ ←", "skip; go back"],
  ["U Ctrl+Z", "take the last answer back"],
  ["Ctrl+X Ctrl+Y", "give it again"],
  ["Shift+M", "accept though it overlaps an instance"],
  ["E", "edit the mask"],
  KEY,
  ["O", "outline on or off"],
  ["Space", "hold to see the image alone"],
  ["F 0", "fit"],
  ["+ −", "zoom; so does the wheel with Ctrl, or after a click"],
  ["Q", "questions: open the form, or put the keys into it; Esc leaves it"],
  ["T", "definition of the label, with its examples, beside the picture"],
  ["Alt+X Alt+Shift+X", "this instance is a right, a wrong example of the label; again: it is none"],
  ["?", "this sheet"],
];

export interface Commands {
  /** @param label another label to accept it with. */
  accept(force: boolean, label?: string): void;
  reject(): void;
  /** Whether corrections are suggested in this review. */
  suggests: boolean;
  correct(): void;
  relabel(key: string): void;
  findLabel(): void;
  skip(): void;
  back(): void;
  undo(): void;
  redo(): void;
  edit(): void;
  more(): void;
  outline(): void;
  fit(): void;
  zoom(factor: number): void;
}

/** The command of a key; undefined if it has none, or the focused control handles it. */
export function command(event: KeyboardEvent, commands: Commands): (() => void) | undefined {
  const control = (event.target as HTMLElement).matches?.("button, select, a");
  if (isTyping(event) || (event.key === "Enter" && control)) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return event.shiftKey ? commands.redo : commands.undo;
    return key === "y" || key === "x" ? commands.redo : undefined;
  }
  if (event.altKey) return undefined;
  if (/^[1-9]$/.test(key)) return () => commands.relabel(key);
  const table: Record<string, () => void> = {
    m: () => commands.accept(event.shiftKey),
    Enter: () => commands.accept(event.shiftKey),
    x: commands.reject,
    ...(commands.suggests ? { c: commands.correct } : {}),
    ArrowRight: commands.skip,
    ArrowLeft: commands.back,
    l: commands.findLabel,
    u: commands.undo,
    e: commands.edit,
    k: commands.more,
    o: commands.outline,
    f: commands.fit,
    0: commands.fit,
    "+": () => commands.zoom(1.3),
    "=": () => commands.zoom(1.3),
    "-": () => commands.zoom(1 / 1.3),
  };
  return table[key];
}
