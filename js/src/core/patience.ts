/** Retries with exponential backoff, capped at 30 seconds, without an end. */

const [FIRST, MOST] = [500, 30_000]; // milliseconds

export class Patience {
  /** Failures in a row. */
  tried = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Milliseconds until the next try. */
  get delay(): number {
    return Math.min(FIRST * 2 ** Math.max(this.tried - 1, 0), MOST);
  }

  /** After a failure: try again after `delay`. */
  later(again: () => void): void {
    this.cancel();
    this.tried++;
    this.#timer = setTimeout(again, this.delay);
  }

  /** As `later`, but after the first failure at once. */
  soon(again: () => void): void {
    this.cancel();
    if (this.tried++) this.#timer = setTimeout(again, this.delay);
    else again();
  }

  /** After a success: forget the failures. */
  reset(): void {
    this.cancel();
    this.tried = 0;
  }

  /** Do not try again; the number of failures is kept. */
  cancel(): void {
    clearTimeout(this.#timer);
  }
}
