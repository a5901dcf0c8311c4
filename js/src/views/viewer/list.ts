/** The image's masks as rows, only those in sight in the document; sorted by a click on the head. */
import { h, perFrame } from "../dom";
import { icon } from "./icons";
import { swatchOf } from "./legend";
import type { Picture } from "./picture";

export interface ListEvents {
  point(mask: number): void;
  hover(mask: number): void;
  zoom(mask: number): void;
  toggle(what: "hidden" | "locked", mask: number): void;
}

export interface ListState {
  picture: Picture;
  active: number;
  hover: number;
  color(mask: number): string;
  /** Left out by a layer, the score or hand. */
  shown(mask: number): boolean;
  allowed(mask: number): boolean;
  hidden(mask: number): boolean;
  locked(mask: number): boolean;
}

type Key = "label" | "source" | "score" | "area";
const HEADS: readonly [Key, string][] = [
  ["label", "label"],
  ["source", "source"],
  ["score", "score"],
  ["area", "area"],
];
const ROW = 24; // CSS pixels
const HEAD = 26;

export class List {
  readonly el: HTMLElement;
  /** Masks in the order of the list. */
  order: number[] = [];
  #state: ListState | null = null;
  #spacer = h("div.nbl-viewer-spacer", {
    role: "listbox",
    "aria-label": "labels and predictions of this image",
  });
  #rows: HTMLElement;
  #foot = h("div.nbl-viewer-list-foot.nbl-muted");
  #heads = new Map<Key, HTMLElement>();
  #sort: { by: Key; down: boolean } | null = null;
  #ordered: Picture | null = null;
  #drawSoon: () => void;

  constructor(
    private events: ListEvents,
    private id: string,
    signal: AbortSignal,
  ) {
    const head = h("div.nbl-viewer-row.nbl-viewer-list-head", { role: "presentation" }, h("span"));
    for (const [key, text] of HEADS) {
      const button = h(`button.nbl-quiet.nbl-viewer-${key}`, { onclick: () => this.#sortBy(key) }, text);
      button.title = `sort by ${text}`;
      this.#heads.set(key, button);
      head.append(button);
    }
    this.#rows = h("div.nbl-viewer-rows", {}, head, this.#spacer);
    this.el = h("div.nbl-viewer-list", {}, this.#rows, this.#foot);
    this.#drawSoon = perFrame(() => this.#draw(), signal);
    this.#rows.addEventListener("scroll", () => this.#drawSoon(), { passive: true, signal });
    const over = (event: PointerEvent) => events.hover(this.#maskAt(event.target));
    this.#rows.addEventListener("pointerover", over, { signal });
    this.#rows.addEventListener("pointerleave", () => events.hover(-1), { signal });
    this.#rows.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#rows.addEventListener("dblclick", (event) => events.zoom(this.#maskAt(event.target)), { signal });
    const sizes = new ResizeObserver(() => this.#drawSoon());
    sizes.observe(this.#rows);
    signal.addEventListener("abort", () => sizes.disconnect(), { once: true });
  }

  show(state: ListState | null): void {
    const before = this.#state;
    this.#state = state;
    if (state?.picture !== this.#ordered) {
      this.#arrange();
      if (before?.picture.head.imageId !== state?.picture.head.imageId) this.#rows.scrollTop = 0;
    }
    if (state && state.active >= 0 && state.active !== before?.active) this.#reveal(state.active);
    this.#drawSoon();
  }

  /** The mask some places further down the list, of those shown; -1 where there is none. */
  step(from: number, by: 1 | -1): number {
    const { order } = this;
    const state = this.#state;
    if (!state) return -1;
    const begin = from < 0 ? (by > 0 ? -1 : order.length) : order.indexOf(from);
    for (let at = begin + by; at >= 0 && at < order.length; at += by)
      if (state.shown(order[at])) return order[at];
    return -1;
  }

  #arrange(): void {
    const picture = this.#state?.picture ?? null;
    this.#ordered = picture;
    if (!picture) {
      this.order = [];
      return;
    }
    const { n, nLabels, score, area } = picture;
    const { by, down } = this.#sort ?? { by: "score", down: true };
    const collator = new Intl.Collator(undefined, { numeric: true });
    const compare = {
      label: (a: number, b: number) => collator.compare(picture.label(a), picture.label(b)),
      source: (a: number, b: number) => collator.compare(picture.source(a), picture.source(b)),
      score: (a: number, b: number) => (score[a] || 0) - (score[b] || 0),
      area: (a: number, b: number) => area[a] - area[b],
    }[by];
    const layer = (mask: number) => (mask < nLabels ? 0 : 1);
    this.order = Array.from({ length: n }, (_, i) => i).sort(
      (a, b) => layer(a) - layer(b) || (down ? -1 : 1) * compare(a, b) || a - b,
    );
    for (const [key, head] of this.#heads) {
      head.dataset.sort = this.#sort?.by === key ? (this.#sort.down ? "down" : "up") : "";
    }
  }

  #sortBy(key: Key): void {
    const first = key === "score" || key === "area";
    if (this.#sort?.by !== key) this.#sort = { by: key, down: first };
    else if (this.#sort.down === first) this.#sort = { by: key, down: !first };
    else this.#sort = null;
    this.#arrange();
    this.#draw();
  }

  #reveal(mask: number): void {
    const at = this.order.indexOf(mask) * ROW;
    const { scrollTop, clientHeight } = this.#rows;
    if (at < scrollTop) this.#rows.scrollTop = at;
    else if (at + ROW + HEAD > scrollTop + clientHeight)
      this.#rows.scrollTop = at + ROW + HEAD - clientHeight;
  }

  #draw(): void {
    const { order } = this;
    const state = this.#state;
    const rows = this.#rows;
    const spacer = this.#spacer;
    if (!state) {
      spacer.style.height = "0";
      spacer.replaceChildren();
      this.#foot.textContent = "";
      return;
    }
    spacer.style.height = `${order.length * ROW}px`;
    const from = Math.max(Math.floor(rows.scrollTop / ROW) - 2, 0);
    const to = Math.min(Math.ceil((rows.scrollTop + rows.clientHeight) / ROW) + 2, order.length);
    spacer.replaceChildren(...order.slice(from, to).map((mask, i) => this.#row(state, mask, from + i)));
    if (state.active >= 0) spacer.setAttribute("aria-activedescendant", `${this.id}-${state.active}`);
    else spacer.removeAttribute("aria-activedescendant");
    this.#foot.textContent = counts(state);
  }

  #row(state: ListState, mask: number, at: number): HTMLElement {
    const { picture, active, hover } = state;
    const predicted = mask >= picture.nLabels;
    const swatch = swatchOf(state.color(mask), predicted);
    const score = picture.score[mask];
    const hidden = state.hidden(mask);
    const locked = state.locked(mask);
    const name = `${predicted ? "prediction" : "instance"} ${picture.ids[mask]}`;
    const row = h(
      "div.nbl-viewer-row",
      {
        id: `${this.id}-${mask}`,
        role: "option",
        "aria-selected": String(mask === active),
        "data-mask": mask,
        title: `${name}: ${picture.label(mask)}`,
        style: { top: `${at * ROW}px` },
      },
      swatch,
      h("span.nbl-viewer-label", {}, picture.label(mask)),
      h("span.nbl-viewer-source.nbl-muted", {}, picture.source(mask)),
      h("span.nbl-viewer-score", {}, Number.isNaN(score) ? "" : score.toFixed(2)),
      h("span.nbl-viewer-area", {}, picture.area[mask].toLocaleString("en")),
      this.#lever("hidden", mask, hidden, hidden ? "show" : "hide", name),
      this.#lever("locked", mask, locked, locked ? "unlock" : "lock", name),
    );
    row.classList.toggle("nbl-active", mask === active);
    row.classList.toggle("nbl-hover", mask === hover);
    row.classList.toggle("nbl-off", !state.shown(mask));
    row.classList.toggle("nbl-dim", !state.allowed(mask));
    return row;
  }

  #lever(what: "hidden" | "locked", mask: number, on: boolean, verb: string, name: string): HTMLElement {
    const glyph = what === "hidden" ? (on ? "hidden" : "shown") : on ? "locked" : "open";
    const label = `${verb} ${name}`;
    const button = h(
      "button.nbl-quiet.nbl-viewer-lever",
      { "aria-label": label, "aria-pressed": String(on), tabindex: -1, "data-what": what, "data-mask": mask },
      icon(glyph),
    );
    button.title = verb;
    return button;
  }

  #clicked(event: MouseEvent): void {
    const mask = this.#maskAt(event.target);
    if (mask < 0) return;
    const lever = (event.target as Element).closest<HTMLElement>(".nbl-viewer-lever");
    if (lever) this.events.toggle(lever.dataset.what as "hidden" | "locked", mask);
    else this.events.point(mask);
  }

  #maskAt(target: EventTarget | null): number {
    const row = (target as Element | null)?.closest?.<HTMLElement>("[data-mask]");
    return row ? Number(row.dataset.mask) : -1;
  }
}

function counts({ picture, shown }: ListState): string {
  const { n, nLabels } = picture;
  let seen = 0;
  for (let mask = 0; mask < n; mask++) if (shown(mask)) seen++;
  const parts = [`${nLabels} label${nLabels === 1 ? "" : "s"}`];
  if (n > nLabels) parts.push(`${n - nLabels} prediction${n - nLabels === 1 ? "" : "s"}`);
  return parts.join(", ") + (seen < n ? ` (${seen} shown)` : "");
}
