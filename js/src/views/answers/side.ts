/** The panel at the right of a picture: form and definition, one below the other. */
import { h } from "../../draw/dom";
import { focusOn } from "../elements";
import { Definition } from "./definition";
import { Form } from "./form";
import type { Host, Side } from "./script";

export class Panel implements Side {
  readonly #el = h("aside.nbl-panels", { "aria-label": "questions and definition" });
  readonly #host: Host;
  readonly #form: Form;
  readonly #definition: Definition;
  readonly #parts: Record<"form" | "definition", HTMLElement>;

  constructor(host: Host) {
    this.#host = host;
    this.#form = new Form(host);
    this.#definition = new Definition(host);
    // What is clicked here is not for the view, which may put the keys elsewhere.
    this.#el.addEventListener("click", (event) => event.stopPropagation());
    const part = (name: "form" | "definition", title: string, key: string, content: HTMLElement) =>
      h(
        `section.nbl-panels-${name}` as "section",
        { role: "group", "aria-label": title },
        h(
          "div.nbl-panels-head",
          {},
          h("b", {}, title),
          h("kbd", {}, key),
          h(
            "button.nbl-quiet.nbl-icon",
            { "aria-label": `close ${title}`, title: "close", onclick: () => this.#close(name) },
            "×",
          ),
        ),
        content,
      );
    this.#parts = {
      form: part("form", "Questions", "Shift+Q", this.#form.el),
      definition: part("definition", "Definition", "Shift+T", this.#definition.el),
    };
    host.signal.addEventListener("abort", () => this.#el.remove(), { once: true });
  }

  open(): void {
    this.#open("form");
    void this.#form.follow();
  }

  press(key: string): void {
    this.#open("form");
    this.#form.press(key);
  }

  form(): void {
    if (this.#form.focused) this.#close("form");
    else {
      this.#open("form");
      void this.#form.follow(true);
    }
  }

  definition(): void {
    if (this.#parts.definition.isConnected) this.#close("definition");
    else {
      this.#open("definition");
      void this.#definition.follow();
    }
  }

  example(right: boolean): void {
    void this.#definition.example(right);
  }

  follow(): void {
    if (this.#parts.form.isConnected) void this.#form.follow();
    if (this.#parts.definition.isConnected) void this.#definition.follow();
  }

  #open(name: "form" | "definition"): void {
    if (this.#parts[name].isConnected) return;
    if (name === "form") this.#el.prepend(this.#parts.form);
    else this.#el.append(this.#parts.definition);
    if (!this.#el.isConnected) this.#host.main.append(this.#el);
  }

  #close(name: "form" | "definition"): void {
    const had = this.#parts[name].contains(document.activeElement);
    this.#parts[name].remove();
    if (!this.#el.children.length) this.#el.remove();
    if (had) focusOn(this.#host.frame.root);
  }
}
