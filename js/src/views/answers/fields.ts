/** The fields of a form, in parts: kept while their question stays, so that what is being typed stays. */
import { h } from "../../draw/dom";
import { Field } from "./field";
import type { Answer, Form, Part } from "./wire";

export class Fields {
  readonly el = h("div.nbl-fields");
  #fields = new Map<string, { field: Field; part: Part }>();

  constructor(private readonly give: (field: Field, part: Part, value: Answer) => void) {}

  get all(): Field[] {
    return [...this.#fields.values()].map(({ field }) => field);
  }

  /** The field that has the keys. */
  get focused(): Field | undefined {
    return this.all.find((field) => field.focused);
  }

  /** Show a form. @param why said instead of questions. */
  show({ parts }: Form, why: string): void {
    const before = this.#fields;
    const { focused } = this;
    const inside = document.activeElement as HTMLElement | null;
    this.#fields = new Map();
    const shown = parts.map((part) => {
      const fields = part.questions.map((question) => {
        const key = `${part.of}|${question.name}|${question.kind}|${question.options.length > 14}`;
        const known = before.get(key);
        const entry = known ?? { field: new Field(question, (value) => this.#give(key, value)), part };
        entry.part = part;
        if (known) known.field.update(question);
        this.#fields.set(key, entry);
        return entry.field.el;
      });
      const nothing = part.declared
        ? "Nothing is asked here."
        : 'No questions yet: ds.ask("sex", options=["f", "m"]).';
      return h(
        "section.nbl-part",
        { "data-of": part.of },
        h("div.nbl-part-title", { title: part.title }, part.title),
        ...(fields.length ? fields : [h("div.nbl-muted", {}, nothing)]),
      );
    });
    this.el.replaceChildren(...(why ? [h("div.nbl-muted", {}, why)] : []), ...shown);
    // Moving an element takes its focus away.
    if (focused && this.all.includes(focused) && inside?.isConnected) inside.focus({ preventScroll: true });
  }

  /** Forget the fields: they are of other rows. What was typed is given as an answer first. */
  clear(): void {
    for (const field of this.all) field.flush();
    this.#fields.clear();
  }

  #give(key: string, value: Answer): void {
    const entry = this.#fields.get(key);
    if (entry) this.give(entry.field, entry.part, value);
  }

  /** The field `by` places from one, around the ends. */
  step(from: Field | undefined, by: number): Field | undefined {
    const { all } = this;
    const at = from ? all.indexOf(from) : by > 0 ? -1 : 0;
    return all[(at + by + all.length) % all.length];
  }

  /**
   * The next field after one that lacks an answer, else the first that does.
   *
   * @param must only required ones; of a table, if it is the name of one.
   */
  lacking(after: Field | undefined, must: string | boolean): Field | undefined {
    const entries = [...this.#fields.values()];
    const at = after ? entries.findIndex(({ field }) => field === after) : -1;
    const found = [...entries.slice(at + 1), ...entries.slice(0, at + 1)].find(
      ({ field, part }) =>
        field.lacks && (!must || field.question.required) && (typeof must === "boolean" || part.of === must),
    );
    return found?.field;
  }
}
