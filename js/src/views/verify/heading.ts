/** Over the masks: the question and its reason. */
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import type { Question } from "./wire";

/** The question in words, without the label. */
export function asked({ asks }: Pick<Question, "asks">): string {
  return asks || "Is each mask right?";
}

export class Heading {
  readonly root = h("div.nbl-verify-heading");
  readonly #title = h("b");
  readonly #about = h("span.nbl-muted");
  readonly #count = h("span.nbl-verify-count");

  constructor() {
    this.root.append(this.#title, this.#about, this.#count);
  }

  show({ number, label, size, cluster, why, asks }: Question, things: string): void {
    const whose = !asks && label ? `${label}: is each mask right?` : asked({ asks });
    this.#title.textContent = number < 0 ? `Qualification: ${asks || "is each mask right?"}` : whose;
    const plain = size ? `The answers decide about ${counted(size, things)}.` : "";
    const about = [why || plain, cluster && `Cluster ${cluster}.`];
    this.#about.textContent = about.filter(Boolean).join(" ");
    this.root.title = this.#about.textContent;
  }

  count(yes: number, no: number, left: number, page: [number, number]): void {
    const [at, of] = page;
    const parts = [`✓ ${formatCount(yes)}`, `✕ ${formatCount(no)}`, `${formatCount(left)} open`];
    if (of > 1) parts.push(`page ${at} of ${of}`);
    this.#count.textContent = parts.join("  ");
  }
}
