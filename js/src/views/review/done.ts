/** The summary when nothing is left to ask. */
import type { Counts } from "../../core/asking/deck";
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { inWords } from "./progress";

export interface Outcome {
  counts: Counts;
  /** Name of an item: "prediction". */
  one: string;
  /** Answers given here, and seconds of looking for them. */
  given: number;
  seconds: number;
  /** Answers the kernel has not acknowledged. */
  pending: number;
}

/** @param again asks the skipped items. */
export function done({ counts, one, given, seconds, pending }: Outcome, again: () => void): HTMLElement {
  const { total, answered, accepted, corrected, rejected, skipped } = counts;
  const all = answered === total;
  const title = all
    ? given
      ? `All ${counted(total, one)} reviewed`
      : `All ${counted(total, one)} were reviewed before`
    : `${counted(answered, one)} reviewed, ${formatCount(skipped)} skipped`;
  const number = (n: string, what: string, kind = "") =>
    h("div.nbl-review-number", { "data-kind": kind }, h("b", {}, n), h("span", {}, what));
  const numbers = [
    number(formatCount(accepted), "accepted", "accepted"),
    number(formatCount(rejected), "rejected", "rejected"),
  ];
  if (corrected) numbers.splice(1, 0, number(formatCount(corrected), "corrected", "corrected"));
  if (given && seconds)
    numbers.push(
      number(inWords(seconds / 60), "of looking"),
      number(formatCount(Math.round((given * 60) / seconds)), "per minute"),
    );
  const code = (text: string, what: string) => h("li", {}, h("code", {}, text), ` ${what}`);
  return h(
    "section.nbl-review-done",
    { role: "status" },
    h("h3", {}, title),
    h("div.nbl-review-numbers", {}, ...numbers),
    pending > 0 && h("p", {}, `${counted(pending, "answer")} still on the way to the kernel.`),
    !all &&
      h(
        "button.nbl-primary",
        { onclick: again },
        skipped === 1 ? "Look at the one skipped" : `Look at the ${formatCount(skipped)} skipped`,
        h("kbd", {}, "⏎"),
      ),
    all &&
      h(
        "ul",
        {},
        given > 0 && code('ds.commit("reviewed")', "makes a version of it"),
        given > 0 && code("review.summary()", "says who answered how much"),
        !given && code("nl.Review(ws, rows, again=True)", "asks them again"),
      ),
  );
}
