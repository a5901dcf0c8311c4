/** The labels as a view knows them, and the requests that change them. */
import type { Rpc } from "../../wire/rpc";
import { Names } from "./search";

/** The kernel's answer: all labels in the order of the dataset. */
export interface Labels {
  rev: number;
  names: string[];
  /** "#rrggbb" of each. */
  colors: string[];
  /** Number of instances of each. */
  counts: number[];
  /** The names above each, the coarsest first. */
  parents: string[][];
  /** Labels that have a key of their own, by that key. */
  keys: Record<string, string>;
  /** Names of labels that are not offered any more. */
  retired: string[];
}

const MOST_RECENT = 5;

export class Catalog {
  names = new Names([]);
  colors: readonly string[] = [];
  /** Empty until the kernel has answered. */
  counts: readonly number[] = [];
  retired: ReadonlySet<string> = new Set();
  /** Labels that have a key of their own, by that key. */
  keys: Readonly<Record<string, string>> = {};
  /** Names chosen in this view, the last one first. */
  recent: readonly string[] = [];
  /** Number of changes made here: each is one revision of the tables, in which all rows stay. */
  made = 0;
  #rev = -1;

  readonly rpc: Rpc;
  readonly #changed: () => void;

  /** @param changed called when the kernel has sent other names or colors. */
  constructor(rpc: Rpc, changed: () => void = () => {}) {
    this.rpc = rpc;
    this.#changed = changed;
  }

  /** Take labels that came with other data. @param rev of the tables they are of; older ones are ignored. */
  known(names: readonly string[], colors: readonly string[], rev: number, keys = this.keys): void {
    if (rev < this.#rev) return;
    this.#rev = rev;
    this.keys = keys;
    if (!same(names, this.names.all)) {
      this.names = new Names(names);
      this.counts = [];
    }
    this.colors = colors;
  }

  /** The label that a key gives: the one whose own key it is; of a digit else the label with this number. */
  at(key: string): string | undefined {
    if (Object.hasOwn(this.keys, key)) return this.keys[key];
    return /^[1-9]$/.test(key) ? this.names.all[Number(key) - 1] : undefined;
  }

  /** The key that gives a label; "" for none. */
  keyOf(at: number): string {
    const name = this.names.all[at];
    const own = Object.keys(this.keys).find((key) => this.keys[key] === name);
    return own ?? (at < 9 && this.at(String(at + 1)) === name ? String(at + 1) : "");
  }

  used(name: string): void {
    this.recent = [name, ...this.recent.filter((one) => one !== name)].slice(0, MOST_RECENT);
  }

  /** Ask the kernel for the labels of now, with counts. */
  async load(): Promise<void> {
    const { result } = await this.rpc.request<Labels>("labels", {}, { key: "labels" });
    this.#take(result);
  }

  /** Add a label; returns its name as the dataset has it. */
  async create(name: string): Promise<string> {
    const { result } = await this.rpc.request<Labels & { name: string }>("add_label", { name });
    this.made++;
    this.#take(result);
    return result.name;
  }

  /** Give a label another color. @param color "#rrggbb". */
  async recolor(name: string, color: string): Promise<void> {
    const { result } = await this.rpc.request<Labels>("color_label", { name, color });
    this.made++;
    this.#take(result);
  }

  #take(labels: Labels): void {
    if (labels.rev < this.#rev) return;
    const { names, colors, keys } = this;
    this.known(labels.names, labels.colors, labels.rev, labels.keys);
    this.names.under(labels.parents);
    this.counts = labels.counts;
    this.retired = new Set(labels.retired);
    const others = JSON.stringify(keys) !== JSON.stringify(this.keys);
    if (names !== this.names || !same(colors, this.colors) || others) this.#changed();
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}
