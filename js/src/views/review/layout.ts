/** Where the parts of a review stand. */
import { h } from "../../draw/dom";
import { cheatsheet } from "../cheatsheet";
import type { Frame } from "../frame";
import { KEYS } from "./keys";

export interface Parts {
  /** The picture, and what lies over it. */
  front: HTMLElement[];
  /** Facts beside the picture. */
  facts: HTMLElement;
  /** Progress, above all. */
  bar: HTMLElement;
  /** First what takes the place of the picture at the end. */
  below: HTMLElement[];
}

/** Put them into the frame, hidden until there are rows. @returns the element of picture and facts, and of the picture. */
export function build(
  frame: Frame,
  display: HTMLElement,
  { front, facts, bar, below }: Parts,
  signal: AbortSignal,
): { main: HTMLElement; front: HTMLElement } {
  const keys = cheatsheet(frame, KEYS, signal);
  frame.toolbar.append(
    display,
    h("button.nbl-quiet.nbl-icon", { "aria-label": "keys", title: "keys (?)", onclick: keys }, "?"),
  );
  const picture = h("div.nbl-review-stage", {}, ...front);
  const main = h("div.nbl-review-main", {}, picture, facts);
  const body = h("div.nbl-review-body", {}, bar, main, ...below);
  frame.body.append(body);
  body.hidden = true;
  below[0].hidden = true;
  return { main, front: picture };
}
