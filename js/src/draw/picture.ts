/** Draws the image: the bitmap through the camera, a sharper part over it, then brightness and contrast. */

import type { Box, Camera, Size } from "../core/space/camera";
import { type Adjustment, adjust, adjustmentTable, isPlain } from "../core/values/adjust";
import { absent } from "./palette";

export interface Part {
  bitmap: ImageBitmap;
  /** Pixels of the image. */
  box: Box;
}

/**
 * @param image size in pixels, as for the masks; the bitmap may be smaller.
 * @param bitmap null for a neutral surface.
 * @param part drawn over the bitmap.
 */
export function drawPicture(
  canvas: HTMLCanvasElement,
  view: Size,
  camera: Camera,
  image: Size,
  bitmap: ImageBitmap | null,
  part: Part | null,
  adjustment: Adjustment,
): void {
  if (canvas.width !== view.width || canvas.height !== view.height) {
    canvas.width = view.width;
    canvas.height = view.height;
  }
  const context = canvas.getContext("2d")!;
  const { scale, x, y } = camera;
  const [w, h] = [image.width * scale, image.height * scale];
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  if (!bitmap) {
    context.fillStyle = absent;
    context.fillRect(x, y, w, h);
    return;
  }
  smooth(context, (image.width / bitmap.width) * scale);
  context.drawImage(bitmap, x, y, w, h);
  if (part) {
    const [left, top, width, height] = part.box;
    smooth(context, (width / part.bitmap.width) * scale);
    context.drawImage(part.bitmap, left * scale + x, top * scale + y, width * scale, height * scale);
  }
  if (!isPlain(adjustment)) adjustCanvas(context, view, [x, y, w, h], adjustment);
}

/** Magnified pixels stay squares; shrunk ones are averaged. */
function smooth(context: CanvasRenderingContext2D, magnified: number): void {
  context.imageSmoothingEnabled = magnified < 1;
  context.imageSmoothingQuality = magnified < 0.5 ? "medium" : "low";
}

function adjustCanvas(context: CanvasRenderingContext2D, view: Size, box: Box, adjustment: Adjustment): void {
  const left = Math.max(Math.floor(box[0]), 0);
  const top = Math.max(Math.floor(box[1]), 0);
  const right = Math.min(Math.ceil(box[0] + box[2]), view.width);
  const bottom = Math.min(Math.ceil(box[1] + box[3]), view.height);
  if (right <= left || bottom <= top) return;
  const pixels = context.getImageData(left, top, right - left, bottom - top);
  adjust(pixels.data, adjustmentTable(adjustment));
  context.putImageData(pixels, left, top);
}
