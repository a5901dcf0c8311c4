/** Keys while editing. */
import { isTyping } from "../viewer/keys";
import { OPERATIONS, TOOLS, type ToolName } from "./catalog";

export interface Commands {
  take(tool: ToolName): void;
  operate(op: string): void;
  /** From 0. */
  label(at: number): void;
  layer(name: "show_image" | "show_labels" | "show_predictions"): void;
  size(factor: number): void;
  finish(shift: boolean, alt: boolean): void;
  /** Take back the last corner; whether there was one. */
  back(): boolean;
  /** Drop what is drawn, or the tool, or the picks; whether there was any of it. */
  escape(): boolean;
  undo(): void;
  redo(): void;
  copy(): void;
  paste(): void;
}

const LAYERS = { 5: "show_image", 6: "show_labels", 7: "show_predictions" } as const;

/** Whether the key was for the editor. */
export function pressed(event: KeyboardEvent, commands: Commands): boolean {
  if (isTyping(event)) return false;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const handled =
    event.ctrlKey || event.metaKey ? withControl(key, event.shiftKey, commands) : alone(key, event, commands);
  if (handled) {
    event.preventDefault();
    event.stopPropagation();
  }
  return handled;
}

function withControl(key: string, shift: boolean, commands: Commands): boolean {
  const table: Record<string, () => void> = {
    z: () => (shift ? commands.redo() : commands.back() || commands.undo()),
    x: () => commands.redo(),
    y: () => commands.redo(),
    c: () => commands.copy(),
    v: () => commands.paste(),
  };
  table[key]?.();
  return key in table;
}

function alone(key: string, event: KeyboardEvent, commands: Commands): boolean {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? (/^\d$/.test(key) ? key : "");
  if (event.altKey) {
    const layer = LAYERS[Number(digit) as keyof typeof LAYERS];
    if (layer) commands.layer(layer);
    return layer !== undefined;
  }
  if (digit && digit !== "0") {
    commands.label(Number(digit) - 1);
    return true;
  }
  if (key === "Enter") commands.finish(event.shiftKey, event.altKey);
  else if (key === "[" || key === "]") commands.size(key === "]" ? 1.25 : 0.8);
  else if (key === "Escape") return commands.escape();
  else if (key === "Backspace" || key === "Delete") {
    if (!commands.back()) commands.operate("remove");
  } else {
    const named = `${event.shiftKey ? "Shift+" : ""}${key === "ArrowRight" ? "→" : key.toUpperCase()}`;
    const operation = OPERATIONS.find((one) => one.key === named);
    const tool = event.shiftKey ? undefined : TOOLS.find((one) => one.key === key);
    if (operation) commands.operate(operation.op);
    else if (tool) commands.take(tool.name);
    else return false;
  }
  return true;
}
