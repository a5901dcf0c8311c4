/** The toolbar: place among the images, layers, coloring and display. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { type IconName, icon } from "./icons";
import type { Settings } from "./options";
import type { Picture } from "./picture";

export interface BarEvents {
  step(by: 1 | -1): void;
  fit(): void;
  display(anchor: HTMLElement): void;
  help(): void;
}

export type Layer = "show_image" | "show_labels" | "show_predictions";
const LAYERS: readonly [Layer, IconName, string, string][] = [
  ["show_image", "image", "image", "5"],
  ["show_labels", "labels", "instances", "6"],
  ["show_predictions", "predictions", "predictions", "7"],
];

export class Bar {
  readonly display: HTMLElement;
  /** Place among the images, and facts on this one. */
  readonly place = h("div.nbl-viewer-group.nbl-viewer-where");
  #previous = this.#button("previous", "previous image (←)", () => this.#events.step(-1));
  #next = this.#button("next", "next image (→)", () => this.#events.step(1));
  #place = h("span.nbl-viewer-place", { "aria-live": "polite" });
  #name = h("span.nbl-viewer-name.nbl-muted");
  #layers = new Map<Layer, { button: HTMLElement; count: HTMLElement }>();
  #color = h("select.nbl-viewer-color", { "aria-label": "color by", title: "color by", hidden: true });
  #list: HTMLElement;
  #listed = "";

  readonly #settings: Settings;
  readonly #events: BarEvents;

  constructor(toolbar: HTMLElement, settings: Settings, events: BarEvents) {
    this.#settings = settings;
    this.#events = events;
    const group = h("span.nbl-viewer-layers", { role: "group", "aria-label": "layers" });
    for (const [name, glyph, text, key] of LAYERS) {
      const count = h("span");
      const button = h(
        "button.nbl-toggle",
        { title: `${text} (${key})`, "aria-label": text, onclick: () => settings.toggle(name) },
        icon(glyph),
        count,
      );
      this.#layers.set(name, { button, count });
      group.append(button);
    }
    this.#color.addEventListener("change", () => settings.set("color_by", this.#color.value));
    this.display = this.#button("display", "how it looks", () => events.display(this.display));
    this.display.setAttribute("aria-haspopup", "dialog");
    this.#list = this.#button("list", "list of instances (L)", () => settings.toggle("show_list"));
    this.#list.classList.add("nbl-toggle");
    const fit = this.#button("fit", "fit to view (F)", () => events.fit());
    const help = h(
      "button.nbl-quiet.nbl-icon",
      { title: "keys (?)", "aria-label": "keys", onclick: () => events.help() },
      "?",
    );
    this.place.append(this.#previous, this.#place, this.#next, this.#name);
    toolbar.prepend(
      this.place,
      h("div.nbl-viewer-group", {}, group, this.#color, this.display, fit, this.#list, help),
    );
    this.update();
  }

  /** @param at place of the image in the order, from 0; -1 if the selection leaves it out. */
  where(at: number, n: number, picture: Picture | null, ends: { first: boolean; last: boolean }): void {
    this.#place.textContent = `${at < 0 ? "–" : formatCount(at + 1)} / ${formatCount(n)}`;
    this.#place.title = at < 0 && picture ? "the selection leaves this image out" : "";
    (this.#previous as HTMLButtonElement).disabled = ends.first;
    (this.#next as HTMLButtonElement).disabled = ends.last;
    for (const { count } of this.#layers.values()) count.textContent = "";
    this.#name.textContent = this.#name.title = "";
    if (!picture) return;
    const { head, n: masks, nLabels } = picture;
    this.#name.textContent = head.file.split("/").pop() ?? head.file;
    this.#name.title = `image ${head.imageId}: ${head.file}, ${head.width} × ${head.height} pixels`;
    this.#layers.get("show_labels")!.count.textContent = String(nLabels);
    const predictions = this.#layers.get("show_predictions")!;
    predictions.count.textContent = masks > nLabels ? String(masks - nLabels) : "";
    this.#offer(head.columns);
  }

  layerKeys(keys: Readonly<Record<Layer, string>>): void {
    for (const [name, , text] of LAYERS) this.#layers.get(name)!.button.title = `${text} (${keys[name]})`;
  }

  /** Show the current settings. */
  update(): void {
    for (const [name, { button }] of this.#layers)
      button.setAttribute("aria-pressed", String(this.#settings.get(name)));
    this.#list.setAttribute("aria-pressed", String(this.#settings.get("show_list")));
    this.#color.value = this.#settings.get("color_by");
  }

  #offer(columns: readonly string[]): void {
    const now = columns.join("\n");
    if (now === this.#listed) return;
    this.#listed = now;
    this.#color.replaceChildren(...columns.map((name) => h("option", { value: name }, name)));
    this.#color.value = this.#settings.get("color_by");
    this.#color.hidden = !columns.length;
  }

  #button(glyph: IconName, title: string, onclick: () => void): HTMLElement {
    return h("button.nbl-quiet.nbl-icon", { title, "aria-label": title, onclick }, icon(glyph));
  }
}
