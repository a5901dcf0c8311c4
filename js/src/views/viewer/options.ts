/** The settings of the viewer, synchronized as traits; Python and the page may both change them. */
import type { AnyModel } from "@anywidget/types";

export interface Options {
  opacity: number;
  color_by: string;
  show_image: boolean;
  show_labels: boolean;
  show_predictions: boolean;
  fill: boolean;
  outlines: boolean;
  min_score: number;
  only_selected: boolean;
  show_list: boolean;
}

const NAMES = [
  "opacity",
  "color_by",
  "show_image",
  "show_labels",
  "show_predictions",
  "fill",
  "outlines",
  "min_score",
  "only_selected",
  "show_list",
] as const satisfies readonly (keyof Options)[];

export type OptionName = keyof Options;

export class Settings {
  #watchers: ((name: OptionName) => void)[] = [];

  constructor(
    private model: AnyModel,
    signal: AbortSignal,
  ) {
    for (const name of NAMES) {
      const changed = () => {
        for (const watcher of this.#watchers) watcher(name);
      };
      model.on(`change:${name}`, changed);
      signal.addEventListener("abort", () => model.off(`change:${name}`, changed), { once: true });
    }
  }

  get<K extends OptionName>(name: K): Options[K] {
    return this.model.get(name) as Options[K];
  }

  set<K extends OptionName>(name: K, value: Options[K]): void {
    if (this.get(name) === value) return;
    this.model.set(name, value);
    this.model.save_changes();
  }

  toggle(
    name:
      | "show_image"
      | "show_labels"
      | "show_predictions"
      | "fill"
      | "outlines"
      | "only_selected"
      | "show_list",
  ): void {
    this.set(name, !this.get(name));
  }

  /** Call back with the name of each option that changes, here or in Python. */
  watch(watcher: (name: OptionName) => void): void {
    this.#watchers.push(watcher);
  }
}
