/** Draws regions of an image as hatched areas: gray where nobody knows what is there, green where all is labeled. */

import { contours } from "../core/edit/contour";
import { fromMasks } from "../core/edit/raster";
import type { Masks } from "../core/masks/rle";
import { type Camera, toScreen } from "../core/space/camera";
import { green, halo, white } from "./palette";

const PITCH = 18; // CSS pixels between two lines
const paths = new WeakMap<Masks, Path2D[]>();

/** @param unit device pixels per CSS pixel. */
export function drawRegions(
  canvas: HTMLCanvasElement,
  camera: Camera,
  regions: readonly { kind: string }[],
  masks: Masks,
  unit: number,
): void {
  if (!regions.length) return;
  const pen = canvas.getContext("2d")!;
  const known = paths.get(masks) ?? regions.map((_, i) => pathOf(masks, i));
  paths.set(masks, known);
  const [x, y] = toScreen(camera, 0, 0);
  regions.forEach(({ kind }, i) => {
    const onScreen = new Path2D();
    onScreen.addPath(known[i], new DOMMatrix([camera.scale, 0, 0, camera.scale, x, y]));
    hatch(pen, onScreen, kind === "done" ? green : white, kind === "done" ? 1 : -1, unit);
  });
}

function pathOf(masks: Masks, i: number): Path2D {
  const path = new Path2D();
  for (const ring of contours(fromMasks(masks, i))) {
    for (let at = 0; at < ring.length; at += 2)
      if (at) path.lineTo(ring[at], ring[at + 1]);
      else path.moveTo(ring[at], ring[at + 1]);
    path.closePath();
  }
  return path;
}

/** @param slope 1: lines rise to the right; -1: they fall. */
function hatch(
  pen: CanvasRenderingContext2D,
  path: Path2D,
  color: string,
  slope: 1 | -1,
  unit: number,
): void {
  const { width, height } = pen.canvas;
  pen.save();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clip(path, "evenodd");
  pen.beginPath();
  for (let at = -height; at < width + height; at += PITCH * unit) {
    pen.moveTo(at, slope > 0 ? height : 0);
    pen.lineTo(at + height, slope > 0 ? 0 : height);
  }
  stroke(pen, color, unit);
  pen.restore();
  pen.save();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.setLineDash([6 * unit, 4 * unit]);
  stroke(pen, color, unit, path);
  pen.restore();
}

/** A light line over a wider dark one, visible on any picture. */
function stroke(pen: CanvasRenderingContext2D, color: string, unit: number, path?: Path2D): void {
  for (const [style, width] of [
    [halo, 2],
    [color, 1],
  ] as const) {
    pen.strokeStyle = style;
    pen.lineWidth = width * unit;
    if (path) pen.stroke(path);
    else pen.stroke();
  }
}
