/** One mask drawn in its surroundings. */
import { surroundings } from "../../core/space/surroundings";
import { cleared } from "../../draw/canvas";
import { absent, halo } from "../../draw/palette";
import type { Crop } from "./crops";

export interface Looks {
  context: number;
  outline: boolean;
  fill: boolean;
  color: string;
}

const SMOOTH = 3; // magnification below which pixels are drawn smoothly
const FILLED = 0.35;

/** Draw a crop at the size of the canvas on the page. */
export function drawCrop(canvas: HTMLCanvasElement, crop: Crop | null, looks: Looks): void {
  const context = cleared(canvas);
  if (!context || !crop) return;
  const { width, height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  const [left, top, right, bottom] = surroundings(crop.head.at, crop.head.size, looks.context);
  const scale = Math.min(width / (right - left), height / (bottom - top));
  const x = width / 2 - ((left + right) / 2) * scale;
  const y = height / 2 - ((top + bottom) / 2) * scale;
  context.setTransform(scale, 0, 0, scale, x, y);
  drawPixels(context, crop, scale);
  drawMask(context, crop.path, looks, ratio / scale);
}

function drawPixels(context: CanvasRenderingContext2D, { bitmap, head }: Crop, scale: number): void {
  const [left, top, right, bottom] = head.box;
  if (!bitmap) {
    context.fillStyle = absent;
    context.fillRect(left, top, right - left, bottom - top);
    return;
  }
  context.imageSmoothingEnabled = (scale * (right - left)) / bitmap.width < SMOOTH;
  context.imageSmoothingQuality = "medium";
  context.drawImage(bitmap, left, top, right - left, bottom - top);
}

/** @param pixel size of a CSS pixel, in pixels of the image. */
function drawMask(context: CanvasRenderingContext2D, path: Path2D, looks: Looks, pixel: number): void {
  if (looks.fill) {
    context.globalAlpha = FILLED;
    context.fillStyle = looks.color;
    context.fill(path, "evenodd");
    context.globalAlpha = 1;
  }
  if (!looks.outline) return;
  context.lineJoin = "round";
  for (const [color, width] of [
    [halo, 4],
    [looks.color, 2],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width * pixel;
    context.stroke(path);
  }
}
