/** How fast a person answers. Times are milliseconds of one clock. */

const LAST = 20; // answers
const PAUSE = 30_000; // milliseconds; a longer gap is a pause

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

  /** Answers per minute over the last 20, without pauses; 0 with fewer than 3. */
  get perMinute(): number {
    if (this.#gaps.length < 3) return 0;
    const sum = this.#gaps.reduce((a, b) => a + b, 0);
    return sum > 0 ? (this.#gaps.length * 60_000) / sum : 0;
  }

  /** Minutes that a number of answers will take; NaN while the pace is unknown. */
  minutes(answers: number): number {
    const pace = this.perMinute;
    return pace ? answers / pace : Number.NaN;
  }
}

/** Seconds that a look counts, at most 30: a longer one includes a pause. */
export function looked(from: number, to: number): number {
  return Math.min(Math.max(to - from, 0), PAUSE) / 1000;
}
