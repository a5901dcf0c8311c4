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
  /** Names chosen in this view, the last one first. */
  recent: readonly string[] = [];
  /** Number of changes made here: each is one revision of the tables, in which all rows stay. */
  made = 0;
  #rev = -1;

  readonly #rpc: Rpc;
  readonly #changed: () => void;

  /** @param changed called when the kernel has sent other names or colors. */
  constructor(rpc: Rpc, changed: () => void = () => {}) {
    this.#rpc = rpc;
    this.#changed = changed;
  }

  /** Take labels that came with other data. @param rev of the tables they are of; older ones are ignored. */
  known(names: readonly string[], colors: readonly string[], rev: number): void {
    if (rev < this.#rev) return;
    this.#rev = rev;
    if (!same(names, this.names.all)) {
      this.names = new Names(names);
      this.counts = [];
    }
    this.colors = colors;
  }

  used(name: string): void {
    this.recent = [name, ...this.recent.filter((one) => one !== name)].slice(0, MOST_RECENT);
  }

  /** Ask the kernel for the labels of now, with counts. */
  async load(): Promise<void> {
    const { result } = await this.#rpc.request<Labels>("labels", {}, { key: "labels" });
    this.#take(result);
  }

  /** Add a label; returns its name as the dataset has it. */
  async create(name: string): Promise<string> {
    const { result } = await this.#rpc.request<Labels & { name: string }>("add_label", { name });
    this.made++;
    this.#take(result);
    return result.name;
  }

  /** Give a label another color. @param color "#rrggbb". */
  async recolor(name: string, color: string): Promise<void> {
    const { result } = await this.#rpc.request<Labels>("color_label", { name, color });
    this.made++;
    this.#take(result);
  }

  #take(labels: Labels): void {
    if (labels.rev < this.#rev) return;
    const { names, colors } = this;
    this.known(labels.names, labels.colors, labels.rev);
    this.counts = labels.counts;
    this.retired = new Set(labels.retired);
    if (names !== this.names || !same(colors, this.colors)) this.#changed();
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}
