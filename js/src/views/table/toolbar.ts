/** Counts, search, the active filters, and the menus of the table. */
import { formatCount } from "../../core/values/format";
import { h, renew } from "../../draw/dom";
import type { DisplayControl } from "../display";
import { hear } from "../elements";
import type { Frame } from "../frame";
import type { Menus } from "./menu";
import type { TableState } from "./state";

const PAUSE = 120; // milliseconds after a key until the search is made

export class Toolbar {
  readonly search: HTMLInputElement;
  readonly #counts = h("span.nbl-counts", { "aria-live": "polite" });
  readonly #chips = h("div.nbl-chips", { role: "group", "aria-label": "filters" });

  readonly #state: TableState;

  constructor(
    frame: Frame,
    state: TableState,
    menus: Menus,
    display: DisplayControl,
    help: () => void,
    signal: AbortSignal,
  ) {
    this.#state = state;
    this.search = h("input.nbl-search", {
      type: "search",
      placeholder: "search",
      "aria-label": "search all text and category columns",
    });
    let timer = 0;
    const look = () => {
      window.clearTimeout(timer);
      if (this.search.value !== state.get("search")) state.set("search", this.search.value);
    };
    hear(this.search, "input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(look, PAUSE);
    });
    hear(this.search, "change", look);
    hear(this.search, "keydown", (event) => {
      if (event.key !== "Escape") return;
      this.search.value = "";
      look();
      frame.root.querySelector<HTMLElement>(".nbl-grid")?.focus({ preventScroll: true });
      event.stopPropagation();
    });
    hear(signal, "abort", () => window.clearTimeout(timer), { once: true });
    const columns = h(
      "button",
      { title: "show or hide columns", "aria-haspopup": "dialog", onclick: () => menus.columns(columns) },
      h("i.nbl-glyph.nbl-glyph-columns"),
      "Columns",
    );
    const pictures = h(
      "button.nbl-icon.nbl-toggle",
      { "aria-label": "pictures", title: "show pictures" },
      h("i.nbl-glyph.nbl-glyph-picture"),
    );
    hear(pictures, "click", () => state.set("thumbnails", !state.get("thumbnails")));
    this.#pictures = pictures;
    const keys = h(
      "button.nbl-quiet.nbl-icon",
      { "aria-label": "keys", title: "keys (?)", onclick: help },
      "?",
    );
    const busy = frame.toolbar.querySelector(".nbl-busy");
    frame.toolbar.prepend(
      this.#counts,
      h("label.nbl-searcher", {}, h("i.nbl-glyph.nbl-glyph-search"), this.search),
    );
    frame.toolbar.append(
      h("span.nbl-tools", {}, ...(busy ? [busy] : []), display.root, pictures, columns, keys),
    );
    frame.below(this.#chips);
    this.update();
  }

  readonly #pictures: HTMLElement;

  update(): void {
    const state = this.#state;
    const { model } = state;
    const shown = state.visible.length;
    const picked = state.own?.count() ?? 0;
    this.#counts.replaceChildren(
      h("b", {}, formatCount(shown)),
      h("span.nbl-muted", {}, ` / ${formatCount(state.n)} ${state.of}`),
      picked ? h("span.nbl-picked", {}, `${formatCount(picked)} picked`) : "",
    );
    if (this.search.ownerDocument.activeElement !== this.search) this.search.value = model.get("search");
    this.#pictures.setAttribute("aria-pressed", String(model.get("thumbnails")));
    this.#drawChips();
  }

  /** The text over an empty grid. */
  nothingMatches(): string {
    return this.#state.filtering
      ? "No row matches the filters."
      : "No row matches what is selected in other views.";
  }

  #drawChips(): void {
    const state = this.#state;
    const search = state.get("search");
    const chips = Object.keys(state.get("filters")).map((name) =>
      chip(state.titles[name] ?? name, `remove filter of ${name}`, () => state.setFilter(name, null)),
    );
    if (search) chips.push(chip(`“${search}”`, "remove search", () => state.set("search", "")));
    const others = this.#otherClauses();
    if (chips.length > 1 || (chips.length && !state.visible.length))
      chips.push(h("button.nbl-quiet", { onclick: () => state.clearFilters() }, "clear filters"));
    if (others.length)
      chips.push(h("span.nbl-muted.nbl-others", { title: others.join(", ") }, `also: ${others.join(", ")}`));
    this.#chips.hidden = !chips.length;
    this.#chips.style.display = chips.length ? "" : "none";
    const focused = this.#chips.contains(this.#chips.ownerDocument.activeElement);
    renew(this.#chips, ...chips);
    if (focused) this.#chips.querySelector<HTMLElement>("button")?.focus({ preventScroll: true });
  }

  /** Titles of the clauses of other views. */
  #otherClauses(): string[] {
    const { store, source, filterSource } = this.#state;
    return [...store.clauses.values()]
      .filter((clause) => clause.source !== source && clause.source !== filterSource)
      .map((clause) => clause.title || clause.source);
  }
}

function chip(text: string, label: string, remove: () => void): HTMLElement {
  return h(
    "span.nbl-chip",
    { title: text },
    h("span", {}, text),
    h("button.nbl-quiet", { "aria-label": label, onclick: remove }, "×"),
  );
}
