/**
 * Where the image lies on the screen: screen = image * scale + (x, y). Image coordinates are pixels, (0, 0) the
 * outer corner of the first; screen coordinates are device pixels of the canvas. Cameras are values.
 */

export interface Camera {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [number, number];
export type Box = readonly [x: number, y: number, w: number, h: number];

const MOST = 64; // screen pixels per image pixel, at most
const KEPT = 48; // screen pixels of the image that always stay in view

export function toScreen(camera: Camera, x: number, y: number): Point {
  return [x * camera.scale + camera.x, y * camera.scale + camera.y];
}

export function toImage(camera: Camera, x: number, y: number): Point {
  return [(x - camera.x) / camera.scale, (y - camera.y) / camera.scale];
}

/** The image centered, as large as fits; small images are magnified, above 4 by a whole factor. */
export function fitted(image: Size, view: Size, margin = 0): Camera {
  const room = (of: number, n: number) => Math.max(of - 2 * margin, 1) / Math.max(n, 1);
  const scale = Math.min(room(view.width, image.width), room(view.height, image.height), MOST);
  return centered(image, view, scale > 4 ? Math.floor(scale) : scale);
}

/** One image pixel per device pixel, around the current middle. */
export function actual(camera: Camera, view: Size): Camera {
  return zoomAt(camera, 1 / camera.scale, Math.round(view.width / 2), Math.round(view.height / 2));
}

/** A box of the image centered in a share of the view, at most `most` screen pixels per image pixel. */
export function zoomTo(box: Box, view: Size, share = 0.6, most = 24): Camera {
  const [x, y, w, h] = box;
  const scale = Math.min((view.width * share) / Math.max(w, 1), (view.height * share) / Math.max(h, 1), most);
  return { scale, x: view.width / 2 - (x + w / 2) * scale, y: view.height / 2 - (y + h / 2) * scale };
}

/** Zoom around a point of the screen, which stays in place. */
export function zoomAt(camera: Camera, factor: number, x: number, y: number): Camera {
  return {
    scale: camera.scale * factor,
    x: x - (x - camera.x) * factor,
    y: y - (y - camera.y) * factor,
  };
}

export function pan(camera: Camera, dx: number, dy: number): Camera {
  return { scale: camera.scale, x: camera.x + dx, y: camera.y + dy };
}

/** The nearest camera within the limits of scale that has some of the image in view. */
export function clamp(camera: Camera, image: Size, view: Size): Camera {
  const least = Math.min(fitted(image, view).scale, 1) / 2;
  const scale = Math.min(Math.max(camera.scale, least), MOST);
  const at =
    scale === camera.scale ? camera : zoomAt(camera, scale / camera.scale, view.width / 2, view.height / 2);
  return {
    scale,
    x: held(at.x, image.width * scale, view.width),
    y: held(at.y, image.height * scale, view.height),
  };
}

/** The part of the image in view: (x, y, w, h), clipped to the image. */
export function visible(camera: Camera, image: Size, view: Size): Box {
  const [left, top] = toImage(camera, 0, 0);
  const [right, bottom] = toImage(camera, view.width, view.height);
  const x = Math.min(Math.max(left, 0), image.width);
  const y = Math.min(Math.max(top, 0), image.height);
  const w = Math.min(Math.max(right, 0), image.width) - x;
  const h = Math.min(Math.max(bottom, 0), image.height) - y;
  return [x, y, w, h];
}

function centered(image: Size, view: Size, scale: number): Camera {
  return {
    scale,
    x: Math.round((view.width - image.width * scale) / 2),
    y: Math.round((view.height - image.height * scale) / 2),
  };
}

function held(at: number, length: number, room: number): number {
  const kept = Math.min(KEPT, length, room);
  return Math.min(Math.max(at, kept - length), room - kept);
}
