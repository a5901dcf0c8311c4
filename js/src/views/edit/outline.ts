/** A mask's outline with few enough corners to drag them. */
import { contours, simplified } from "../../core/edit/contour";
import { area, type Raster } from "../../core/edit/raster";

export class Outline {
  /** @param scale device pixels per image pixel: the larger, the more corners are kept. */
  trace(raster: Raster, scale: number): number[][] {
    if (!area(raster)) return [];
    const tolerance = Math.min(Math.max(1.5 / scale, 0.75), 4);
    return contours(raster).map((ring) => Array.from(ring.length > 16 ? simplified(ring, tolerance) : ring));
  }
}
