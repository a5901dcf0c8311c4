/** A label's own key, in views that have no other use for the key. */
import { claim } from "../elements";

/** @param take gives the label of a key; false if no label has it. @returns whether the key was taken. */
export function ownKey(event: KeyboardEvent, take: (key: string) => boolean): boolean {
  const { key } = event;
  if (key.length !== 1 || key === " " || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.repeat || !take(key)) return false;
  claim(event);
  return true;
}
