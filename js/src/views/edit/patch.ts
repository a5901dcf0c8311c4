/** Pixels of the image on the stage, for tools that use them. */
import { contours } from "../../core/edit/contour";
import { fillPolygon } from "../../core/edit/fill";
import type { Patch } from "../../core/edit/flood";
import type { Raster } from "../../core/edit/raster";
import type { Pixels } from "../viewer/loader";

export interface Cutting {
  patch: Patch;
  /** Pixel of the image at the patch's corner. */
  left: number;
  top: number;
  /** Patch pixels per image pixel; below 1 if the page has a smaller copy of a large image. */
  factor: number;
}

/** The pixels within `radius` of a place of the image; all of them without it. */
export function cut(pixels: Pixels, x = 0, y = 0, radius = Infinity): Cutting {
  const { bitmap, width } = pixels;
  const factor = bitmap.width / width;
  const reach = Number.isFinite(radius) ? Math.ceil(radius * factor) : Math.max(bitmap.width, bitmap.height);
  const [cx, cy] = [Math.floor(x * factor), Math.floor(y * factor)];
  const [left, top] = [Math.max(cx - reach, 0), Math.max(cy - reach, 0)];
  const w = Math.max(Math.min(cx + reach, bitmap.width) - left, 1);
  const h = Math.max(Math.min(cy + reach, bitmap.height) - top, 1);
  const pen = new OffscreenCanvas(w, h).getContext("2d", { willReadFrequently: true })!;
  pen.drawImage(bitmap, -left, -top);
  const patch = pen.getImageData(0, 0, w, h);
  return { patch, left: left / factor, top: top / factor, factor };
}

/** A mask of the patch as a mask of the image. */
export function onImage(
  found: Raster,
  { left, top, factor }: Cutting,
  height: number,
  width: number,
): Raster {
  if (factor === 1) return { ...found, x: found.x + left, y: found.y + top };
  const place = (value: number, i: number) => value / factor + (i % 2 ? top : left);
  return fillPolygon(
    contours(found).map((ring) => Array.from(ring, place)),
    height,
    width,
  );
}
