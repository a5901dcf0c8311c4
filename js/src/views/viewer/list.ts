/** The masks of the image as rows, only those in view in the document; a click on a head sorts. */
import { h, perFrame } from "../../draw/dom";
import { type ListState, makeRow, markRow } from "./list_row";
import type { Picture } from "./picture";

export interface ListEvents {
  point(mask: number): void;
  hover(mask: number): void;
  zoom(mask: number): void;
  toggle(what: "hidden" | "locked", mask: number): void;
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
    "aria-label": "instances and predictions of this image",
  });
  #rows: HTMLElement;
  #foot = h("div.nbl-viewer-list-foot.nbl-muted");
  #heads = new Map<Key, HTMLElement>();
  #sort: { by: Key; down: boolean } | null = null;
  #ordered: Picture | null = null;
  /** The mask clicked here last: the list does not scroll to it. */
  #here = -1;
  #drawn: unknown[] = []; // what the rows in the document were made of
  #drawSoon: () => void;

  readonly #events: ListEvents;
  readonly #id: string;

  constructor(events: ListEvents, id: string, signal: AbortSignal) {
    this.#events = events;
    this.#id = id;
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
    if (state && state.active >= 0 && state.active !== before?.active && state.active !== this.#here)
      this.#reveal(state.active);
    this.#here = -1;
    this.#drawSoon();
  }

  /** The next shown mask down (1) or up (-1) the list; -1 if there is none. */
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
      this.#drawn = [];
      this.#foot.textContent = "";
      return;
    }
    spacer.style.height = `${Math.max(order.length, 1) * ROW}px`;
    const from = Math.max(Math.floor(rows.scrollTop / ROW) - 2, 0);
    const to = Math.min(Math.ceil((rows.scrollTop + rows.clientHeight) / ROW) + 2, order.length);
    const drawn = [order, state.picture.values, from, to];
    if (drawn.some((part, i) => part !== this.#drawn[i])) {
      this.#drawn = drawn;
      const id = (mask: number) => `${this.#id}-${mask}`;
      const visible = order.slice(from, to);
      spacer.replaceChildren(...visible.map((mask, i) => makeRow(id(mask), state, mask, (from + i) * ROW)));
      if (!order.length) spacer.append(h("div.nbl-viewer-row.nbl-viewer-none", {}, nothing(state.picture)));
    }
    for (const row of spacer.querySelectorAll<HTMLElement>("[role=option]")) markRow(row, state);
    if (state.active >= 0) spacer.setAttribute("aria-activedescendant", `${this.#id}-${state.active}`);
    else spacer.removeAttribute("aria-activedescendant");
    this.#foot.textContent = counts(state);
  }

  #clicked(event: MouseEvent): void {
    const mask = this.#maskAt(event.target);
    if (mask < 0) return;
    const lever = (event.target as Element).closest<HTMLElement>(".nbl-viewer-lever");
    if (lever) this.#events.toggle(lever.dataset.what as "hidden" | "locked", mask);
    else {
      this.#here = mask;
      this.#events.point(mask);
    }
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
  const parts = [`${nLabels} instance${nLabels === 1 ? "" : "s"}`];
  if (n > nLabels) parts.push(`${n - nLabels} prediction${n - nLabels === 1 ? "" : "s"}`);
  return parts.join(", ") + (seen < n ? ` (${seen} shown)` : "");
}

function nothing({ head }: Picture): string {
  return head.state === "empty" ? "Nothing here: a person looked." : "No instances or predictions here.";
}
