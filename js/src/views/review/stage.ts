/** The canvas: one mask outlined in its surroundings; dragged and zoomed. */
import { type Camera, pan, type Size, toImage, zoomAt } from "../../core/space/camera";
import { h } from "../../draw/dom";
import { drawLayers, type LayersOf } from "../../draw/layers";
import { absent, halo, white } from "../../draw/palette";
import { hear } from "../elements";
import { onWheel } from "../wheel";
import { drawProposed } from "./correction";
import type { Item, Part } from "./crops";
import { type Edges, pathOf } from "./outlines";

export interface Looks {
  outline: boolean;
  color: string;
}

const SMOOTH = 3; // magnification below which pixels are drawn smoothly
const [LEAST, MOST] = [1 / 12, 12]; // limits of the zoom; 1 fits

export class Stage {
  readonly canvas = h("canvas.nbl-review-canvas", { "aria-hidden": "true" });
  /** Above 1 shows less around masks; kept from item to item. */
  zoom = 1;
  #camera: Camera = { scale: 1, x: 0, y: 0 };
  #item: Item | null = null;
  #layers: LayersOf = () => [];
  #looks: Looks = { outline: true, color: white };
  /** Whether the person has changed the initial view of the item. */
  #moved = false;

  readonly #changed: () => void;

  /** @param changed called when another part comes into view, which may need a sharper picture. */
  constructor(changed: () => void, signal: AbortSignal) {
    this.#changed = changed;
    this.#drag(signal);
  }

  /** Zoom by the wheel while the view has the focus. @param front the element around the canvas. */
  useWheel(front: HTMLElement, root: HTMLElement, signal: AbortSignal): void {
    const zoom = (factor: number, event: WheelEvent) => {
      const before = this.zoom;
      if (this.#item) this.#zoomAt(factor, ...this.#at(event));
      return this.zoom !== before;
    };
    onWheel(front, root, zoom, signal);
  }

  get size(): Size {
    return { width: this.canvas.width, height: this.canvas.height };
  }

  get aspect(): number {
    return this.canvas.clientWidth / Math.max(this.canvas.clientHeight, 1) || 1;
  }

  /** The part of the image in view. */
  get seen(): Edges {
    const [width, height] = this.#item?.head.size ?? [1, 1];
    const [left, top] = toImage(this.#camera, 0, 0);
    const [right, bottom] = toImage(this.#camera, this.size.width, this.size.height);
    return [Math.max(left, 0), Math.max(top, 0), Math.min(right, width), Math.min(bottom, height)];
  }

  /** Whether the part in view is missing or too coarse in the loaded pictures. */
  get wants(): boolean {
    const item = this.#item;
    if (!item || item.problem) return false;
    const seen = this.seen;
    const enough = (part: Part | null) => {
      if (!part?.bitmap) return false;
      const [left, top, right, bottom] = part.box;
      const holds =
        left <= seen[0] + 1 && top <= seen[1] + 1 && right >= seen[2] - 1 && bottom >= seen[3] - 1;
      const sharpness = part.bitmap.width / (right - left);
      return holds && (sharpness >= 0.99 || sharpness * 1.3 >= this.#camera.scale);
    };
    return seen[2] > seen[0] && seen[3] > seen[1] && !enough(item) && !enough(item.closer);
  }

  /** Follow the size of the canvas on the page. */
  resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (!width || !height || (width === this.canvas.width && height === this.canvas.height)) return;
    this.canvas.width = width;
    this.canvas.height = height;
    if (this.#item) this.show(this.#item, this.#looks);
  }

  show(item: Item | null, looks: Looks): void {
    this.#item = item;
    this.#looks = looks;
    this.#moved = false;
    this.#place();
    this.draw();
  }

  look(looks: Looks): void {
    this.#looks = looks;
    this.draw();
  }

  /** Draw these layers over each picture, below its outline. */
  lay(layers: LayersOf): void {
    this.#layers = layers;
    this.draw();
  }

  /** Back to the initial view. */
  fit(): void {
    this.zoom = 1;
    this.#moved = false;
    this.#place();
    this.draw();
    this.#changed();
  }

  /** Zoom around the middle. */
  by(factor: number): void {
    this.#zoomAt(factor, this.size.width / 2, this.size.height / 2);
  }

  draw(): void {
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const { scale, x, y } = this.#camera;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.size.width, this.size.height);
    const item = this.#item;
    if (!item) return;
    context.setTransform(scale, 0, 0, scale, x, y);
    for (const part of [item, item.closer]) if (part) drawPart(context, part, scale);
    drawLayers(context, this.#layers(item.head.imageId), item.head.size[0], item.head.size[1], scale);
    if (!this.#looks.outline) return;
    this.#drawOutline(context, item.closer ?? item);
    drawProposed(context, item.proposed, this.#pixel);
  }

  #place(): void {
    const item = this.#item;
    if (!item) return;
    const { width, height } = this.size;
    const [left, top, right, bottom] = item.box;
    const scale = Math.min(width / (right - left), height / (bottom - top));
    const middle = (a: number, b: number) => ((a + b) / 2) * scale;
    const camera = { scale, x: width / 2 - middle(left, right), y: height / 2 - middle(top, bottom) };
    const factor = this.zoom / item.view.zoom;
    const [mx, my, mw, mh] = item.head.at;
    this.#camera =
      Math.abs(factor - 1) < 1e-6
        ? camera
        : zoomAt(camera, factor, (mx + mw / 2) * scale + camera.x, (my + mh / 2) * scale + camera.y);
  }

  #zoomAt(factor: number, x: number, y: number): void {
    const zoom = Math.min(Math.max(this.zoom * factor, LEAST), MOST);
    this.#camera = zoomAt(this.#camera, zoom / this.zoom, x, y);
    this.zoom = zoom;
    this.#moved = true;
    this.draw();
    this.#changed();
  }

  /** A CSS pixel, in the image. */
  get #pixel(): number {
    return (window.devicePixelRatio || 1) / this.#camera.scale;
  }

  #drawOutline(context: CanvasRenderingContext2D, part: Part): void {
    const path = pathOf(part.rings);
    context.lineJoin = "round";
    for (const [color, width] of [
      [halo, 4],
      [this.#looks.color, 2],
    ] as const) {
      context.strokeStyle = color;
      context.lineWidth = width * this.#pixel;
      context.stroke(path);
    }
  }

  #at(event: MouseEvent): [number, number] {
    const { left, top } = this.canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    return [(event.clientX - left) * ratio, (event.clientY - top) * ratio];
  }

  #drag(signal: AbortSignal): void {
    let last: [number, number] | null = null;
    const end = () => {
      if (last) this.#changed();
      last = null;
    };
    hear(
      this.canvas,
      "pointerdown",
      (event) => {
        if (event.button !== 0 || !this.#item || !event.isPrimary) return;
        this.canvas.setPointerCapture?.(event.pointerId);
        last = this.#at(event);
      },
      { signal },
    );
    hear(
      this.canvas,
      "pointermove",
      (event) => {
        if (!last || !event.isPrimary) return;
        const at = this.#at(event);
        this.#camera = pan(this.#camera, at[0] - last[0], at[1] - last[1]);
        this.#moved = true;
        last = at;
        this.draw();
      },
      { signal },
    );
    hear(this.canvas, "pointerup", end, { signal });
    hear(this.canvas, "pointercancel", end, { signal });
  }

  get moved(): boolean {
    return this.#moved;
  }
}

function drawPart(context: CanvasRenderingContext2D, part: Part, scale: number): void {
  const [left, top, right, bottom] = part.box;
  if (!part.bitmap) {
    context.fillStyle = absent;
    context.fillRect(left, top, right - left, bottom - top);
    return;
  }
  context.imageSmoothingEnabled = (scale * (right - left)) / part.bitmap.width < SMOOTH;
  context.imageSmoothingQuality = "medium";
  context.drawImage(part.bitmap, left, top, right - left, bottom - top);
}
