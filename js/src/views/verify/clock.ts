/** Seconds of looking at one question: from one action to the next, at most 30 each. */
import { looked } from "../../core/asking/pace";

export class Clock {
  seconds = 0;
  #last: number;

  constructor(now: number) {
    this.#last = now;
  }

  /** The person did something. */
  tick(now: number): void {
    this.seconds += looked(this.#last, now);
    this.#last = now;
  }
}
