/**
 * Scrolls through more rows than the tallest element of a browser can hold: the height of the spacer is capped. If it
 * is, small scrolls move the rows by the same number of pixels, and far ones (a dragged scroll bar) by ratio.
 */

/** Firefox draws elements up to 17.9 million pixels; stay well below. */
export const TALLEST = 6_000_000;

/** Pixels. A scroll by wheel, key or finger is at most this long; a dragged scroll bar moves farther at once. */
const NEAR = 4000;

export class ScrollMap {
  /** Pixels of rows above the top of the view. */
  top = 0;
  #seen = 0;
  #rows = 0;
  #view = 0;

  /** @param rowHeight CSS pixels. */
  constructor(readonly rowHeight: number) {}

  /** @param rows number of rows. @param view height of the view for rows, pixels. */
  resize(rows: number, view: number): void {
    this.#rows = rows;
    this.#view = Math.max(view, 0);
    this.top = this.#clamp(this.top);
  }

  /** Pixels that all rows would take. */
  get total(): number {
    return this.#rows * this.rowHeight;
  }

  /** Height of the spacer, pixels. */
  get spacer(): number {
    return Math.min(Math.max(this.total, this.#view), TALLEST);
  }

  get capped(): boolean {
    return this.total > TALLEST;
  }

  /** First place at least partly in view. */
  get first(): number {
    return Math.floor(this.top / this.rowHeight);
  }

  /** One after the last place at least partly in view. */
  get end(): number {
    return Math.min(Math.ceil((this.top + this.#view) / this.rowHeight), this.#rows);
  }

  /** Number of rows that a page key moves. */
  get page(): number {
    return Math.max(Math.floor(this.#view / this.rowHeight) - 1, 1);
  }

  /** The right position of the scroll bar. */
  get scrollTop(): number {
    const far = this.total - this.#view;
    if (far <= 0) return 0;
    return this.capped ? (this.top / far) * (TALLEST - this.#view) : this.top;
  }

  /** The user has scrolled the element; returns whether the scroll bar needs a correction soon. */
  scrolled(scrollTop: number): boolean {
    const delta = scrollTop - this.#seen;
    this.#seen = scrollTop;
    if (!this.capped) {
      this.top = this.#clamp(scrollTop);
      return false;
    }
    const end = TALLEST - this.#view;
    const exact = Math.abs(delta) <= Math.max(2 * this.#view, NEAR);
    this.top = exact ? this.#clamp(this.top + delta) : (scrollTop / end) * (this.total - this.#view);
    return exact;
  }

  /** The code has scrolled the element. */
  placed(scrollTop: number): void {
    this.#seen = scrollTop;
  }

  /** Bring a place into view with as little movement as possible; returns whether anything moved. */
  reveal(place: number, margin = 0): boolean {
    const before = this.top;
    const from = (place - margin) * this.rowHeight;
    const to = (place + 1 + margin) * this.rowHeight - this.#view;
    if (this.top > from) this.top = this.#clamp(from);
    else if (this.top < to) this.top = this.#clamp(to);
    return this.top !== before;
  }

  #clamp(top: number): number {
    return Math.min(Math.max(top, 0), Math.max(this.total - this.#view, 0));
  }
}
