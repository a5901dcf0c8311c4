/** The whole image, small, with the part in view framed. */
import type { Box, Size } from "../core/space/camera";
import { absent, halo, white } from "./palette";

/** @returns size in CSS pixels for an image, its longer side `longest`. */
export function minimapSize(image: Size, longest = 112): Size {
  const scale = longest / Math.max(image.width, image.height);
  return {
    width: Math.max(Math.round(image.width * scale), 8),
    height: Math.max(Math.round(image.height * scale), 8),
  };
}

/** @param seen the part of the image in view. */
export function drawMinimap(
  canvas: HTMLCanvasElement,
  image: Size,
  bitmap: ImageBitmap | null,
  seen: Box,
  ratio: number,
  accent: string,
): void {
  const { width, height } = minimapSize(image);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d")!;
  context.fillStyle = absent;
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (bitmap) context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const scale = canvas.width / image.width;
  const frame = [
    seen[0] * scale,
    seen[1] * scale,
    Math.max(seen[2] * scale, 3),
    Math.max(seen[3] * scale, 3),
  ];
  context.fillStyle = halo;
  context.beginPath();
  context.rect(0, 0, canvas.width, canvas.height);
  context.rect(frame[0], frame[1], frame[2], frame[3]);
  context.fill("evenodd");
  context.lineWidth = 1.5 * ratio;
  context.strokeStyle = accent || white;
  context.strokeRect(frame[0], frame[1], frame[2], frame[3]);
}
