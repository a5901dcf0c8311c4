/** Counts, the order of the tiles, their size, and whether images show their masks. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import type { DisplayControl } from "../display";
import { hear } from "../elements";
import type { Frame } from "../frame";
import type { GalleryState } from "./state";

export const SMALLEST = 48;
export const LARGEST = 320;

export class Toolbar {
  readonly #counts = h("span.nbl-counts", { "aria-live": "polite" });
  readonly #order = h("select.nbl-order", { "aria-label": "order by", title: "order by" });
  readonly #direction = h("button.nbl-icon");
  readonly #size = h("input", {
    type: "range",
    min: SMALLEST,
    max: LARGEST,
    step: 4,
    "aria-label": "size of tiles",
    title: "size of tiles (+ −)",
  });
  readonly #overlays = h(
    "button.nbl-icon.nbl-toggle",
    { "aria-label": "masks", title: "masks in the images (O)" },
    h("i.nbl-glyph"),
  );
  readonly #state: GalleryState;
  #listed = "";

  constructor(frame: Frame, state: GalleryState, display: DisplayControl, help: () => void) {
    this.#state = state;
    hear(this.#order, "change", () => state.set("order_by", this.#order.value));
    hear(this.#direction, "click", () => state.set("ascending", !state.get("ascending")));
    hear(this.#size, "input", () => state.model.set("size", Number(this.#size.value)));
    hear(this.#size, "change", () => state.model.save_changes());
    hear(this.#overlays, "click", () => state.set("overlays", !state.get("overlays")));
    const keys = h(
      "button.nbl-quiet.nbl-icon",
      { "aria-label": "keys", title: "keys (?)", onclick: help },
      "?",
    );
    frame.toolbar.prepend(this.#counts);
    const order = h("span.nbl-group", {}, this.#order, this.#direction);
    const overlays = state.of === "images" && this.#overlays;
    frame.toolbar.append(h("span.nbl-tools", {}, order, display.root, this.#size, overlays, keys));
  }

  update(): void {
    const state = this.#state;
    const picked = state.own?.count() ?? 0;
    this.#counts.replaceChildren(
      h("b", {}, formatCount(state.visible.length)),
      h("span.nbl-muted", {}, ` / ${formatCount(state.n)} ${state.of}`),
      picked ? h("span.nbl-picked", {}, `${formatCount(picked)} picked`) : "",
    );
    this.#counts.title = this.#others();
    this.#offer();
    const by = this.#order.value;
    const up = state.get("ascending");
    this.#direction.textContent = up ? "↑" : "↓";
    this.#direction.title = up ? "ascending" : "descending";
    this.#direction.setAttribute("aria-label", this.#direction.title);
    this.#direction.disabled = by === "";
    this.#size.value = String(state.get("size"));
    this.#overlays.setAttribute("aria-pressed", String(state.get("overlays")));
    this.#order.classList.toggle("nbl-waits", state.sorting);
  }

  /** A text on the clauses of other views. */
  #others(): string {
    const { store, source } = this.#state;
    const others = [...store.clauses.values()].filter((clause) => clause.source !== source);
    return others.length ? `narrowed by ${others.map((one) => one.title || one.source).join(", ")}` : "";
  }

  #offer(): void {
    const { names } = this.#state;
    const now = names.join("\n");
    if (now !== this.#listed) {
      this.#listed = now;
      const options = names.map((name) => h("option", { value: name }, name));
      this.#order.replaceChildren(h("option", { value: "" }, "table order"), ...options);
    }
    const by = this.#state.get("order_by");
    this.#order.value = names.includes(by) ? by : "";
  }
}
