/** The legend of the colors on this image; a click on a color hides or shows its masks. */
import { formatCount } from "../../core/values/format";
import { viridis } from "../../draw/colors";
import { h } from "../../draw/dom";
import { neutral } from "../../draw/palette";
import { groupOf } from "./looks";
import type { Picture } from "./picture";

const MOST = 7; // colors, until all are asked for

/** A square for instances, a dashed frame for predictions. */
export function swatchOf(color: string, predicted: boolean): HTMLElement {
  if (!predicted) return h("span.nbl-swatch", { style: { backgroundColor: color } });
  return h("span.nbl-swatch.nbl-viewer-predicted", { style: { borderColor: color } });
}

export interface LegendEvents {
  /** Hide or show a group; @param only show it alone, or all again. */
  toggle(group: string, only: boolean): void;
  all(): void;
}

export class Legend {
  readonly el = h("div.nbl-viewer-chip.nbl-viewer-legend", {
    hidden: true,
    role: "group",
    "aria-label": "legend",
  });
  #picture: Picture | null = null;
  #values: unknown = null;
  #all = false;
  readonly #groups = new Map<string, HTMLElement>();
  readonly #foot = h("span.nbl-viewer-foot");
  readonly #rest = h("button.nbl-viewer-key", { onclick: () => this.#showAll() });
  readonly #off = h("button.nbl-viewer-key.nbl-viewer-off", { onclick: () => this.#events.all() });

  readonly #events: LegendEvents;

  constructor(events: LegendEvents) {
    this.#events = events;
    this.el.addEventListener("click", (event) => this.#pressed(event, event.altKey));
    this.el.addEventListener("keydown", (event) => {
      if (event.altKey && (event.key === "Enter" || event.key === " ")) this.#pressed(event, true);
    });
  }

  /** @param off groups that are hidden. */
  show(picture: Picture, off: ReadonlySet<string>): void {
    if (this.#picture !== picture || this.#values !== picture.values) this.#build(picture);
    let hidden = 0;
    if (off.size)
      for (let mask = 0; mask < picture.n; mask++) if (off.has(groupOf(picture, mask) ?? "")) hidden++;
    for (const [group, button] of this.#groups) {
      const on = String(!off.has(group));
      if (button.getAttribute("aria-pressed") !== on) button.setAttribute("aria-pressed", on);
    }
    this.el.hidden = this.el.childElementCount === 1;
    this.#off.hidden = !hidden;
    this.#off.textContent = `${formatCount(hidden)} hidden ×`;
    this.#off.title = "show all again";
  }

  #build(picture: Picture): void {
    this.#picture = picture;
    this.#values = picture.values;
    this.#groups.clear();
    this.#foot.replaceChildren(this.#off);
    this.el.replaceChildren(...this.#masks(picture), ...regions(picture), this.#foot);
    this.el.classList.toggle("nbl-viewer-all", this.#all);
  }

  #masks(picture: Picture): HTMLElement[] {
    const { coloring, values, n } = picture;
    if (!n) return [];
    if (coloring.kind !== "category") return scale(coloring, values);
    const counts = new Map<number, number>();
    for (const code of values) counts.set(code, (counts.get(code) ?? 0) + 1);
    const codes = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
    const shown = this.#all ? codes : codes.slice(0, MOST);
    const entries = shown.map((code) => {
      const text = coloring.categories[code] ?? "none";
      const group = `${coloring.name}:${coloring.categories[code] ?? ""}`;
      const count = formatCount(counts.get(code)!);
      const about = {
        type: "button",
        "data-group": group,
        "aria-label": `${text}, ${count}`,
        title: `${text}: ${count} here · click: hide or show · Alt+click: only this, or all`,
      };
      const button = h("button.nbl-viewer-key", about, swatchOf(coloring.colors[code] ?? neutral, false));
      button.append(h("span.nbl-viewer-text", {}, text), h("span.nbl-viewer-n", {}, count));
      this.#groups.set(group, button);
      return button;
    });
    const rest = codes.length - MOST;
    this.#rest.textContent = this.#all ? "fewer" : `and ${formatCount(rest)} more`;
    if (rest > 0) this.#foot.prepend(this.#rest);
    return entries;
  }

  #showAll(): void {
    this.#all = !this.#all;
    const pressed = new Map([...this.#groups].map(([group, el]) => [group, el.ariaPressed]));
    if (this.#picture) this.#build(this.#picture);
    for (const [group, el] of this.#groups) el.setAttribute("aria-pressed", pressed.get(group) ?? "true");
    this.#rest.focus({ preventScroll: true });
  }

  #pressed(event: Event, only: boolean): void {
    const button = (event.target as Element).closest<HTMLElement>("[data-group]");
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    this.#events.toggle(button.dataset.group!, only);
  }
}

const REGIONS: Record<string, string> = {
  ignore: "ignored: neither trained on nor measured",
  done: "done: everything here is labeled",
};

/** One entry per kind of region on this image, and how many there are. */
function regions({ head }: Picture): HTMLElement[] {
  return Object.entries(REGIONS).flatMap(([kind, title]) => {
    const found = head.regions.filter((region) => region.kind === kind);
    if (!found.length) return [];
    const labels = new Set(found.map(({ label }) => label).filter((label) => label !== null));
    const about = labels.size ? ` (${[...labels].join(", ")})` : "";
    const swatch = h(`span.nbl-swatch.nbl-viewer-${kind}`);
    return [h("span.nbl-viewer-key", { title: title + about }, swatch, `${kind} ${found.length}${about}`)];
  });
}

/** The colors of numbers or times, and how many masks have none. */
function scale(
  { name, kind, low, high }: Exclude<Picture["coloring"], { kind: "category" }>,
  values: Picture["values"],
): HTMLElement[] {
  const stops = Array.from({ length: 9 }, (_, i) => `rgb(${viridis(i / 8).join(" ")})`);
  const bar = h("span.nbl-viewer-scale", {
    style: { backgroundImage: `linear-gradient(to right, ${stops.join(", ")})` },
  });
  const say = (value: number) =>
    kind === "time" ? new Date(value).toISOString().slice(0, 10) : String(Number(value.toPrecision(3)));
  const range = h("span.nbl-viewer-key", { title: name }, `${name} ${say(low)}`, bar, say(high));
  const without = values.filter((value) => Number.isNaN(value)).length;
  const text = `none ${formatCount(without)}`;
  return without ? [range, h("span.nbl-viewer-key", {}, swatchOf(neutral, false), text)] : [range];
}
