/** The form beside a picture: asks the kernel what is asked of the rows shown, and gives it the answers. */
import { h } from "../../draw/dom";
import { Cancelled, said } from "../../wire/rpc";
import { claim, focusOn, hear } from "../elements";
import type { Field } from "./field";
import { Fields } from "./fields";
import type { Host, Subject } from "./script";
import type { Answer, Form as Asked, Given, Moved, Part } from "./wire";

const TYPED = "textarea, input";
const ACTING = /^([0-9]|Enter|Backspace|Delete)$/;

export class Form {
  readonly el: HTMLElement;
  readonly #fields: Fields;
  /** The rows of the form shown. */
  #subject = "";
  #rev = -1;
  /** Answers that the kernel has not taken yet. */
  #pending = 0;
  /** Keys that were pressed meanwhile: they are for the question that follows. */
  #held: string[] = [];
  /** Whether the next row was asked for, and is there but for its form: nothing is answered that was not seen. */
  #moving: "" | "asked" | "moved" = "";
  /** Answers given here, and those taken back. */
  #given = 0;
  #taken = 0;

  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
    this.#fields = new Fields((field, part, value) => void this.#give(field, part, value));
    const hint = h(
      "div.nbl-form-hint.nbl-muted",
      {},
      ...["1 … 9", "answer", "↑ ↓", "move", "⌫", "clear", "Esc", "leave"].map((text, i) =>
        i % 2 ? ` ${text} ` : h("kbd", {}, text),
      ),
    );
    this.el = h("div.nbl-form", {}, this.#fields.el, hint);
    hear(this.el, "keydown", (event) => this.#pressed(event));
  }

  get focused(): boolean {
    return this.el.contains(document.activeElement);
  }

  /** Put the keys into the form: on the first question without an answer. */
  enter(): void {
    const must = this.#host.asks ?? true;
    const field = this.#fields.lacking(undefined, must) ?? this.#fields.lacking(undefined, false);
    const first = field ?? this.#fields.all[0];
    if (first) first.enter();
    else {
      this.el.tabIndex = -1;
      focusOn(this.el);
    }
  }

  /** Press a key, from anywhere in the view. */
  press(key: string): void {
    if (this.#moving) return;
    if (!this.focused) this.enter();
    this.#held.push(key);
    this.#replay();
  }

  /** Other rows are shown, or the tables are new: ask again. @param focus put the keys into the form then. */
  async follow(focus = this.focused): Promise<void> {
    const subject = this.#host.subject();
    const key = keyOf(subject);
    if (this.#pending || (key === this.#subject && this.#host.store.rev <= this.#rev)) {
      if (this.#moving === "moved") this.#moving = "";
      if (focus && !this.focused) this.enter();
      return;
    }
    if (key !== this.#subject) this.#fields.clear();
    try {
      const { instances, images } = subject;
      const sent = { key: "questions" };
      const { result } = await this.#host.rpc.request<Asked>("questions", { instances, images }, sent);
      if (this.#host.signal.aborted || keyOf(this.#host.subject()) !== key) return;
      const other = key !== this.#subject;
      this.#subject = key;
      this.#moving = "";
      this.#show(result);
      if (focus && (other || !this.focused)) this.enter();
      if (focus) this.#replay();
    } catch (error) {
      this.#host.frame.fail(error, () => void this.follow(focus));
    }
  }

  #show(form: Asked): void {
    this.#rev = Math.max(this.#rev, form.rev);
    const about = form.parts.some(({ of }) => of === "instances");
    this.#fields.show(form, about ? "" : (this.#host.subject().why ?? ""));
  }

  async #give(field: Field, part: Part, value: Answer): Promise<void> {
    const { host, subject } = { host: this.#host, subject: this.#host.subject() };
    const key = keyOf(subject);
    const { instances, images } = subject;
    const about = { of: part.of, ids: part.ids, name: field.question.name, value };
    this.#pending++;
    try {
      const { result } = await host.rpc.request<Given>("give_answer", { ...about, instances, images });
      this.#given++;
      this.#taken = 0;
      host.made?.(result.rev);
      host.say(result.note);
      this.#pending--;
      if (keyOf(host.subject()) !== key || this.#pending) this.#rev = -1;
      else {
        const on = field.focused && field.question.kind !== "many";
        this.#subject = key;
        this.#show(result);
        if (on) this.#goOn(field);
        this.#replay();
      }
    } catch (error) {
      this.#pending--;
      this.#held = [];
      if (error instanceof Cancelled) return;
      if (this.#fields.all.includes(field)) {
        field.wrong(said(error));
        if (this.focused || host.frame.root.matches(":focus-within")) field.enter();
      } else host.frame.fail(new Error(`${part.title}: ${said(error)}`));
    }
    if (!this.#pending) void this.follow();
  }

  /** Go to the next question without an answer; where none is left, the view may show the next row. */
  #goOn(from: Field): void {
    const { asks, done } = this.#host;
    const next = this.#fields.lacking(from, asks ?? false);
    if (next) next.enter();
    else if (asks && done) void this.#leave();
    else from.enter();
  }

  /** Let the view show the next row. */
  async #leave(): Promise<void> {
    if (this.#moving) return;
    this.#moving = "asked";
    this.#held = [];
    await this.#host.done!();
    if (this.#moving === "asked") this.#moving = keyOf(this.#host.subject()) === this.#subject ? "" : "moved";
  }

  #pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.altKey) return;
    const target = event.target as Element;
    if (event.ctrlKey || event.metaKey) this.#command(event, target);
    else this.#alone(event, target);
  }

  /** Ctrl+Z and its like: of the text that is being typed, else of the answers given here, else of the view. */
  #command(event: KeyboardEvent, target: Element): void {
    const key = event.key.toLowerCase();
    const undoes = key === "z" && !event.shiftKey;
    const redoes = "yx".includes(key) || (key === "z" && event.shiftKey);
    const typing = target.matches(TYPED);
    if (typing && (this.#fields.focused?.dirty || "xcv".includes(key))) event.stopPropagation();
    else if (undoes && this.#given) {
      claim(event);
      void this.#travel("undo_answer");
    } else if (redoes && this.#taken) {
      claim(event);
      void this.#travel("redo_answer");
    }
  }

  #alone(event: KeyboardEvent, target: Element): void {
    const { key } = event;
    const field = this.#fields.focused;
    const typing = target.matches(TYPED);
    const by = target.matches("textarea") ? 0 : ({ ArrowDown: 1, ArrowUp: -1 }[key] ?? 0);
    if (key === "Escape") {
      claim(event);
      field?.flush();
      focusOn(this.#host.frame.root);
    } else if (by) {
      claim(event);
      this.#fields.step(field, by)?.enter();
    } else if ((this.#pending || this.#moving) && !typing && ACTING.test(key)) {
      claim(event);
      if (!this.#moving) this.#held.push(key);
    } else if (typing && (key === "Tab" || (key === "Enter" && event.shiftKey))) event.stopPropagation();
    else if (field) this.#at(field, event, target);
  }

  #at(field: Field, event: KeyboardEvent, target: Element): void {
    const does = field.press(event.key, target);
    if (does) claim(event);
    else if (target.matches(TYPED) || event.key === "Enter" || event.key === " ") event.stopPropagation();
    if (does === "on") this.#next(field);
  }

  /** Enter on an answered question: the next one; after the last, the view may show the next row. */
  #next(field: Field): void {
    const { asks } = this.#host;
    if (asks || this.#fields.lacking(field, false)) this.#goOn(field);
    else this.#fields.step(field, 1)?.enter();
  }

  /** Press the keys that came while an answer was on its way. */
  #replay(): void {
    while (this.#held.length && !this.#pending) {
      const field = this.#fields.focused;
      const key = this.#held.shift()!;
      if (field?.types) this.#held = [];
      else if (field?.press(key, field.el) === "on") this.#next(field);
    }
  }

  async #travel(method: "undo_answer" | "redo_answer"): Promise<void> {
    const { instances, images } = this.#host.subject();
    const by = method === "undo_answer" ? -1 : 1;
    try {
      const { result } = await this.#host.rpc.request<Moved>(method, { instances, images });
      this.#given += by;
      this.#taken -= by;
      this.#host.made?.(result.rev);
      this.#host.say(result.note);
      this.#show(result);
      this.#host.moved?.(result.of, result.ids);
      await this.follow(true);
    } catch (error) {
      this.#host.frame.fail(error);
    }
  }
}

function keyOf({ instances, images, why }: Subject): string {
  return `${instances}|${images}|${why ?? ""}`;
}
