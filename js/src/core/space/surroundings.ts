/** The square shown around a mask, as `crop_box` of `widgets/review/crop.py` computes it. */

const LEAST = 48; // pixels of the image that are shown at least

/** Left, top, right, bottom; pixels of the image. */
export type Edges = readonly [number, number, number, number];

/**
 * @param at x, y, w, h of the mask. @param size width and height of the image.
 * @param context margin on every side, as a share of the longer side.
 */
export function surroundings(
  [x, y, w, h]: readonly number[],
  [width, height]: readonly number[],
  context: number,
): Edges {
  const side = Math.max(Math.max(w, h) * (1 + 2 * context), LEAST);
  const [left, right] = span(x + w / 2, side, width);
  const [top, bottom] = span(y + h / 2, side, height);
  return [left, top, right, bottom];
}

/** A span around a middle, shifted into 0..limit. */
function span(middle: number, length: number, limit: number): [number, number] {
  const shown = Math.min(Math.max(Math.round(length), 1), limit);
  const start = Math.min(Math.max(Math.round(middle - shown / 2), 0), limit - shown);
  return [start, start + shown];
}
