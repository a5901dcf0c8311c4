/** Layers over a picture, in the coordinates of its image: depth, thermal, the frame before. */

export interface Layer {
  bitmap: ImageBitmap;
  /** 0..1. */
  opacity: number;
}

/** The layers of an image, from the lowest to the topmost. */
export type LayersOf = (imageId: number) => readonly Layer[];

const SMOOTH = 3; // magnification below which pixels are drawn smoothly

/** @param context draws in pixels of the image. @param scale device pixels per pixel of the image. */
export function drawLayers(
  context: CanvasRenderingContext2D,
  layers: readonly Layer[],
  width: number,
  height: number,
  scale: number,
): void {
  for (const { bitmap, opacity } of layers) {
    if (!opacity || !bitmap.width) continue;
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = (width / bitmap.width) * scale < SMOOTH;
    context.imageSmoothingQuality = "medium";
    context.drawImage(bitmap, 0, 0, width, height);
  }
  context.globalAlpha = 1;
}
