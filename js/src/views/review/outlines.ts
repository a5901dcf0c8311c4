/** Outlines of masks, in pixels of the image. */
import { contours } from "../../core/edit/contour";
import { fromCounts } from "../../core/edit/raster";

/** Left, top, right, bottom, pixels of the image. */
export type Edges = readonly [number, number, number, number];

/** Outlines of a mask of a box, perhaps scaled down: x0, y0, x1, y1, … in the image. */
export function ringsOf([left, top, right, bottom]: Edges, size: [number, number], counts: Uint8Array) {
  const [width, height] = size;
  const [sx, sy] = [(right - left) / width, (bottom - top) / height];
  return contours(fromCounts(counts, height, width)).map((ring) =>
    ring.map((value, i) => (i % 2 ? top + value * sy : left + value * sx)),
  );
}

/** A path of rings, closed. */
export function pathOf(rings: readonly Float64Array[]): Path2D {
  const path = new Path2D();
  for (const ring of rings) {
    path.moveTo(ring[0], ring[1]);
    for (let i = 2; i < ring.length; i += 2) path.lineTo(ring[i], ring[i + 1]);
    path.closePath();
  }
  return path;
}
