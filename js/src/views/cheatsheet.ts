/** The sheet of a view's keys, shown on `?`. */
import { h } from "../draw/dom";
import type { Frame } from "./frame";

/**
 * @param rows keys, one or more separated by spaces ("← →", "Ctrl+Z"), and what they do.
 * @returns opens or closes the sheet, for a button.
 */
export function cheatsheet(
  frame: Frame,
  rows: readonly (readonly [string, string])[],
  signal: AbortSignal,
): () => void {
  let sheet: HTMLElement | null = null;
  let before: HTMLElement | null = null;
  const close = () => {
    sheet?.remove();
    sheet = null;
    (before?.isConnected ? before : frame.root).focus({ preventScroll: true });
  };
  const open = () => {
    before = (frame.root.getRootNode() as Document).activeElement as HTMLElement | null;
    const table = h("table.nbl-keys");
    for (const [keys, what] of [...rows, ...frame.keys]) {
      const cells = keys.split(" ").flatMap((key) => [h("kbd", {}, key), " "]);
      table.append(h("tr", {}, h("th", { scope: "row" }, ...cells), h("td", {}, what)));
    }
    const shut = h("button.nbl-quiet.nbl-icon", { "aria-label": "close", onclick: close }, "×");
    sheet = h(
      "div.nbl-popover.nbl-cheatsheet",
      { role: "dialog", "aria-label": "keys", tabindex: -1 },
      h("div.nbl-cheatsheet-head", {}, h("b", {}, "Keys"), shut),
      table,
    );
    frame.body.append(sheet);
    sheet.focus({ preventScroll: true });
  };
  const toggle = () => (sheet ? close() : open());
  const onKey = (event: KeyboardEvent) => {
    const typing = (event.target as HTMLElement).closest?.(
      "input:not([type=range],[type=checkbox]), textarea",
    );
    if (event.key === "?" && !typing) toggle();
    else if (event.key === "Escape" && sheet) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  // Before the view's own keys: Escape closes the sheet and nothing else.
  frame.root.addEventListener("keydown", onKey, { capture: true, signal });
  return toggle;
}
