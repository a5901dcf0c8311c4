/** Squares in a box, as large as possible. */

export interface Fit {
  across: number;
  /** Pixels. */
  side: number;
}

/**
 * Columns and side of `n` equal squares in a box; if they would be smaller than `least`, they are at least that large
 * and the box scrolls.
 *
 * @param gap pixels between squares. @param more pixels below each square.
 */
export function fitted(n: number, width: number, height: number, gap: number, least: number, more = 0): Fit {
  let best: Fit = { across: 1, side: 0 };
  for (let across = 1; across <= Math.max(n, 1); across++) {
    const down = Math.ceil(n / across);
    const wide = (width - gap * (across - 1)) / across;
    const high = (height - gap * (down - 1)) / Math.max(down, 1) - more;
    const side = Math.floor(Math.min(wide, high));
    if (side > best.side) best = { across, side };
  }
  if (best.side >= least) return best;
  const across = Math.max(Math.floor((width + gap) / (least + gap)), 1);
  return { across, side: Math.max(Math.floor((width - gap * (across - 1)) / across), 1) };
}
