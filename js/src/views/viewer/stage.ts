/** The stacked canvases, their camera, and pointers as events for the tool. */

import type { Looks } from "../../core/masks/composite";
import * as cameras from "../../core/space/camera";
import { timed } from "../../core/timing";
import type { Adjustment } from "../../core/values/adjust";
import { h, perFrame } from "../../draw/dom";
import { drawLayers, type LayersOf } from "../../draw/layers";
import { drawMinimap, minimapSize } from "../../draw/minimap";
import { type Marked, Overlay } from "../../draw/overlay";
import { drawPicture, type Part } from "../../draw/picture";
import { drawRegions } from "../../draw/regions";
import { readTheme } from "../../draw/theme";
import { onWheel } from "../wheel";
import type { Picture } from "./picture";
import { Pointers, type StageEvents, type Tools } from "./pointers";

export interface Scene {
  picture: Picture;
  /** null: missing, or switched off. */
  bitmap: ImageBitmap | null;
  looks: Looks;
  marked: Marked[];
  adjustment: Adjustment;
  outlines: boolean;
  /** Whether pointers ignore a mask. */
  locked: (mask: number) => boolean;
}

export class Stage {
  readonly el: HTMLElement;
  /** Above everything, for chips and messages. */
  readonly front: HTMLElement;
  readonly overlay: Overlay;
  camera: cameras.Camera = { scale: 1, x: 0, y: 0 };
  /** Device pixels. */
  view: cameras.Size = { width: 1, height: 1 };
  part: Part | null = null;
  scene: Scene | null = null;
  tools: Tools | null = null;
  #layers: LayersOf = () => [];
  #image: HTMLCanvasElement;
  #minimap: HTMLCanvasElement;
  /** Whether the image is fitted to the view, until a person moves the camera. */
  #fitted = true;
  #placed: object | null = null; // camera the masks were placed with
  #painted: object | null = null; // looks they were painted with
  #drawSoon: () => void;
  readonly #pointers: Pointers;

  constructor(
    private events: StageEvents,
    signal: AbortSignal,
  ) {
    this.#image = h("canvas.nbl-viewer-layer");
    const masks = h("canvas.nbl-viewer-layer");
    this.overlay = new Overlay(masks);
    this.#minimap = h("canvas.nbl-viewer-minimap", { hidden: true, role: "img", "aria-label": "overview" });
    this.front = h("div.nbl-viewer-front");
    this.el = h("div.nbl-viewer-stage", {}, this.#image, masks, this.front, this.#minimap);
    this.#drawSoon = perFrame(() => this.draw(), signal);
    const sizes = new ResizeObserver(() => this.#resized());
    sizes.observe(this.el);
    signal.addEventListener("abort", () => this.#close(sizes), { once: true });
    this.#pointers = new Pointers(this, events, signal);
    this.#listenToMinimap(signal);
  }

  /** Device pixels per CSS pixel. */
  get ratio(): number {
    return window.devicePixelRatio || 1;
  }

  /** Zoom by the wheel while the view has the focus. */
  useWheel(root: HTMLElement, signal: AbortSignal): void {
    onWheel(this.el, root, (factor, event) => this.#pointers.wheel(factor, event), signal);
  }

  get imageSize(): cameras.Size | null {
    return this.scene?.picture.head ?? null;
  }

  /** Set what to draw next; a new image is fitted to the view. */
  show(scene: Scene | null): void {
    const before = this.imageSize;
    const other = scene?.picture.head.imageId !== this.scene?.picture.head.imageId;
    const resized =
      before?.width !== scene?.picture.head.width || before?.height !== scene?.picture.head.height;
    if (scene?.picture !== this.scene?.picture) this.#placed = null;
    this.#painted = null;
    this.scene = scene;
    if (scene && (other || resized)) {
      this.part = null;
      this.fit();
    }
  }

  /** Draw these layers over each picture, below its masks. */
  lay(layers: LayersOf): void {
    this.#layers = layers;
    this.redraw();
  }

  redraw(): void {
    this.#drawSoon();
  }

  /** Draw now rather than with the next frame. */
  draw(): void {
    const { scene, camera, view } = this;
    this.#image.style.visibility = scene ? "" : "hidden";
    if (!scene) {
      this.overlay.clear();
      this.#placed = null;
      this.#minimap.hidden = true;
      return;
    }
    const { picture, looks, marked, outlines } = scene;
    drawPicture(this.#image, view, camera, picture.head, scene.bitmap, this.part, scene.adjustment);
    const context = this.#image.getContext("2d")!;
    context.setTransform(camera.scale, 0, 0, camera.scale, camera.x, camera.y);
    drawLayers(
      context,
      this.#layers(picture.head.imageId),
      picture.head.width,
      picture.head.height,
      camera.scale,
    );
    drawRegions(this.#image, camera, picture.head.regions, picture.regions, this.ratio);
    if (this.#placed !== camera) {
      this.overlay.place(picture.masks, picture.order, camera, view.width, view.height);
      this.#placed = camera;
      this.#painted = null;
    }
    if (this.#painted !== looks) {
      const line = outlines ? Math.max(Math.round(this.ratio), 1) : 0;
      timed("nbl:viewer:recolor", () => this.overlay.paint(looks, line, marked));
      this.#painted = looks;
    }
    this.#drawMinimap();
  }

  fit(): void {
    const size = this.imageSize;
    if (!size) return;
    this.#move(cameras.fitted(size, this.view, 8 * this.ratio));
    this.#fitted = true;
  }

  actual(): void {
    this.#move(cameras.actual(this.camera, this.view));
  }

  zoom(factor: number, x = this.view.width / 2, y = this.view.height / 2): void {
    this.#move(cameras.zoomAt(this.camera, factor, x, y));
  }

  pan(dx: number, dy: number): void {
    this.#move(cameras.pan(this.camera, dx, dy));
  }

  zoomTo(mask: number): void {
    const { scene } = this;
    if (scene) this.#move(cameras.zoomTo(scene.picture.box(mask), this.view, 0.5, 16 * this.ratio));
  }

  /** Bring a mask into view if it is outside. */
  reveal(mask: number): void {
    const { scene, camera, view } = this;
    if (!scene) return;
    const [x, y, w, h] = scene.picture.box(mask);
    const [sx, sy] = cameras.toScreen(camera, x + w / 2, y + h / 2);
    if (sx >= 0 && sy >= 0 && sx <= view.width && sy <= view.height) return;
    this.pan(view.width / 2 - sx, view.height / 2 - sy);
  }

  /** Masks at a device pixel that are shown and not locked. */
  under(x: number, y: number): number[] {
    const { scene } = this;
    if (!scene) return [];
    const { looks, locked } = scene;
    return this.overlay.at(x, y).filter((mask) => looks.shown[mask] && !locked(mask));
  }

  #move(camera: cameras.Camera): void {
    const size = this.imageSize;
    if (!size) return;
    this.#fitted = false;
    this.camera = cameras.clamp(camera, size, this.view);
    this.events.moved();
    this.redraw();
  }

  #resized(): void {
    const { ratio } = this;
    const view = {
      width: Math.max(Math.round(this.el.clientWidth * ratio), 1),
      height: Math.max(Math.round(this.el.clientHeight * ratio), 1),
    };
    if (view.width === this.view.width && view.height === this.view.height) return;
    const [dx, dy] = [(view.width - this.view.width) / 2, (view.height - this.view.height) / 2];
    this.view = view;
    this.#placed = null;
    if (this.#fitted) this.fit();
    else this.pan(dx, dy);
    this.draw(); // at once: a resized canvas is empty until it is drawn
  }

  #drawMinimap(): void {
    const { scene, camera, view } = this;
    const minimap = this.#minimap;
    const size = this.imageSize;
    if (!scene || !size) return;
    const seen = cameras.visible(camera, size, view);
    const small = minimapSize(size);
    const room = Math.min(view.width, view.height) / this.ratio > 220;
    const shown = room && (seen[2] * seen[3]) / (size.width * size.height) < 0.6;
    minimap.hidden = !shown;
    if (!shown) return;
    const { accent } = readTheme(this.el.closest(".nbl") as HTMLElement);
    drawMinimap(minimap, size, scene.bitmap, seen, this.ratio, accent);
    minimap.dataset.width = String(small.width);
  }

  #listenToMinimap(signal: AbortSignal): void {
    const go = (event: PointerEvent) => {
      const size = this.imageSize;
      if (!size || !(event.buttons & 1)) return;
      event.preventDefault();
      this.#minimap.setPointerCapture(event.pointerId);
      const box = this.#minimap.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * size.width;
      const y = ((event.clientY - box.top) / box.height) * size.height;
      const { scale } = this.camera;
      this.#move({ scale, x: this.view.width / 2 - x * scale, y: this.view.height / 2 - y * scale });
    };
    this.#minimap.addEventListener("pointerdown", go, { signal });
    this.#minimap.addEventListener("pointermove", go, { signal });
  }

  #close(sizes: ResizeObserver): void {
    sizes.disconnect();
    this.scene = this.part = null;
    this.overlay.clear();
    this.#image.width = this.#image.height = this.#minimap.width = this.#minimap.height = 0;
  }
}
