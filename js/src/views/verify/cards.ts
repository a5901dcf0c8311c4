/** The masks of the page: all of them as squares that fit, or one large. */

import { page, type Sheet } from "../../core/asking/sheet";
import { type Fit, fitted } from "../../core/space/fit";
import { surroundings } from "../../core/space/surroundings";
import { pictureSize } from "../../core/space/tiles";
import { h } from "../../draw/dom";
import { hear, revealIn } from "../elements";
import { Card } from "./card";
import type { Crop } from "./crops";
import type { Looks } from "./draw";

const GAP = 8;
const LEAST = 68; // smallest square, pixels; with smaller ones the box scrolls instead

let made = 0; // ids of elements must differ between views

export class Cards {
  readonly root: HTMLElement;
  /** The answers of the page, in a row below one large mask. */
  readonly #dots = h("div.nbl-verify-dots", { "aria-hidden": "true" });
  readonly #box = h("div.nbl-verify-cards", {
    role: "listbox",
    "aria-label": "masks",
    "aria-orientation": "horizontal",
  });
  readonly #name = `nbl-verify-${++made}-${Math.random().toString(36).slice(2, 7)}`;
  #cards: Card[] = [];
  #crops: (Crop | null)[] = [];
  #fit: Fit = { across: 1, side: 1 };
  #drawn = "";
  /** The mask that was scrolled to last, or clicked. */
  #revealed = -1;
  one = false;

  /** @param clicked called with the mask that was clicked. */
  constructor(clicked: (place: number, dot: boolean) => void, signal: AbortSignal) {
    this.root = h("div.nbl-verify-stage", {}, this.#box, this.#dots);
    const click = (event: MouseEvent) => {
      const at = (event.target as HTMLElement).closest<HTMLElement>("[data-place]");
      if (!at) return;
      this.#revealed = Number(at.dataset.place);
      clicked(this.#revealed, this.#dots.contains(at));
    };
    hear(this.root, "click", click, { signal });
  }

  /** Number of squares per row. */
  get across(): number {
    return this.one ? 1 : this.#fit.across;
  }

  /** Longer side of the pictures to request, pixels. @param n masks of a page. */
  wanted(n: number): number {
    return pictureSize(this.#fitFor(n).side, window.devicePixelRatio || 1);
  }

  /** Whether a mask needs a sharper or wider picture, and there is one. */
  blurred(place: number, context: number, size: number): boolean {
    const crop = this.#crops[place];
    if (!crop?.bitmap) return false;
    const [left, , right] = crop.head.box;
    const [from, , to] = surroundings(crop.head.at, crop.head.size, context);
    const outside = from < left - 1 || to > right + 1;
    const had = crop.bitmap.width / (right - left);
    return outside || (had < 0.99 && had * 1.3 < Math.min(size / (to - from), 1));
  }

  /** Whether a picture was made with another version of the display. */
  outdated(place: number, version: number): boolean {
    const crop = this.#crops[place];
    return Boolean(crop) && crop?.version !== version;
  }

  /** Whether auto contrast changed any of the pictures shown. */
  get auto(): boolean {
    return this.#cards.some(({ crop }) => crop?.head.auto);
  }

  /** Begin another question of n masks. */
  reset(n: number): void {
    this.release();
    this.#crops = new Array(n).fill(null);
    this.#cards = [];
    this.#drawn = "";
    this.#revealed = -1;
  }

  put(place: number, crop: Crop): void {
    this.#crops[place]?.bitmap?.close();
    this.#crops[place] = crop;
    const card = this.#cards.find((one) => one.place === place);
    if (card) card.crop = crop;
  }

  /** Whether a mask has arrived, so that it can be answered. */
  has(place: number): boolean {
    return Boolean(this.#crops[place]);
  }

  get missing(): number[] {
    return this.#crops.flatMap((crop, place) => (crop ? [] : [place]));
  }

  /** The image of a mask; undefined before it has arrived. */
  imageOf(place: number): number | undefined {
    return this.#crops[place]?.head.image;
  }

  problem(place: number): string {
    return this.#crops[place]?.head.problem ?? "";
  }

  release(): void {
    for (const crop of this.#crops) crop?.bitmap?.close();
    this.#crops = [];
  }

  /** Lay the page out, and draw it. @param looks of each mask. @param label of each; "" for none. */
  draw(sheet: Sheet, looks: (crop: Crop | null) => Looks, label: (crop: Crop | null) => string): void {
    const places = page(sheet);
    const shown = this.one ? [sheet.current] : places;
    const key = shown.join();
    if (key !== this.#drawn) this.#make(shown, sheet.answers.length);
    this.#drawn = key;
    this.root.classList.toggle("nbl-verify-one", this.one);
    this.#lay(shown.length);
    for (const card of this.#cards) card.draw(looks(card.crop));
    this.mark(sheet, label);
  }

  /** Show answers and the frame. */
  mark(sheet: Sheet, label: (crop: Crop | null) => string): void {
    const n = sheet.answers.length;
    for (const card of this.#cards)
      card.show(sheet.answers[card.place], card.place === sheet.current, n, label(card.crop));
    const current = this.#cards.find((card) => card.place === sheet.current);
    if (current) this.#box.setAttribute("aria-activedescendant", current.root.id);
    if (current && sheet.current !== this.#revealed) revealIn(this.#box, current.root);
    this.#revealed = sheet.current;
    if (this.one) this.#drawDots(sheet);
  }

  #make(places: readonly number[], n: number): void {
    this.#cards = places.map((place) => {
      const card = new Card(place, `${this.#name}-${place}`, n);
      card.crop = this.#crops[place] ?? null;
      return card;
    });
    this.#box.replaceChildren(...this.#cards.map((card) => card.root));
  }

  #lay(n: number): void {
    this.#fit = this.#fitFor(n);
    const { across, side } = this.#fit;
    this.#box.style.gridTemplateColumns = `repeat(${across}, ${side}px)`;
    this.#box.style.gridAutoRows = `${side}px`;
    this.#box.style.gap = `${GAP}px`;
  }

  #fitFor(n: number): Fit {
    const style = getComputedStyle(this.#box);
    const pad = (name: "paddingLeft" | "paddingTop") => 2 * (Number.parseFloat(style[name]) || 0);
    const width = this.#box.clientWidth - pad("paddingLeft") || 640;
    const height = this.#box.clientHeight - pad("paddingTop") || 400;
    return fitted(this.one ? 1 : n, width, height, GAP, this.one ? 1 : LEAST);
  }

  #drawDots(sheet: Sheet): void {
    const dots = page(sheet).map((place) =>
      h("i", {
        "data-place": place,
        "data-answer": String(sheet.answers[place]),
        "data-current": String(place === sheet.current),
      }),
    );
    this.#dots.replaceChildren(...dots);
  }
}
