/** The current brush stroke as pixels, and the mask it is on. */

import { Stroke } from "../../core/edit/brush";
import { EMPTY, type Raster } from "../../core/edit/raster";
import type { Size } from "../../core/space/camera";
import type { Painting } from "../../tools/brush";
import type { EditSettings } from "./options";
import type { Subject } from "./subject";

export class Strokes {
  /** The mask the stroke is on; undefined: a new one, or there is no stroke. */
  subject: Subject | undefined;
  erase = false;
  #stroke: Stroke | null = null;
  #seen = 0;

  constructor(private settings: EditSettings) {}

  get raster(): Raster {
    return this.#stroke?.raster ?? EMPTY;
  }

  get under(): boolean {
    return this.#stroke !== null;
  }

  begin(tool: string, subject: Subject | undefined, { width, height }: Size): void {
    if (tool !== "brush" && tool !== "eraser") return;
    this.subject = subject;
    this.#stroke = new Stroke(
      width,
      height,
      this.settings.get("brush_shape"),
      this.settings.get("brush_size"),
    );
    this.#seen = 0;
  }

  follow(state: unknown): void {
    const { path, erase } = state as Painting;
    if (!this.#stroke || !path) return;
    if (path.length) this.erase = erase;
    for (; this.#seen < path.length; this.#seen += 2)
      this.#stroke.add(path[this.#seen], path[this.#seen + 1]);
  }

  end(): void {
    this.#stroke = null;
    this.subject = undefined;
  }
}
