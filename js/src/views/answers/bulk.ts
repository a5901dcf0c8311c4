/** The questions of many rows in a popover: one answer for all of them. */
import { h } from "../../draw/dom";
import { claim, hear } from "../elements";
import { Fields } from "./fields";
import type { Bulk } from "./script";
import { worded } from "./words";

export function bulk({ frame, popover, anchor, title, form, give }: Bulk): void {
  const fields = new Fields((field, _, value) => {
    const words = value === null ? "no answer" : worded(value);
    give(field.question.name, value, words);
  });
  fields.show(form, form.parts.length ? "" : "Questions are asked of images and of instances.");
  const content = h("div.nbl-form.nbl-bulk", {}, h("b", {}, title), fields.el);
  hear(content, "keydown", (event) => {
    const target = event.target as Element;
    const field = fields.focused;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    event.stopPropagation(); // what is typed is not for the view
    if (by && !target.matches("textarea")) {
      claim(event);
      fields.step(field, by)?.enter();
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey) {
      const typing = target.matches("textarea") && event.key === "Enter" && event.shiftKey;
      const does = typing ? "" : field?.press(event.key, target);
      if (does) claim(event);
      if (does === "on") fields.step(field, 1)?.enter();
    }
  });
  popover.show("answer", title, anchor, [content]);
  (fields.lacking(undefined, true) ?? fields.all[0])?.enter();
  if (!fields.all.length)
    frame.root.querySelector<HTMLElement>(".nbl-popover")?.focus({ preventScroll: true });
}
