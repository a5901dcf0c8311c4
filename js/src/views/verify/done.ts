/** The summary when nothing is left to ask. */
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { rise } from "../../draw/rise";
import { atLeast, whole } from "./gauge";
import type { Progress } from "./wire";

const CERTIFY = "ds.certify(a)";
const WRONG = "nl.Review(ds, a.wrong, again=True)";

export function done(progress: Progress): HTMLElement {
  const { n_masks, n_accepted, n_rejected, n_open, n_answers, things, take, rest } = progress;
  if (!n_masks)
    return h(
      "section.nbl-verify-done",
      { role: "status" },
      h("h3", {}, "No candidates"),
      h("p.nbl-muted", {}, "No prediction is left to ask about."),
      h("p.nbl-muted", {}, "Lower min_score or min_area in nl.propagate, or predict with a lower score."),
    );
  if (progress.state) return audited(progress);
  const masks = things === "mask"; // else answers to a question about instances
  return h(
    "section.nbl-verify-done",
    { role: "status" },
    h("h3", {}, `${counted(n_accepted, things)} ${masks ? "accepted" : "answered"}`),
    h(
      "div.nbl-verify-numbers",
      {},
      number(n_accepted, "accepted", "accepted"),
      number(n_rejected, "rejected", "rejected"),
      number(n_open, "left open"),
      number(n_answers, "answers"),
    ),
    h("p", {}, masks ? guarantee(progress) : progress.note),
    masks && progress.lower === null && progress.note && h("p.nbl-muted", {}, progress.note), // else it says the same
    progress.together && h("p", {}, progress.together),
    curve(progress),
    n_accepted > 0 && cell(masks ? "Accept them:" : "Write the answers:", take),
    n_open > 0 &&
      rest &&
      cell(masks ? "Review the rest, most likely right first:" : "Answer the rest, most likely first:", rest),
  );
}

/** The end of an audit: the statement, what holds without the wrong masks, and the cell that keeps it. */
function audited({ state, target_quality, n_accepted, n_rejected, n_answers, note }: Progress): HTMLElement {
  const aim = target_quality === null ? "" : ` of ${whole(target_quality)}`;
  const heads = { holds: `The target${aim} is reached`, fails: `The target${aim} is missed` };
  const open = target_quality === null ? "Estimated" : "The audit ended before it was decided";
  return h(
    "section.nbl-verify-done",
    { role: "status" },
    h("h3", {}, state === "holds" || state === "fails" ? heads[state] : open),
    h(
      "div.nbl-verify-numbers",
      {},
      number(n_accepted, "right", "accepted"),
      number(n_rejected, "wrong", "rejected"),
      number(n_answers, "answers"),
    ),
    h("p", {}, note),
    cell("Keep it with the dataset:", CERTIFY),
    n_rejected > 0 && cell("Look at the wrong ones:", WRONG),
  );
}

function number(n: number, what: string, kind = ""): HTMLElement {
  return h("div.nbl-verify-number", { "data-kind": kind }, h("b", {}, formatCount(n)), h("span", {}, what));
}

/** Masks accepted against answers; null before two questions are answered, or where no mask is accepted. */
export function curve({ curve: steps, n_accepted, n_answers, things }: Progress): HTMLElement | null {
  if (steps.length < 2 || !n_accepted) return null;
  const most = formatCount(Math.max(...steps.map(([, masks]) => masks)));
  const said = `${formatCount(n_accepted)} ${things}s accepted after ${formatCount(n_answers)} answers`;
  const caption = ["0", `${things}s accepted, up to ${most}`, `${formatCount(n_answers)} answers`];
  return h(
    "figure.nbl-verify-curve",
    {},
    rise(steps, said),
    h("figcaption.nbl-muted", {}, ...caption.map((text) => h("span", {}, text))),
  );
}

/** The text on how many of the accepted masks are right. */
export function guarantee({ n_accepted, estimate, lower, alpha, target_quality }: Progress): string {
  if (!n_accepted) return "No cluster was found to be right.";
  const sure = alpha === null ? "" : ` with a probability of ${atLeast(1 - alpha)}`;
  if (lower !== null && alpha !== null) {
    const under = target_quality !== null && lower < target_quality;
    const reached = under ? `, under the target of ${whole(target_quality)}` : "";
    return `At least ${atLeast(lower)} of them are right${sure}${reached}.`;
  }
  if (alpha !== null) return "No more is promised than was answered.";
  if (estimate === null) return "Nothing is known of how many of them are right.";
  return `About ${whole(estimate)} of them are right: an estimate, this strategy gives no guarantee.`;
}

function cell(what: string, code: string): HTMLElement {
  const field = h("input", { value: code, readonly: true, "aria-label": "cell to run" });
  field.size = code.length;
  const copy = h("button", { onclick: () => void write() }, "Copy");
  const write = async () => {
    try {
      await navigator.clipboard.writeText(code);
      copy.textContent = "Copied";
    } catch {
      field.select(); // the page may not write there: copy it from the field
      copy.textContent = "Press Ctrl+C";
    }
  };
  return h("div.nbl-verify-cell", {}, h("span", {}, what), field, copy);
}
