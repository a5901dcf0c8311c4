/** Numbers at the top: masks gained so far, and the answers they took. */
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { percent } from "./gauge";
import type { Progress } from "./wire";

export class Numbers {
  readonly bar = h("div.nbl-verify-bar", { role: "img" });
  readonly #parts = ["accepted", "rejected"].map((name) => h(`i.nbl-verify-${name}` as "i"));
  readonly #phase = h("span.nbl-verify-phase");
  readonly #gained = h("b.nbl-verify-gained");
  readonly #answers = h("span.nbl-count.nbl-verify-answers");
  readonly #pace = h("span.nbl-count.nbl-verify-pace");
  readonly #pending = h("span.nbl-verify-pending", { role: "status" });

  constructor(toolbar: HTMLElement) {
    this.bar.append(...this.#parts);
    toolbar.append(this.#phase, this.#gained, this.#answers, this.#pace, this.#pending);
    toolbar.append(h("span.nbl-spacer"));
  }

  show(progress: Progress): void {
    const { phase, n_accepted, n_rejected, n_open, n_masks, n_answers, budget, seconds } = progress;
    this.#phase.textContent = phase;
    this.#phase.dataset.phase = phase;
    const audit = Boolean(progress.state);
    this.#phase.title = audit && phase === "audit" ? "asking about masks drawn at random" : PHASES[phase];
    const [yes, no] = audit ? ["right", "wrong"] : ["accepted", "rejected"];
    const shares = `${formatCount(n_accepted)} ${yes}, ${formatCount(n_rejected)} ${no}, ${formatCount(n_open)} open`;
    this.#gained.textContent = audit
      ? `${formatCount(n_accepted)} right, ${formatCount(n_rejected)} wrong`
      : `${counted(n_accepted, progress.things)} gained`;
    this.#gained.title = `${shares}, of ${formatCount(n_masks)}`;
    this.bar.setAttribute("aria-label", shares);
    for (const [i, n] of [n_accepted, n_rejected].entries())
      this.#parts[i].style.width = percent(n / Math.max(n_masks, 1));
    const left = budget === null ? "" : `, ${formatCount(Math.max(budget - n_answers, 0))} left`;
    this.#answers.textContent = `${counted(n_answers, "answer")}${left}`;
    this.#answers.title = budget === null ? "no limit" : `of a budget of ${formatCount(budget)}`;
    const rate = seconds > 0 ? ((audit ? n_answers : n_accepted) * 60) / seconds : 0;
    this.#pace.textContent = rate ? `${formatCount(Math.round(rate))} per minute` : "";
    this.#pace.title = audit ? "answers per minute of looking" : "masks gained per minute of looking";
  }

  /** @param answers number of answers on their way to the kernel. */
  pending(answers: number, lost: boolean): void {
    this.#pending.textContent = answers
      ? `${counted(answers, "answer")} ${lost ? "not saved" : "pending"}`
      : "";
    this.#pending.dataset.lost = String(lost);
    this.#pending.title = lost
      ? "the kernel was gone before it had them: run the cell again, they will be asked again"
      : "the kernel is busy: it takes them when it is free";
  }
}

const PHASES: Record<Progress["phase"], string> = {
  search: "looking for clusters that are right, or wrong, as a whole",
  audit: "checking all that was accepted",
  done: "nothing is left to ask",
};
