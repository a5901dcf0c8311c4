/** When to try once more what failed: soon, then ever more seldom, but always again. */

const [FIRST, MOST] = [500, 30_000]; // milliseconds

export class Patience {
  /** Failures in a row. */
  tried = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Milliseconds until the next try. */
  get delay(): number {
    return Math.min(FIRST * 2 ** Math.max(this.tried - 1, 0), MOST);
  }

  /** It failed: try again when some time has passed. */
  later(again: () => void): void {
    this.cancel();
    this.tried++;
    this.#timer = setTimeout(again, this.delay);
  }

  /** As `later`, the first time at once. */
  soon(again: () => void): void {
    this.cancel();
    if (this.tried++) this.#timer = setTimeout(again, this.delay);
    else again();
  }

  /** It went well. */
  reset(): void {
    this.cancel();
    this.tried = 0;
  }

  /** Do not try again; how often it failed is remembered. */
  cancel(): void {
    clearTimeout(this.#timer);
  }
}
