/** How fast a person answers. Times are milliseconds of one clock. */

const LAST = 20; // answers
const PAUSE = 30_000; // milliseconds from which nobody was looking

export class Pace {
  #gaps: number[] = [];
  #last: number;

  /** @param start when the first item was shown. */
  constructor(start: number) {
    this.#last = start;
  }

  answered(at: number): void {
    const gap = at - this.#last;
    this.#last = at;
    if (gap > PAUSE) return;
    this.#gaps.push(gap);
    if (this.#gaps.length > LAST) this.#gaps.shift();
  }

  /** Answers a minute over the last 20, pauses left out; 0 before it can be told. */
  get perMinute(): number {
    if (this.#gaps.length < 3) return 0;
    const sum = this.#gaps.reduce((a, b) => a + b, 0);
    return sum > 0 ? (this.#gaps.length * 60_000) / sum : 0;
  }

  /** Minutes that so many answers will take; NaN before it can be told. */
  minutes(answers: number): number {
    const pace = this.perMinute;
    return pace ? answers / pace : Number.NaN;
  }
}

/** Seconds that a look counts: 30 at most, who looks longer has gone for coffee. */
export function looked(from: number, to: number): number {
  return Math.min(Math.max(to - from, 0), PAUSE) / 1000;
}
