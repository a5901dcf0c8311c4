/** Keys of form and definition in a view with a picture; the rest is a script that is loaded when one is pressed. */
import { claim } from "../elements";
import { type Host, type Load, type Side, scriptOf } from "./script";

export const KEYS: readonly (readonly [string, string])[] = [
  ["Shift+Q", "questions: open the form, or put the keys into it; Esc leaves it"],
  ["Shift+T", "definition of the label, with its examples, beside the picture"],
  ["Alt+X Alt+Shift+X", "this instance is a right, a wrong example of the label; again: it is none"],
];

const TYPING = "textarea, select, input:not([type=checkbox], [type=range])";

/** What a key means for the panel; undefined for nothing. */
export function meant(
  event: KeyboardEvent,
  bare = false,
): "form" | "definition" | "right" | "wrong" | undefined {
  const { altKey, shiftKey, ctrlKey, metaKey, target } = event;
  if (ctrlKey || metaKey || (target as HTMLElement).matches?.(TYPING)) return undefined;
  const key = event.key.toLowerCase();
  if (altKey) {
    const letter = /^[a-z]$/.test(key) ? key : event.code; // with Alt, a Mac types other signs
    if (letter !== "x" && letter !== "KeyX") return undefined;
    return shiftKey ? "wrong" : "right";
  }
  if (!shiftKey && !bare) return undefined;
  return key === "q" ? "form" : key === "t" ? "definition" : undefined;
}

export class Panels {
  #side: Promise<Side> | null = null;
  /** Set when the script is there. */
  #loaded: Side | null = null;

  readonly #host: Host;
  readonly #load: Load;

  /** @param load gives the script; another one in tests. */
  constructor(host: Host, load: Load = scriptOf(host.rpc, host.frame.root)) {
    this.#host = host;
    this.#load = load;
  }

  /** Whether the key was for the panel. @param bare whether its letters need no Shift in this view. */
  key(event: KeyboardEvent, bare = false): boolean {
    const does = meant(event, bare);
    if (!does) return false;
    claim(event);
    if (!event.repeat) this[does]();
    return true;
  }

  /** A key that the form takes though the view has the focus, once it is there; whether it was one. */
  press(event: KeyboardEvent): boolean {
    const { key, target } = event;
    const elsewhere = (target as HTMLElement).matches?.(`button, .nbl-panels *, ${TYPING}`);
    if (!this.#loaded || elsewhere || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (!/^([0-9]|Enter)$/.test(key)) return false;
    claim(event);
    if (!event.repeat) this.#loaded.press(key);
    return true;
  }

  /** Open the form, without the keys. */
  open(): void {
    this.#do((side) => side.open());
  }

  form(): void {
    this.#do((side) => side.form());
  }

  definition(): void {
    this.#do((side) => side.definition());
  }

  right(): void {
    this.#do((side) => side.example(true));
  }

  wrong(): void {
    this.#do((side) => side.example(false));
  }

  follow(): void {
    this.#loaded?.follow();
  }

  #do(act: (side: Side) => void): void {
    const { frame, signal } = this.#host;
    this.#side ??= this.#load().then((script) => {
      this.#loaded = script.side(this.#host);
      return this.#loaded;
    });
    this.#side.then(
      (side) => signal.aborted || act(side),
      (error) => {
        this.#side = null;
        frame.fail(error, () => this.#do(act));
      },
    );
  }
}
