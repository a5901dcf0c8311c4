/** Which masks are hidden or locked one by one, and which groups of them by the legend; changes can be undone. */

export type Mark = "hidden" | "locked" | "off";

export interface MarkChange {
  what: Mark;
  /** Keys whose mark is turned over: of masks, "instances:17"; for "off" of groups, "label:cod". */
  keys: readonly string[];
}

export class Visibility {
  readonly hidden = new Set<string>();
  readonly locked = new Set<string>();
  readonly off = new Set<string>();

  /** @param changed called after each change. */
  constructor(private changed: () => void) {}

  apply({ what, keys }: MarkChange): void {
    for (const key of keys) if (!this[what].delete(key)) this[what].add(key);
    this.changed();
  }

  invert(change: MarkChange): MarkChange {
    return change;
  }

  /** The change that sets or removes a mark, only for the keys on which it changes something. */
  change(what: Mark, keys: readonly string[], on: boolean): MarkChange {
    return { what, keys: keys.filter((key) => this[what].has(key) !== on) };
  }

  /** The change that leaves one group on and turns the others off; all on, where only it is on already. */
  only(group: string, groups: readonly string[]): MarkChange {
    const wrong = groups.filter((one) => this.off.has(one) === (one === group));
    return wrong.length ? { what: "off", keys: wrong } : this.change("off", groups, false);
  }
}
