/** The share of right masks: estimate, interval and target on one line; and the outlook of the answers. */
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import type { Outlook, Progress, Question } from "./wire";

const OUTCOMES = ["accept", "split", "more", "reject"] as const;
const MEANS: Record<string, string> = {
  accept: "gained",
  reject: "set aside",
  split: "asked about in parts",
  more: "need more answers",
};

const SETTLES: Record<string, [name: string, means: string]> = {
  accept: ["holds", "the target is reached"],
  reject: ["fails", "the target is missed"],
  more: ["open", "more answers are needed"],
};

export class Gauge {
  readonly root: HTMLElement;
  readonly #title = h("h4");
  readonly #interval = h("i.nbl-verify-interval");
  readonly #estimate = h("i.nbl-verify-estimate");
  readonly #target = h("i.nbl-verify-target");
  readonly #line: HTMLElement;
  readonly #says = h("div.nbl-verify-says");
  readonly #outcomes = h("ul.nbl-verify-outcomes");

  constructor() {
    this.#line = h("div.nbl-verify-line", { role: "img" }, this.#interval, this.#estimate, this.#target);
    this.root = h("section.nbl-verify-gauge", {}, this.#title, this.#line, this.#says, this.#outcomes);
  }

  /** @param fresh whether the outlook is of the current answers; else a new one is on its way. */
  show(question: Question, outlook: Outlook | null, progress: Progress, fresh: boolean): void {
    const { target_quality: target, n_masks, state, things } = progress;
    this.#title.textContent = state
      ? `${question.asks ? "Yes" : "Right"} among all ${formatCount(n_masks)}`
      : title(question);
    this.root.classList.toggle("nbl-verify-stale", !fresh);
    this.#target.hidden = target === null;
    this.#target.style.left = percent(target ?? 0);
    const aim = target === null ? "no target" : `target ${whole(target)}`;
    const { estimate = null, lower = null, upper = null } = outlook ?? {};
    this.#interval.hidden = lower === null || upper === null;
    this.#interval.style.left = percent(lower ?? 0);
    this.#interval.style.width = percent((upper ?? 0) - (lower ?? 0));
    this.#estimate.hidden = estimate === null;
    this.#estimate.style.left = percent(estimate ?? 0);
    const about = estimate === null ? "no estimate" : `about ${whole(estimate)}`;
    const range = lower === null || upper === null ? "" : `, between ${whole(lower)} and ${whole(upper)}`;
    this.#line.setAttribute("aria-label", `${about}${range}; ${aim}`);
    this.#says.replaceChildren(
      h("b", {}, estimate === null ? "–" : whole(estimate)),
      h("span", {}, lower === null || upper === null ? "" : `${whole(lower)} – ${whole(upper)}`),
      h("span.nbl-muted", {}, aim),
    );
    this.#outcomes.replaceChildren(...(state ? settles(outlook, target) : this.#rows(outlook, things)));
  }

  #rows(outlook: Outlook | null, things: string): HTMLElement[] {
    if (!outlook) return [];
    const known = OUTCOMES.filter((name) => name in outlook.masks || name === outlook.outcome);
    return known.map((name) => {
      const n = outlook.masks[name];
      const on = name === outlook.outcome;
      const text = n === undefined ? MEANS[name] : `${counted(n, things)} ${MEANS[name]}`;
      const more =
        name === "accept" && outlook.answers ? ` after about ${counted(outlook.answers, "answer")}` : "";
      return h(
        "li",
        { "data-outcome": name, "aria-current": on ? "true" : false },
        h("b", {}, name),
        h("span", {}, text + more),
      );
    });
  }
}

/** What the answers of an audit lead to; nothing for an estimate, which only grows narrower. */
function settles(outlook: Outlook | null, target: number | null): HTMLElement[] {
  if (!outlook || target === null) return [];
  const [name, means] = SETTLES[outlook.outcome];
  const more = outlook.answers && name === "open" ? `, about ${counted(outlook.answers, "answer")}` : "";
  const outcome = { "data-outcome": outlook.outcome, "aria-current": "true" };
  return [h("li", outcome, h("b", {}, name), h("span", {}, means + more))];
}

function title({ kind, cluster }: Question): string {
  if (kind === "audit") return "Right among all accepted";
  return cluster || kind === "known" ? "Right in this cluster" : "Right among these";
}

export function percent(share: number): string {
  return `${(100 * Math.min(Math.max(share, 0), 1)).toFixed(2)}%`;
}

/** "87.5 %", rounded down to a tenth: for "at least", and for "with a probability of". */
export function atLeast(share: number): string {
  return `${Math.floor(share * 1000 + 1e-6) / 10}\u202f%`;
}

/** "87 %". */
export function whole(share: number): string {
  return `${Math.round(share * 100)}\u202f%`;
}
