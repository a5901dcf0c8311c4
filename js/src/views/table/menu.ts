/** The menu of a column, opened by its funnel, and the list of all columns. */
import { h } from "../../draw/dom";
import { hear } from "../elements";
import type { Popover } from "../popover";
import type { Head, Sort } from "../rows/wire";
import { type Editor, filterEditor } from "./filter";
import type { Grid } from "./grid";
import { widthOfTexts } from "./layout";
import type { TableState } from "./state";

export class Menus {
  #editor: Editor | null = null;

  readonly #state: TableState;
  readonly #grid: Grid;
  readonly #popover: Popover;

  constructor(state: TableState, grid: Grid, popover: Popover) {
    this.#state = state;
    this.#grid = grid;
    this.#popover = popover;
  }

  /** The menu of one column: its filter, order and place. */
  column(head: Head, anchor: HTMLElement): void {
    const state = this.#state;
    const popover = this.#popover;
    const open = new AbortController();
    const editor = filterEditor(state, head, open.signal);
    const unit = head.home === "image" ? " of the image" : head.home === "derived" ? " (derived)" : "";
    const clear = h("button.nbl-quiet", { onclick: () => this.#clear(head, anchor) }, "clear");
    clear.disabled = !(head.name in state.get("filters"));
    const title = h(
      "div.nbl-menu-head",
      {},
      h("b", {}, head.name),
      h("span.nbl-muted", {}, unit),
      h("span.nbl-spacer"),
      clear,
    );
    const content = [title, ...editor.elements, this.#columnButtons(head)];
    popover.show(
      `column ${head.name}`,
      `filter of ${head.name}`,
      anchor,
      [h("div.nbl-menu", {}, ...content)],
      () => {
        open.abort();
        this.#editor = null;
      },
    );
    if (!popover.open) return;
    this.#editor = {
      elements: [],
      update: () => {
        clear.disabled = !(head.name in state.get("filters"));
        editor.update();
      },
    };
  }

  /** Counts or filters have changed. */
  update(): void {
    this.#editor?.update();
  }

  /** The list in which the columns to show are ticked. */
  columns(anchor: HTMLElement): void {
    const state = this.#state;
    const list = h("div.nbl-values", { role: "group", "aria-label": "columns shown" });
    const search = h("input", {
      type: "search",
      placeholder: "find a column",
      "aria-label": "find a column",
    });
    const draw = () => {
      const shown = state.get("columns");
      const names = [...shown, ...state.names.filter((name) => !shown.includes(name))];
      const found = names.filter((name) => name.toLowerCase().includes(search.value.toLowerCase()));
      list.replaceChildren(...found.map((name) => this.#columnBox(name, shown.includes(name))));
    };
    hear(search, "input", draw);
    draw();
    const all = h(
      "button.nbl-quiet",
      {
        onclick: () => {
          state.set("columns", [...state.names]);
          draw();
        },
      },
      "show all",
    );
    const head = h("div.nbl-menu-head", {}, h("b", {}, "Columns"), h("span.nbl-spacer"), all);
    const content = h("div.nbl-menu", {}, head, state.names.length > 8 ? search : null, list);
    this.#popover.show("columns", "columns", anchor, [content]);
  }

  /** Make a column as wide as its texts in view. */
  fit = (head: Head): void => {
    const [from, to] = this.#grid.inView;
    const places = Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);
    const { font } = getComputedStyle(this.#grid.scroller);
    const width = widthOfTexts(this.#state, head, places, font);
    this.#state.set("widths", { ...this.#state.get("widths"), [head.name]: width });
  };

  #columnBox(name: string, on: boolean): HTMLElement {
    const state = this.#state;
    const box = h("input", { type: "checkbox", ...(on ? { checked: true } : {}) });
    hear(box, "change", () => {
      const shown = state.get("columns").filter((other) => other !== name);
      state.set("columns", box.checked ? [...shown, name] : shown);
    });
    return h("label.nbl-value", {}, box, h("span.nbl-value-text", { title: name }, name));
  }

  #clear(head: Head, anchor: HTMLElement): void {
    this.#state.setFilter(head.name, null);
    this.#popover.close();
    this.column(head, anchor);
  }

  #columnButtons(head: Head): HTMLElement {
    const state = this.#state;
    const popover = this.#popover;
    const { model } = state;
    const button = (label: string, act: () => void, pressed?: boolean) =>
      h(
        "button.nbl-quiet",
        {
          ...(pressed === undefined ? {} : { "aria-pressed": String(pressed) }),
          onclick: () => {
            popover.close();
            act();
          },
        },
        label,
      );
    const sort =
      (...keys: Sort) =>
      () =>
        state.set("sort", keys);
    const pinned = model.get("pinned");
    const isPinned = pinned.includes(head.name);
    const others = pinned.filter((name) => name !== head.name);
    const shown = model.get("columns").filter((name) => name !== head.name);
    const always = head.name === state.idName;
    return h(
      "div.nbl-menu-foot",
      {},
      button("▲ sort", sort([head.name, true])),
      button("▼ sort", sort([head.name, false])),
      button("fit", () => this.fit(head)),
      always
        ? null
        : button(isPinned ? "unpin" : "pin", () =>
            state.set("pinned", isPinned ? others : [...others, head.name]),
          ),
      always ? null : button("hide", () => state.set("columns", shown)),
    );
  }
}
