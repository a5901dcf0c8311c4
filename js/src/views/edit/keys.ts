/** Keys while editing. */
import { isTyping } from "../viewer/keys";
import { DECISIONS, type DecisionName, LAYER_KEYS, OPERATIONS, TOOLS, type ToolName } from "./catalog";

export interface Commands {
  take(tool: ToolName): void;
  operate(op: string): void;
  decide(name: DecisionName): void;
  /** @param at number of the label, from 0. */
  label(at: number): void;
  findLabel(): void;
  layer(name: "show_image" | "show_labels" | "show_predictions"): void;
  size(factor: number): void;
  /** Close what is being drawn; returns whether something was. */
  finish(shift: boolean, alt: boolean): boolean;
  /** Take back the last corner; returns whether there was one. */
  back(): boolean;
  /** Drop what is drawn, or the picks, or the tool; returns whether the key was handled. */
  escape(): boolean;
  undo(): void;
  redo(): void;
  copy(): void;
  paste(): void;
}

type Layer = keyof typeof LAYER_KEYS;

/** Whether the key was for the editor. */
export function pressed(event: KeyboardEvent, commands: Commands): boolean {
  const control = (event.target as HTMLElement).matches?.("button, select, a");
  if (isTyping(event) || (event.key === "Enter" && control)) return false;
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
    if (key === "Enter") return commands.finish(event.shiftKey, true);
    const layer = (Object.keys(LAYER_KEYS) as Layer[]).find((name) => LAYER_KEYS[name] === `Alt+${digit}`);
    if (layer) commands.layer(layer);
    return layer !== undefined;
  }
  if (digit && digit !== "0") {
    commands.label(Number(digit) - 1);
    return true;
  }
  if (key === "Enter" && commands.finish(event.shiftKey, false)) return true;
  if (key === "[" || key === "]") commands.size(key === "]" ? 1.25 : 0.8);
  else if (key === "Escape") return commands.escape();
  else if (key === "Backspace" || key === "Delete") {
    if (!commands.back()) commands.operate("remove");
  } else {
    if (key === "l" && event.shiftKey) {
      commands.findLabel();
      return true;
    }
    const name = key === "ArrowRight" ? "→" : key.length === 1 ? key.toUpperCase() : key;
    const named = `${event.shiftKey ? "Shift+" : ""}${name}`;
    const decision = DECISIONS.find((one) => one.key.split(" ").includes(named));
    const operation = OPERATIONS.find((one) => one.key === named);
    const tool = event.shiftKey ? undefined : TOOLS.find((one) => one.key === key);
    if (decision) commands.decide(decision.name);
    else if (operation) commands.operate(operation.op);
    else if (tool) commands.take(tool.name);
    else return false;
  }
  return true;
}
