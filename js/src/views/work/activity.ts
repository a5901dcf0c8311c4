/**
 * Active time on one task. Pointer, key, wheel and touch show that somebody works; a pause of less than 60 s counts
 * in full. At 60 s without input the clock goes back to the last input and stops. A hidden page never counts.
 * Times are milliseconds of one clock.
 */

const PAUSE = 60_000;

/** Input that shows that somebody works. */
export const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "touchmove"] as const;

export class Activity {
  #counted = 0; // milliseconds
  /** Last input of the run of inputs that goes on; null while the clock stands. */
  #last: number | null = null;

  /** There was input. */
  input(now: number): void {
    if (this.#last !== null && now - this.#last < PAUSE) this.#counted += Math.max(now - this.#last, 0);
    this.#last = now;
  }

  /** The page was hidden: what comes until the next input does not count. */
  hidden(now: number): void {
    if (this.#last === null) return;
    this.input(now);
    this.#last = null;
  }

  /** Active seconds so far. */
  seconds(now: number): number {
    const since = this.#last === null ? PAUSE : now - this.#last;
    return (this.#counted + (since < PAUSE ? Math.max(since, 0) : 0)) / 1000;
  }

  /** Another task begins; who just gave input goes on working. */
  restart(now: number): void {
    this.#counted = 0;
    if (this.#last !== null) this.#last = now - this.#last < PAUSE ? now : null;
  }
}
