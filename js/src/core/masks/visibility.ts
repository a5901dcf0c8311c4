/** Which masks people have hidden or locked one by one, as changes that can be undone. */

export type Mark = "hidden" | "locked";

export interface MarkChange {
  what: Mark;
  /** Keys of masks, "instances:17". */
  keys: readonly string[];
  on: boolean;
}

export class Visibility {
  readonly hidden = new Set<string>();
  readonly locked = new Set<string>();

  /** @param changed called after each change. */
  constructor(private changed: () => void) {}

  apply({ what, keys, on }: MarkChange): void {
    for (const key of keys) {
      if (on) this[what].add(key);
      else this[what].delete(key);
    }
    this.changed();
  }

  invert(change: MarkChange): MarkChange {
    return { ...change, on: !change.on };
  }

  /** The change that sets or removes a mark, only for the keys on which it changes something. */
  change(what: Mark, keys: readonly string[], on: boolean): MarkChange {
    return { what, keys: keys.filter((key) => this[what].has(key) !== on), on };
  }
}
