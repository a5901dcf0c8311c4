/** Progress and pace of a review, and the number of pending answers. */
import type { Counts } from "../../core/asking/deck";
import type { Pace } from "../../core/asking/pace";
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";

export class Progress {
  readonly bar = h("div.nbl-review-bar", {
    role: "progressbar",
    "aria-label": "answered",
    "aria-valuemin": 0,
  });
  readonly #place = h("b.nbl-review-place");
  readonly #counts = h("span.nbl-review-counts");
  readonly #pace = h("span.nbl-count.nbl-review-pace");
  readonly #pending = h("span.nbl-review-pending", { role: "status" });
  readonly #parts = ["accepted", "corrected", "rejected"].map((name) => h(`i.nbl-review-${name}` as "i"));

  constructor(toolbar: HTMLElement) {
    this.bar.append(...this.#parts);
    toolbar.append(this.#place, this.#counts, this.#pending, h("span.nbl-spacer"), this.#pace);
  }

  update(counts: Counts, pace: Pace, pending: number, lost: boolean): void {
    const { total, answered, accepted, corrected, rejected, skipped, left } = counts;
    this.#place.textContent = `${formatCount(answered)} / ${formatCount(total)}`;
    this.#place.title = `${formatCount(answered)} of ${formatCount(total)} answered`;
    this.#counts.replaceChildren(
      ...tally("accepted", "✓", accepted),
      ...tally("corrected", "✎", corrected),
      ...tally("rejected", "✕", rejected),
      ...tally("skipped", "→", skipped),
    );
    for (const [i, n] of [accepted, corrected, rejected].entries())
      this.#parts[i].style.width = `${(100 * n) / Math.max(total, 1)}%`;
    this.bar.setAttribute("aria-valuemax", String(total));
    this.bar.setAttribute("aria-valuenow", String(answered));
    const rate = pace.perMinute;
    const minutes = pace.minutes(left);
    this.#pace.replaceChildren(
      h("span.nbl-review-rate", {}, rate ? `${Math.round(rate)} per minute${left ? " · " : ""}` : ""),
      rate && left ? `${inWords(minutes)} left` : "",
    );
    this.#pending.textContent = pending
      ? lost
        ? `${counted(pending, "answer")} not saved`
        : `${formatCount(pending)} pending`
      : "";
    this.#pending.dataset.lost = String(lost);
    this.#pending.title = lost
      ? "the kernel was gone before it had them: they will be asked again"
      : "the kernel is busy: it takes them when it is free";
  }
}

/** "40 s", "7 min", "2 h 5 min". */
export function inWords(minutes: number): string {
  if (minutes < 1) return `${Math.max(Math.round(minutes * 60), 1)} s`;
  if (minutes < 60) return `${Math.round(minutes)} min`;
  return `${Math.floor(minutes / 60)} h ${Math.round(minutes % 60)} min`;
}

function tally(name: string, sign: string, n: number): HTMLElement[] {
  if (!n) return [];
  const what = `${formatCount(n)} ${name}`;
  return [
    h(
      `span.nbl-review-tally.nbl-review-${name}` as "span",
      { title: what, "aria-label": what },
      `${sign} ${formatCount(n)}`,
    ),
  ];
}
