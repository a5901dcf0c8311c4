/** What a picker offers for a text, and which of it is active; without a document. */
import type { Catalog } from "./catalog";

export interface Question {
  /** What is chosen for, "Set label of 3 instances". */
  title: string;
  /** The label of now; "" for none. */
  current?: string;
  /** The element the list opens at. */
  anchor: HTMLElement;
  choose(name: string): void;
}

/** Lets a person choose a label. */
export interface Picks {
  open(question: Question): void;
}

export class Choice {
  text = "";
  /** Places of the labels found. */
  found: number[] = [];
  /** Place in the list of what Enter takes: a label of `found`, or the new one after them. */
  at = 0;
  /** Whether the text may become a new label. */
  creates = false;

  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
    this.type("");
  }

  /** Number of lines in the list. */
  get n(): number {
    return this.found.length + Number(this.creates);
  }

  /** How many of the first lines are recently used labels, set apart from the rest. */
  get lately(): number {
    const { names, recent } = this.#catalog;
    const n = this.text.trim() ? 0 : this.found.filter((at) => recent.includes(names.all[at])).length;
    return n < this.found.length ? n : 0;
  }

  type(text: string): void {
    this.text = text;
    this.at = 0;
    this.#find();
  }

  /** The catalog has changed: find again, and stay at the active label. */
  renew(): void {
    const name = this.name;
    this.#find();
    const { all } = this.#catalog.names;
    const now = name === null ? this.at : this.found.findIndex((at) => all[at] === name);
    this.at = Math.min(Math.max(now, 0), Math.max(this.n - 1, 0));
  }

  /** Go up or down, around the ends. */
  step(by: number): void {
    if (this.n) this.at = (this.at + by + this.n) % this.n;
  }

  /** Go up or down by many, not beyond the ends. */
  leap(by: number): void {
    this.at = Math.min(Math.max(this.at + by, 0), Math.max(this.n - 1, 0));
  }

  /** The active label; null where it is the new one, or there is none. */
  get name(): string | null {
    return this.#catalog.names.all[this.found[this.at]] ?? null;
  }

  /** Whether a digit alone chooses: as in the view, label n of the dataset. Else it is part of the text. */
  get digits(): boolean {
    return !this.text && !this.#catalog.names.numbered;
  }

  /** The label whose own key this is, while nothing is typed; a space before begins a text. */
  own(key: string): string | undefined {
    const { keys } = this.#catalog;
    return !this.text && !/^[1-9]$/.test(key) && Object.hasOwn(keys, key) ? keys[key] : undefined;
  }

  #find(): void {
    const { names, recent, retired } = this.#catalog;
    this.found = names.find(this.text, recent).filter((at) => !retired.has(names.all[at]));
    this.creates = this.text.trim() !== "" && !names.has(this.text);
  }
}
