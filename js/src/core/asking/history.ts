/** Undo and redo: a stack of changes that can be inverted. */

export interface Invertible<C> {
  /** The change that undoes this one. */
  invert(change: C): C;
  /** Apply the change without recording it. */
  apply(change: C): void;
}

export class History<C> {
  #done: C[] = [];
  #undone: C[] = [];

  /** @param most number of changes kept; older ones are dropped. */
  constructor(
    private readonly target: Invertible<C>,
    private readonly most = 200,
  ) {}

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** Apply and record a change; nothing can be redone afterwards. */
  record(change: C): void {
    this.target.apply(change);
    this.#done.push(change);
    if (this.#done.length > this.most) this.#done.shift();
    this.#undone.length = 0;
  }

  undo(): boolean {
    const change = this.#done.pop();
    if (change === undefined) return false;
    this.target.apply(this.target.invert(change));
    this.#undone.push(change);
    return true;
  }

  redo(): boolean {
    const change = this.#undone.pop();
    if (change === undefined) return false;
    this.target.apply(change);
    this.#done.push(change);
    return true;
  }

  clear(): void {
    this.#done.length = 0;
    this.#undone.length = 0;
  }
}
