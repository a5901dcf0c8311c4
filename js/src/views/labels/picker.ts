/** The list in which a person finds a label by typing; one for every view in which a label is chosen. */
import { counted, formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { neutral } from "../../draw/palette";
import { claim, hear } from "../elements";
import type { Frame } from "../frame";
import type { Popover } from "../popover";
import type { Catalog } from "./catalog";
import { Choice, type Picks, type Question } from "./choice";

const ROW = 26; // CSS pixels
const SHOWN = 9; // lines without scrolling
const MARGIN = 4; // lines above and below those in view

export class LabelPicker implements Picks {
  #choice: Choice;
  #question: Question | null = null;
  #creating = false;
  readonly #input: HTMLInputElement;
  readonly #lines = h("div.nbl-labels-lines");
  readonly #list: HTMLElement;
  readonly #foot = h("span.nbl-muted", { role: "status" });
  readonly #color = h("input", { type: "color" });
  readonly #colored = h("label.nbl-labels-color", {}, "color", this.#color);
  readonly #title = h("b.nbl-labels-title");
  readonly #content: HTMLElement;
  #drawn = "";

  readonly #frame: Frame;
  readonly #catalog: Catalog;
  readonly #popover: Popover;
  readonly #id: string;

  constructor(frame: Frame, catalog: Catalog, popover: Popover, id: string) {
    this.#frame = frame;
    this.#catalog = catalog;
    this.#popover = popover;
    this.#id = `${id}-labels`;
    this.#choice = new Choice(catalog);
    const list = { id: this.#id, role: "listbox", "aria-label": "labels", tabindex: -1 };
    this.#list = h("div.nbl-labels-list", list, this.#lines);
    this.#input = h("input.nbl-labels-input", {
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-autocomplete": "list",
      "aria-controls": this.#id,
      "aria-label": "find a label",
      placeholder: "find or name a label",
      autocomplete: "off",
      spellcheck: "false",
    });
    const foot = h("div.nbl-labels-foot", {}, this.#foot, this.#colored);
    this.#content = h("div.nbl-labels", {}, this.#title, this.#input, this.#list, foot);
    hear(this.#color, "change", () => void this.#recolor());
    hear(this.#input, "input", () => this.#typed());
    hear(this.#content, "keydown", (event) => this.#pressed(event));
    hear(this.#list, "scroll", () => this.#draw(), { passive: true });
    hear(this.#list, "pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    hear(this.#list, "click", (event) => {
      const line = (event.target as Element).closest<HTMLElement>("[data-line]");
      if (line) this.#take(Number(line.dataset.line));
    });
  }

  /** Ask for a label; asking again at the same place closes the list. */
  open(question: Question): void {
    const start = performance.now();
    const { title, anchor } = question;
    this.#question = question;
    this.#creating = false;
    this.#input.value = "";
    this.#choice = new Choice(this.#catalog);
    this.#title.textContent = title;
    this.#foot.removeAttribute("data-wrong");
    this.#popover.show("labels", title, anchor, [this.#content], () => {
      this.#question = null;
    });
    if (this.#question === null) return; // it was open, and is closed now
    this.#content.parentElement!.classList.add("nbl-labels-box");
    this.#size();
    this.#show();
    performance.measure("nbl:labels:open", { start, end: performance.now() });
    this.#catalog.load().then(
      () => this.#renew(),
      (error) => this.#frame.fail(error),
    );
  }

  /** As high as its first lines need; it stays so while a person types. */
  #size(): void {
    const lines = Math.min(Math.max(this.#choice.n, 2), SHOWN);
    this.#list.style.height = `${lines * ROW + 2}px`;
    this.#popover.position();
  }

  #typed(): void {
    const start = performance.now();
    this.#choice.type(this.#input.value);
    this.#foot.removeAttribute("data-wrong");
    this.#list.scrollTop = 0;
    this.#show();
    performance.measure("nbl:labels:find", { start, end: performance.now() });
  }

  #renew(): void {
    if (!this.#question) return;
    const { n } = this.#choice;
    this.#choice.renew();
    if (this.#choice.n !== n && !this.#choice.text) this.#size();
    this.#show();
  }

  #pressed(event: KeyboardEvent): void {
    const choice = this.#choice;
    const digit = /^(?:Digit|Numpad)?([1-9])$/.exec(event.altKey ? event.code : event.key)?.[1];
    const moves: Record<string, () => void> = {
      ArrowDown: () => choice.step(1),
      ArrowUp: () => choice.step(-1),
      PageDown: () => choice.leap(SHOWN - 1),
      PageUp: () => choice.leap(1 - SHOWN),
    };
    event.stopPropagation(); // what is typed is not for the view
    if (event.isComposing || event.target !== this.#input) return;
    const own = event.ctrlKey || event.metaKey || event.altKey ? undefined : choice.own(event.key);
    if (event.key === "Enter") this.#take(choice.at);
    else if (digit && (event.altKey || choice.digits)) this.#takeLabel(digit);
    else if (own !== undefined) this.#give(own);
    else if (event.key in moves) {
      moves[event.key]();
      this.#reveal();
      this.#show();
    } else return;
    claim(event);
  }

  #takeLabel(digit: string): void {
    const name = this.#catalog.at(digit);
    if (name !== undefined) this.#give(name);
    else this.#say(`There is no label ${digit}: there are ${this.#catalog.names.all.length}.`);
  }

  #take(line: number): void {
    const choice = this.#choice;
    const at = choice.found[line];
    if (at !== undefined) this.#give(this.#catalog.names.all[at]);
    else if (choice.creates && !this.#creating) void this.#create(choice.text.trim());
  }

  #give(name: string): void {
    const question = this.#question;
    this.#catalog.used(name);
    this.#popover.close();
    question?.choose(name);
  }

  async #create(name: string): Promise<void> {
    const question = this.#question;
    this.#creating = true;
    this.#say(`adding ${name} …`);
    try {
      const made = await this.#catalog.create(name);
      if (this.#question === question) this.#give(made);
    } catch (error) {
      if (this.#question === question) this.#say(error instanceof Error ? error.message : String(error));
      else this.#frame.fail(error);
    } finally {
      this.#creating = false;
    }
  }

  /** Give the active label the color chosen in the foot. */
  async #recolor(): Promise<void> {
    const { name } = this.#choice;
    if (name === null) return;
    try {
      await this.#catalog.recolor(name, this.#color.value);
      this.#renew();
    } catch (error) {
      this.#frame.fail(error);
    }
  }

  #say(text: string): void {
    this.#foot.textContent = text;
    this.#foot.toggleAttribute("data-wrong", !this.#creating);
  }

  /** Scroll the active line into view. */
  #reveal(): void {
    const top = this.#choice.at * ROW;
    const { scrollTop, clientHeight } = this.#list;
    if (top < scrollTop) this.#list.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.#list.scrollTop = top + ROW - clientHeight;
  }

  #show(): void {
    const { found, n, creates } = this.#choice;
    const { all } = this.#catalog.names;
    this.#drawn = "";
    this.#lines.style.height = `${n * ROW}px`;
    this.#draw();
    if (this.#foot.hasAttribute("data-wrong") || this.#creating) return;
    const some = found.length < all.length ? `${formatCount(found.length)} of ` : "";
    this.#foot.textContent = all.length ? some + counted(all.length, "label") : "no labels yet: type a name";
    const lettered = Object.keys(this.#catalog.keys).some((key) => !/^[1-9]$/.test(key));
    if (lettered && !this.#choice.text) this.#foot.textContent += " · a space, then letters, finds";
    if (creates && !found.length) this.#foot.textContent = "no label like this; Enter adds it";
  }

  /** Put the lines in view into the document. */
  #draw(): void {
    const { n, at } = this.#choice;
    const from = Math.max(Math.floor(this.#list.scrollTop / ROW) - MARGIN, 0);
    const to = Math.min(from + SHOWN + 2 * MARGIN + 1, n);
    const drawn = `${from} ${to} ${at}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const place = this.#choice.found[at];
    this.#colored.hidden = place === undefined;
    this.#color.value = this.#catalog.colors[place] ?? neutral;
    this.#color.setAttribute("aria-label", `color of ${this.#choice.name}`);
    this.#colored.title = `another color for ${this.#choice.name}, in all views`;
    const lines = Array.from({ length: Math.max(to - from, 0) }, (_, i) => this.#line(from + i));
    this.#lines.replaceChildren(...lines);
    if (n) this.#input.setAttribute("aria-activedescendant", `${this.#id}-${at}`);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  /** What to press for a label now. */
  #keyOf(at: number): string {
    const key = this.#catalog.keyOf(at);
    if (!/^[1-9]$/.test(key)) return this.#choice.text ? "" : key;
    return this.#choice.digits ? key : `Alt+${key}`;
  }

  #line(line: number): HTMLElement {
    const choice = this.#choice;
    const { names, colors, counts } = this.#catalog;
    const at = choice.found[line];
    const attributes = {
      id: `${this.#id}-${line}`,
      role: "option",
      "data-line": line,
      "aria-selected": String(line === choice.at),
      "aria-setsize": choice.n,
      "aria-posinset": line + 1,
      style: { top: `${line * ROW}px` },
    };
    if (at === undefined) {
      const text = `create “${choice.text.trim()}”`;
      return h("div.nbl-labels-line", attributes, h("span.nbl-labels-plus", {}, "+"), text);
    }
    const name = names.all[at];
    const now = name === this.#question?.current;
    const key = this.#keyOf(at);
    const parents = names.parents[at]?.split(" › ").reverse().join(" ‹ ");
    const count = counts[at];
    const made = h(
      "div.nbl-labels-line",
      {
        ...attributes,
        title: [names.parents[at], name].filter(Boolean).join(" › "),
        "aria-current": now && "true",
      },
      h("i.nbl-swatch", { style: { background: colors[at] ?? neutral } }),
      h("span.nbl-labels-name", {}, name, parents && h("span.nbl-muted", {}, ` ‹ ${parents}`)),
      now && h("span.nbl-labels-now", { "aria-label": "the label of now" }, "✓"),
      count !== undefined && h("span.nbl-count", { title: counted(count, "instance") }, formatCount(count)),
      key && h("kbd", { "aria-hidden": "true" }, key),
    );
    if (line === choice.lately - 1) made.classList.add("nbl-labels-lately");
    return made;
  }
}
