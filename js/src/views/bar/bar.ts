/** The strip above the views: the clauses, what is in focus, undo and redo. */

import { type Clause, type SelectionStore, TABLES } from "../../core/rows/selection";
import { formatCount } from "../../core/values/format";
import { h, perFrame, renew } from "../../draw/dom";
import type { Rpc } from "../../wire/rpc";
import { focusOn } from "../elements";
import type { Frame } from "../frame";

export interface History {
  undo: string;
  redo: string;
  uncommitted: string;
}

const TRIES = 20;
const PAUSE = 100; // milliseconds

export class Bar {
  readonly #chips = h("div.nbl-chips", { role: "group", "aria-label": "what is selected" });
  readonly #focus = h("div.nbl-focus", { role: "status", "aria-live": "polite" });
  readonly #state = h("span.nbl-muted.nbl-state");
  readonly #clear: HTMLButtonElement;
  readonly #copy: HTMLButtonElement;
  readonly #undo: HTMLButtonElement;
  readonly #redo: HTMLButtonElement;
  readonly #frame: Frame;
  readonly #rpc: Rpc;
  readonly #store: SelectionStore;

  constructor(frame: Frame, rpc: Rpc, store: SelectionStore, signal: AbortSignal) {
    this.#frame = frame;
    this.#rpc = rpc;
    this.#store = store;
    this.#clear = h(
      "button.nbl-quiet",
      { title: "select nothing", onclick: () => store.clear("bar") },
      "Clear",
    );
    this.#copy = h(
      "button",
      { title: "the selection as pandas code", onclick: () => void this.#copyCode() },
      "Copy as pandas",
    );
    this.#undo = h("button", { onclick: () => void this.#move("undo") }, "Undo");
    this.#redo = h("button.nbl-quiet", { onclick: () => void this.#move("redo") }, "Redo");
    const past = h("div.nbl-past.nbl-tools", {}, this.#state, this.#undo, this.#redo);
    frame.root.classList.add("nbl-bar");
    frame.toolbar.prepend(this.#focus, this.#chips, this.#clear, this.#copy, past);

    const draw = perFrame(() => this.#draw(), signal);
    store.subscribe((changed) => {
      if (changed.clauses || changed.tables) draw();
    }, signal);
    rpc.on("history", (history: History) => this.#show(history));
    this.#show({ undo: "", redo: "", uncommitted: "" });
    this.#draw();
    void this.#ask();
  }

  #draw(): void {
    const store = this.#store;
    const clauses = [...store.clauses.values()];
    renew(this.#chips, ...clauses.map((clause) => this.#chip(clause)));
    this.#clear.disabled = this.#copy.disabled = !clauses.length;
    this.#clear.hidden = !clauses.length;
    const counts = TABLES.filter((of) => store.tables[of].n || of === "images").map((of) => {
      const { n } = store.tables[of];
      const allowed = store.allowed(of);
      const text = allowed ? `${formatCount(allowed.count())} of ${formatCount(n)}` : formatCount(n);
      return h("span.nbl-part", {}, h("b", {}, text), ` ${of}`);
    });
    this.#focus.replaceChildren(...counts);
  }

  #chip(clause: Clause): HTMLElement {
    const count = `${formatCount(clause.rows.count())} ${clause.of}`;
    const title = clause.title || clause.source;
    return h(
      "button.nbl-chip",
      {
        "data-source": clause.source, // two that look the same are two
        title: `${title}: ${count}. Click to remove it`,
        "aria-label": `take away ${title}, ${count}`,
        onclick: () => this.#store.set(clause.source, null, "bar"),
      },
      h("span.nbl-chip-text", {}, title),
      /\d/.test(title) && title.includes(formatCount(clause.rows.count()))
        ? ""
        : h("span.nbl-muted", {}, count),
      h("span", { "aria-hidden": true }, "×"),
    );
  }

  async #ask(): Promise<void> {
    try {
      this.#show((await this.#rpc.request<History>("history", {}, { key: "history" })).result);
    } catch (error) {
      this.#frame.fail(error);
    }
  }

  #show({ undo, redo, uncommitted }: History): void {
    this.#state.textContent = uncommitted;
    this.#undo.disabled = !undo;
    this.#redo.disabled = !redo;
    this.#redo.hidden = !redo;
    this.#undo.title = undo ? `take back: ${undo}` : "nothing to take back since the last commit";
    this.#redo.title = redo ? `do again: ${redo}` : "";
  }

  async #move(step: "undo" | "redo"): Promise<void> {
    try {
      this.#show((await this.#rpc.request<History>(step)).result);
      this.#frame.settle();
    } catch (error) {
      this.#frame.fail(error);
    }
  }

  async #copyCode(): Promise<void> {
    try {
      const code = await this.#code();
      this.#frame.settle();
      await this.#put(code);
    } catch (error) {
      this.#frame.fail(error);
    }
  }

  /** The kernel's code of the selection, asked again until the kernel has all clauses of the page. */
  async #code(): Promise<string> {
    for (let tries = 0; ; tries++) {
      const titles = Object.fromEntries(
        [...this.#store.clauses].map(([source, { title }]) => [source, title]),
      );
      const { result } = await this.#rpc.request<{ code: string; current: boolean }>("code", { titles });
      if (result.current || tries === TRIES) return result.code;
      await new Promise((resume) => window.setTimeout(resume, PAUSE));
    }
  }

  /** Put code on the clipboard; if the page may not write there, into a field to copy from. */
  async #put(code: string): Promise<void> {
    this.#frame.body.replaceChildren();
    try {
      await navigator.clipboard.writeText(code);
      this.#copy.textContent = "Copied";
    } catch {
      const field = h("textarea", {
        readonly: true,
        rows: 5,
        spellcheck: "false",
        "aria-label": "the selection as pandas",
      });
      field.value = code;
      const close = () => this.#frame.body.replaceChildren();
      field.addEventListener("keydown", (event) => event.key === "Escape" && close());
      this.#frame.body.replaceChildren(field, h("button.nbl-quiet", { onclick: close }, "Close"));
      focusOn(field);
      field.select();
      this.#copy.textContent = "Copy it from below";
    }
    window.setTimeout(() => {
      this.#copy.textContent = "Copy as pandas";
    }, 1600);
  }
}
