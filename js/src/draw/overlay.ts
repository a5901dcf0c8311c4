/** The canvas with the masks: rewritten when the camera moves, recolored through a table when only looks change. */

import { type Looks, paint, paintRing, pileColors, type Ring } from "../core/masks/composite";
import { LabelMap } from "../core/masks/labelmap";
import type { Masks } from "../core/masks/rle";
import type { Camera } from "../core/space/camera";

const MOST = 4_200_000; // device pixels; beyond, the overlay has half the resolution

export interface Marked {
  mask: number;
  /** x, y, w, h; pixels of the image. */
  box: readonly [number, number, number, number];
  ring: Ring;
}

export class Overlay {
  readonly map = new LabelMap();
  #image: ImageData | null = null;
  #shrink = 1;
  #camera: Camera = { scale: 1, x: 0, y: 0 };

  constructor(private canvas: HTMLCanvasElement) {}

  /** Write the masks as the camera shows them, on a screen of `width` x `height` device pixels. */
  place(masks: Masks, order: ArrayLike<number>, camera: Camera, width: number, height: number): void {
    this.#shrink = width * height > MOST ? 2 : 1;
    const w = Math.max(Math.ceil(width / this.#shrink), 1);
    const h = Math.max(Math.ceil(height / this.#shrink), 1);
    const { scale, x, y } = camera;
    this.#camera = { scale: scale / this.#shrink, x: x / this.#shrink, y: y / this.#shrink };
    if (this.canvas.width !== w || this.canvas.height !== h || !this.#image) {
      this.canvas.width = w;
      this.canvas.height = h;
      this.#image = new ImageData(w, h);
    }
    this.map.write(masks, order, this.#camera, w, h);
  }

  /** @param line width of outlines, device pixels; 0 for none. */
  paint(looks: Looks, line: number, marked: readonly Marked[]): void {
    if (!this.#image) return;
    const out = new Uint32Array(this.#image.data.buffer);
    const width = line && Math.max(Math.round(line / this.#shrink), 1);
    paint(this.map, pileColors(this.map, looks), looks, width, out);
    const { scale, x, y } = this.#camera;
    const shrunk = (pixels: number) => Math.max(Math.round(pixels / this.#shrink), 1);
    for (const { mask, box, ring } of marked) {
      const [left, top] = [box[0] * scale + x, box[1] * scale + y];
      const there = [left, top, left + box[2] * scale, top + box[3] * scale];
      const widths = { innerWidth: shrunk(ring.innerWidth), outerWidth: shrunk(ring.outerWidth) };
      paintRing(this.map, mask, there, { ...ring, ...widths }, out);
    }
    this.canvas.getContext("2d")!.putImageData(this.#image, 0, 0);
  }

  /** Masks at a device pixel, the topmost first. */
  at(x: number, y: number): number[] {
    return this.map.at(x / this.#shrink, y / this.#shrink);
  }

  clear(): void {
    this.canvas.width = this.canvas.height = 1;
    this.#image = null;
    this.map.write(NOTHING, [], this.#camera, 1, 1);
  }
}

const NOTHING: Masks = {
  n: 0,
  width: 1,
  height: 1,
  head: new Uint32Array(1),
  starts: new Uint32Array(0),
  ends: new Uint32Array(0),
};
