/** The settings for editing, synchronized as traits; Python and the page may both change them. */
import type { AnyModel } from "@anywidget/types";

export type Overlap = "allow" | "overwrite" | "behind";

export interface EditOptions {
  tool: string;
  /** Label of new masks; "" while the dataset has no labels. */
  label: string;
  overlap: Overlap;
  /** Diameter, pixels of the image. */
  brush_size: number;
  brush_shape: "circle" | "square";
  /** Tolerance of the wand, 0..255. */
  tolerance: number;
}

const NAMES: readonly (keyof EditOptions)[] = [
  "tool",
  "label",
  "overlap",
  "brush_size",
  "brush_shape",
  "tolerance",
];

export class EditSettings {
  constructor(
    private model: AnyModel,
    changed: (name: keyof EditOptions) => void,
    signal: AbortSignal,
  ) {
    for (const name of NAMES) {
      const heard = () => changed(name);
      model.on(`change:${name}`, heard);
      signal.addEventListener("abort", () => model.off(`change:${name}`, heard), { once: true });
    }
  }

  get<K extends keyof EditOptions>(name: K): EditOptions[K] {
    return this.model.get(name) as EditOptions[K];
  }

  set<K extends keyof EditOptions>(name: K, value: EditOptions[K]): void {
    if (this.get(name) === value) return;
    this.model.set(name, value);
    this.model.save_changes();
  }
}
