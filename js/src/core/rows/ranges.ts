/**
 * Scrolling through more rows than a browser's tallest element: the spacer is capped, and where it is, small
 * scrolls move by exactly as many pixels of rows while far ones (the scroll bar is dragged) map by ratio.
 */

/** Firefox draws elements up to 17.9 million pixels; stay well below. */
export const TALLEST = 6_000_000;

/** Pixels up to which a scroll is one of a wheel, a key or a finger: the scroll bar moves farther at once. */
const NEAR = 4000;

export class ScrollMap {
  /** Pixels of rows above the top of the view. */
  top = 0;
  #seen = 0;
  #rows = 0;
  #view = 0;

  /** @param rowHeight CSS pixels. */
  constructor(readonly rowHeight: number) {}

  /** @param rows how many there are. @param view pixels of the view that rows fill. */
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

  /** Past the last place at least partly in view. */
  get end(): number {
    return Math.min(Math.ceil((this.top + this.#view) / this.rowHeight), this.#rows);
  }

  /** Rows a page key moves by. */
  get page(): number {
    return Math.max(Math.floor(this.#view / this.rowHeight) - 1, 1);
  }

  /** Where the scroll bar belongs. */
  get scrollTop(): number {
    const far = this.total - this.#view;
    if (far <= 0) return 0;
    return this.capped ? (this.top / far) * (TALLEST - this.#view) : this.top;
  }

  /** The element scrolled to here by itself; tells whether the scroll bar should be put right soon. */
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

  /** The element was put here by us. */
  placed(scrollTop: number): void {
    this.#seen = scrollTop;
  }

  /** Bring a place into view with as little movement as possible; tells whether anything moved. */
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
