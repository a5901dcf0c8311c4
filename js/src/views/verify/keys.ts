/** Keys of the verification. */
import { isTyping } from "../viewer/keys";

export const KEYS: readonly (readonly [string, string])[] = [
  ["Y N", "the mask in the frame is right; it is not"],
  ["A", "yes to all on the page that have no answer; Shift+A: no"],
  ["Enter", "send the answers; the next question comes"],
  ["← → ↑ ↓ Home End", "move the frame"],
  ["Click", "turn a mask's answer"],
  ["U Ctrl+Z", "take the last answer back, then the last question"],
  ["S", "leave this cluster aside"],
  ["G", "all masks of the page, or one large"],
  ["+ −", "show less around masks; more"],
  ["O F", "outline; fill"],
  ["Space", "hold to see no mask"],
  ["I", "instructions and examples"],
  ["?", "this sheet"],
];

export interface Commands {
  say(answer: boolean): void;
  rest(answer: boolean): void;
  tell(): void;
  /** ±1: before or after; ±2: above or below; ±Infinity: the ends. */
  move(by: number): void;
  undo(): void;
  skip(): void;
  mode(): void;
  context(factor: number): void;
  outline(): void;
  fill(): void;
  instructions(): void;
}

/** The command of a key; undefined if it has none, or the focused control handles it. */
export function command(event: KeyboardEvent, commands: Commands): (() => void) | undefined {
  const control = (event.target as HTMLElement).matches?.("button, select, a, summary");
  if (isTyping(event) || (event.key === "Enter" && control)) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) return key === "z" ? commands.undo : undefined;
  if (event.altKey) return undefined;
  const table: Record<string, () => void> = {
    y: () => commands.say(true),
    n: () => commands.say(false),
    a: () => commands.rest(!event.shiftKey),
    Enter: commands.tell,
    ArrowLeft: () => commands.move(-1),
    ArrowRight: () => commands.move(1),
    ArrowUp: () => commands.move(-2),
    ArrowDown: () => commands.move(2),
    Home: () => commands.move(Number.NEGATIVE_INFINITY),
    End: () => commands.move(Number.POSITIVE_INFINITY),
    u: commands.undo,
    s: commands.skip,
    g: commands.mode,
    o: commands.outline,
    f: commands.fill,
    i: commands.instructions,
    "+": () => commands.context(1 / 1.5),
    "=": () => commands.context(1 / 1.5),
    "-": () => commands.context(1.5),
  };
  return table[key];
}
