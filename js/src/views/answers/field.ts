/** One question of a form: its name, what is asked, and options or a field, all by keyboard. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { focusOn, hear } from "../elements";
import { Names } from "../labels/search";
import type { Answer, Question } from "./wire";
import { answerOf, isChosen, measure, spread, worded } from "./words";

const KEYED = 9; // options that have a digit
const MOST = 14; // options that are all shown; more are found by typing

export class Field {
  readonly el = h("div.nbl-field", { role: "group" });
  readonly #name = h("div.nbl-field-name");
  readonly #text = h("div.nbl-field-text.nbl-muted");
  readonly #options = h("div.nbl-field-options");
  readonly #note = h("div.nbl-field-note.nbl-muted");
  readonly #error = h("div.nbl-field-error", { role: "alert", hidden: true });
  /** Where a number, a text, or a part of the name of an option is typed. */
  readonly #input: HTMLInputElement | HTMLTextAreaElement | null;
  /** What the input held when it was last the same as the answer. */
  #clean = "";
  #names: Names | null = null;
  #shown: string[] = [];

  constructor(
    public question: Question,
    private readonly give: (value: Answer) => void,
  ) {
    const { kind, options, name } = question;
    const many = options.length > MOST;
    this.#input =
      kind === "text"
        ? h("textarea.nbl-field-input", { rows: 2 })
        : kind === "number" || many
          ? h("input.nbl-field-input", { type: "text", autocomplete: "off", spellcheck: "false" })
          : null;
    if (this.#input) {
      this.#input.setAttribute("aria-label", this.types ? name : `find an option of ${name}`);
      if (kind === "number") this.#input.setAttribute("inputmode", "decimal");
      hear(this.#input, "input", () => this.#typed());
      hear(this.#input, "change", () => this.flush());
    } else this.el.tabIndex = 0;
    const line = h(
      "div.nbl-field-line",
      {},
      this.#input,
      this.types && h("span.nbl-muted", {}, measure(question)),
    );
    this.el.append(this.#name, this.#text, line, this.#options, this.#note, this.#error);
    if (!this.#input) line.remove();
    this.update(question);
  }

  /** Whether a person types the answer itself. */
  get types(): boolean {
    return this.question.kind === "number" || this.question.kind === "text";
  }

  /** Whether rows lack an answer. */
  get lacks(): boolean {
    return this.question.answered < this.question.asked;
  }

  /** Whether something was typed that is not the answer. */
  get dirty(): boolean {
    return this.types && this.#input!.value !== this.#clean;
  }

  /** Show other answers; what is being typed stays. */
  update(question: Question): void {
    const { name, text, required, kind, value, depth } = question;
    const typing = this.dirty;
    this.question = question;
    this.el.dataset.name = name;
    this.el.style.setProperty("--depth", String(Math.min(depth, 4)));
    this.el.classList.remove("nbl-waits");
    this.el.toggleAttribute("data-lacks", required && this.lacks);
    this.el.setAttribute("aria-label", `${name}${required ? ", required" : ""}`);
    this.el.setAttribute("aria-required", String(required));
    const mark = required && h("span.nbl-field-required", { title: "required" }, "*");
    this.#name.replaceChildren(h("b", {}, name), mark || "");
    this.#text.textContent = text;
    this.#text.hidden = !text;
    this.#note.textContent = this.#noted();
    this.#note.hidden = !this.#note.textContent;
    if (this.types) {
      this.#clean = worded(value);
      if (!typing) this.#input!.value = this.#clean;
      const fallback = question.answered ? "answers differ" : worded(question.default);
      this.#input!.placeholder = value === null ? fallback : "";
    } else this.#names = kind === "yes/no" || !this.#input ? null : new Names(question.options);
    this.#draw();
  }

  enter(): void {
    focusOn(this.#input ?? this.el);
  }

  get focused(): boolean {
    return this.el.contains(document.activeElement);
  }

  /** Say at the field why an answer was refused; what was typed stays. */
  wrong(text: string): void {
    this.el.classList.remove("nbl-waits");
    this.#error.textContent = text;
    this.#error.hidden = !text;
    if (text) this.#input?.setAttribute("aria-invalid", "true");
    else this.#input?.removeAttribute("aria-invalid");
  }

  /** Give what was typed as the answer, if it is another one. */
  flush(): void {
    if (!this.dirty) return;
    const { value } = this.#input!;
    this.#clean = value;
    this.#send(value.trim() ? value : null);
  }

  /** What a key does here: "" for nothing, "stay", or "on" to the next question. */
  press(key: string, target: Element | null): "" | "stay" | "on" {
    const { question } = this;
    const bare = target !== this.#input || (!this.types && !this.#input!.value);
    if (/^[1-9]$/.test(key) && !this.types && bare) return this.#choose(this.#shown[Number(key) - 1]);
    if (key === "0" && question.kind === "many" && bare) {
      this.#send([]);
      return "stay";
    }
    if ((key === "Backspace" || key === "Delete") && bare) {
      if (question.answered) this.#send(null);
      return "stay";
    }
    if ((key === "ArrowRight" || key === "ArrowLeft") && bare)
      return this.#walk(key === "ArrowRight" ? 1 : -1);
    if (key !== "Enter" || target?.matches("button")) return "";
    if (!bare && !this.types) return this.#choose(this.#shown[0]);
    if (this.dirty) {
      this.flush();
      return "stay";
    }
    if (question.answered || question.default === null) return "on";
    this.#send(question.default);
    return "stay";
  }

  #choose(option: string | undefined): "stay" {
    if (option !== undefined) this.#send(answerOf(this.question, option));
    return "stay";
  }

  #send(value: Answer): void {
    this.wrong("");
    this.el.classList.add("nbl-waits");
    if (!this.types && this.#input) this.#input.value = "";
    this.give(value);
  }

  /** Move the focus from option to option. */
  #walk(by: number): "stay" | "" {
    const buttons = [...this.#options.querySelectorAll("button")];
    if (!buttons.length) return "";
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = at < 0 ? (by > 0 ? 0 : buttons.length - 1) : (at + by + buttons.length) % buttons.length;
    focusOn(buttons[to]);
    return "stay";
  }

  #typed(): void {
    this.wrong("");
    if (!this.types) this.#draw();
  }

  #noted(): string {
    const { question } = this;
    const several = spread(question);
    if (several || question.answered || question.default === null) return several;
    return `Enter: ${worded(question.default)}, the default`;
  }

  #draw(): void {
    const { question } = this;
    if (this.types) return;
    const { options } = question;
    const text = this.#names ? this.#input!.value : "";
    const found = this.#names ? this.#names.find(text, []).map((at) => options[at]) : options;
    const answers = this.#names && !text ? options.filter((one) => isChosen(question, one)) : [];
    this.#shown = [...new Set([...answers, ...found])].slice(0, MOST);
    const rest = found.length - this.#shown.length;
    const at = [...this.#options.children].indexOf(document.activeElement as Element);
    this.#options.replaceChildren(
      ...this.#shown.map((option, i) => this.#option(option, i)),
      question.kind === "many" ? this.#none() : "",
      rest > 0 ? h("span.nbl-muted", {}, `and ${formatCount(rest)} more: type to find them`) : "",
    );
    if (at >= 0) focusOn(this.#options.children[at] as HTMLElement);
  }

  #option(option: string, i: number): HTMLElement {
    const { question } = this;
    const { kind, retired, asked, counts, options } = question;
    const count = counts[options.indexOf(option)];
    const fallback = question.default;
    const usual =
      !question.answered &&
      (Array.isArray(fallback)
        ? fallback.includes(option)
        : fallback !== null && worded(fallback) === option);
    return h(
      "button.nbl-option",
      {
        type: "button",
        tabindex: -1,
        role: kind === "many" ? "checkbox" : "radio",
        "aria-checked": String(isChosen(question, option)),
        "data-default": usual,
        title: retired.includes(option)
          ? `${option}: offered no more`
          : usual
            ? `${option}: the default`
            : option,
        onclick: () => this.#choose(option),
      },
      i < KEYED && h("kbd", { "aria-hidden": "true" }, String(i + 1)),
      h("span", {}, option),
      asked > 1 && count > 0 && h("span.nbl-count", {}, formatCount(count)),
    );
  }

  /** "None of them", which is an answer, too. */
  #none(): HTMLElement {
    const { value } = this.question;
    const none = Array.isArray(value) && !value.length;
    return h(
      "button.nbl-option",
      {
        type: "button",
        tabindex: -1,
        role: "checkbox",
        "aria-checked": String(none),
        title: "none of them",
        onclick: () => this.#send([]),
      },
      h("kbd", { "aria-hidden": "true" }, "0"),
      h("span", {}, "none"),
    );
  }
}
