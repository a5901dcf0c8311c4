/** The tiles in view: few elements, reused for the rows in view, over one canvas with their pictures. */
import { ScrollMap } from "../../core/rows/ranges";
import { pictureSize, TileLayout } from "../../core/space/tiles";
import { h, perFrame } from "../../draw/dom";
import { tint } from "../../draw/palette";
import type { DisplayControl } from "../display";
import { hear } from "../elements";
import type { Frame } from "../frame";
import { CellFetcher, pointsAt } from "../rows/fetch";
import { followScrolling } from "../rows/scrolling";
import { TilePictures } from "./pictures";
import type { GalleryState } from "./state";
import { outcome, Tile } from "./tile";

const FAR = 500_000; // largest distance of elements from the top of the sheet, pixels: browsers compute in 1/64 pixel
const FADED = 0.35; // opacity of rejected pictures

export class Tiles {
  readonly scroller = h("div.nbl-grid.nbl-tiles", {
    role: "listbox",
    tabindex: 0,
    "aria-multiselectable": "true",
  });
  /** Lies over the tiles and moves with them; y from the top of the sheet. */
  readonly sheet = h("div.nbl-sheet", { role: "presentation" });
  layout = new TileLayout(0, 128);
  /** Place of the cursor. */
  cursor = 0;
  readonly paintSoon: () => void;
  readonly #spacer = h("div.nbl-grid-spacer", { role: "presentation" });
  readonly #pane = h("div.nbl-grid-pane", { role: "presentation" });
  readonly #canvas = h("canvas", { "aria-hidden": "true" });
  readonly #pen = this.#canvas.getContext("2d");
  #map = new ScrollMap(100);
  /** Position of the top of the sheet in the content, pixels. */
  #base = 0;
  #tiles: Tile[] = [];
  /** Move the scroll bar to match the tiles. */
  readonly #place: () => void;
  #ahead = true;
  #jumpedAt = 0;
  readonly #cells: CellFetcher;
  readonly #pictures: TilePictures;
  readonly #state: GalleryState;
  readonly #display: DisplayControl;

  constructor(frame: Frame, state: GalleryState, display: DisplayControl) {
    const { signal } = state;
    this.#state = state;
    this.#display = display;
    this.paintSoon = perFrame(() => this.#paint(), signal);
    this.#cells = new CellFetcher(state, signal, frame.fail);
    const size = () => pictureSize(this.layout.side, devicePixelRatio);
    const version = () => display.setting.version;
    this.#pictures = new TilePictures(state, size, version, () => this.#tiles.length, this.paintSoon);
    display.setting.watch(() => {}, this.paintSoon);
    this.#pane.append(this.#canvas, this.sheet);
    this.#spacer.append(this.#pane);
    this.scroller.append(this.#spacer);
    this.scroller.setAttribute("aria-label", `gallery of ${state.of}`);
    frame.body.append(this.scroller);
    const moved = (down: boolean) => {
      this.#ahead = down;
      if (!this.#jumpedAt) this.#jumpedAt = performance.now();
      this.#paint();
    };
    this.#place = followScrolling(this.scroller, () => this.#map, moved, signal);
    const resized = new ResizeObserver(() => this.relayout());
    resized.observe(this.scroller);
    hear(signal, "abort", () => {
      resized.disconnect();
      this.#canvas.width = this.#canvas.height = 0; // frees its pixels at once
    });
  }

  /** The width or the size of tiles has changed; the tiles in view stay in view. */
  relayout(): void {
    const before = this.layout;
    const [from, to] = this.inView;
    const kept = this.cursor >= from && this.cursor < to ? this.cursor : from;
    const shift = before.top(kept) - this.#map.top;
    this.layout = new TileLayout(this.scroller.clientWidth, this.#state.get("size"));
    if (this.layout.rowHeight !== this.#map.rowHeight) this.#map = new ScrollMap(this.layout.rowHeight);
    this.#map.top = this.layout.top(kept) - shift;
    for (const { root } of this.#tiles) root.remove();
    this.#tiles = [];
    this.#measure();
    this.#paint();
  }

  /** Show other rows. */
  reset(toTop: boolean): void {
    if (toTop) this.#map.top = this.cursor = 0;
    this.cursor = Math.min(this.cursor, Math.max(this.n - 1, 0));
    for (const tile of this.#tiles) tile.place = -1; // each tile states the total
    this.#measure();
    this.#paint();
  }

  /** Number of tiles. */
  get n(): number {
    return this.#state.visible.length;
  }

  /** The first place at least partly in view, and the one after the last. */
  get inView(): [number, number] {
    const { across } = this.layout;
    return [Math.min(this.#map.first * across, this.n), Math.min(this.#map.end * across, this.n)];
  }

  /** Number of rows that a page key moves. */
  get page(): number {
    return this.#map.page;
  }

  /** Move the cursor and scroll to it. */
  moveTo(place: number): void {
    this.put(place);
    this.reveal(this.cursor);
  }

  /** Move the cursor without scrolling. */
  put(place: number): void {
    this.cursor = Math.min(Math.max(place, 0), Math.max(this.n - 1, 0));
    this.paintSoon();
  }

  reveal(place: number): void {
    if (this.#map.reveal(this.layout.rowOf(place))) this.#place();
    this.paintSoon();
  }

  /** Scroll by pixels, as a drag does at the edge. */
  scrollBy(pixels: number): void {
    this.#map.top += pixels;
    this.#map.resize(this.layout.rows(this.n), this.scroller.clientHeight);
    this.#place();
    this.#paint();
  }

  /** A point of the window as a point of the content. */
  point(event: { clientX: number; clientY: number }): [number, number] {
    const box = this.scroller.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top + this.#map.top];
  }

  /** A y of the content as pixels from the top of the sheet. */
  onSheet(y: number): number {
    return y - this.#base;
  }

  #measure(): void {
    const { scroller, layout } = this;
    this.#map.resize(layout.rows(this.n), scroller.clientHeight);
    this.#spacer.style.height = `${this.#map.spacer}px`;
    this.#pane.style.height = `${scroller.clientHeight}px`;
    const [width, height] = [scroller.clientWidth, scroller.clientHeight];
    const ratio = devicePixelRatio || 1;
    Object.assign(this.#canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    Object.assign(this.#canvas.style, { width: `${width}px`, height: `${height}px` });
    this.#place();
  }

  #paint(): void {
    const state = this.#state;
    if (state.signal.aborted || !state.loaded) return;
    const [from, to] = this.inView;
    this.#fill(to - from + this.layout.across);
    this.#rebase();
    this.sheet.style.transform = `translateY(${this.#base - this.#map.top}px)`;
    state.see();
    const known = this.#cells.want(from, to);
    const [active, hover] = [pointsAt(state, state.store.active), pointsAt(state, state.store.hover)];
    const { own } = state;
    for (let place = from; place < from + this.#tiles.length; place++) {
      const tile = this.#tiles[place % this.#tiles.length];
      const row = place < to ? state.visible.at(place) : -1;
      tile.root.style.display = row < 0 ? "none" : "";
      if (row < 0) continue;
      if (tile.place !== place || tile.row !== row)
        tile.move(place, row, this.n, this.layout.left(place), this.onSheet(this.layout.top(place)));
      tile.paint(state, state.cache.get(row), {
        picked: own?.has(row) ?? false,
        active: row === active,
        hover: row === hover,
        problem: this.#pictures.get(row)?.problem ?? "",
      });
    }
    const missing = this.#draw();
    this.#display.applied(this.#pictures.anyAuto(state.visible.between(from, to - 1)));
    this.#wantPictures(from, to);
    this.#markCursor();
    if (known && !missing) this.#report();
  }

  /** Draw the pictures; returns how many are still missing. */
  #draw(): number {
    const pen = this.#pen;
    const [from, to] = this.inView;
    const { layout } = this;
    const ratio = devicePixelRatio || 1;
    let missing = 0;
    pen?.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen?.clearRect(0, 0, this.scroller.clientWidth, this.scroller.clientHeight);
    if (pen) pen.fillStyle = tint;
    for (let place = from; place < to; place++) {
      const row = this.#state.visible.at(place);
      const picture = this.#pictures.get(row);
      if (!picture) missing++;
      const [x, y] = [layout.left(place), Math.round((layout.top(place) - this.#map.top) * ratio) / ratio];
      pen?.fillRect(x, y, layout.side, layout.side);
      if (pen && picture?.shown) {
        const faded = outcome(this.#state, this.#state.cache.get(row)) === "rejected";
        pen.globalAlpha = faded ? FADED : 1;
        drawIn(pen, picture.shown, x, y, layout.side);
        pen.globalAlpha = 1;
      }
    }
    return missing;
  }

  /** Request the pictures in view first, then those of the next screen in the direction of scrolling. */
  #wantPictures(from: number, to: number): void {
    const { visible } = this.#state;
    const more = this.#ahead ? [to, 2 * to - from - 1] : [2 * from - to, from - 1];
    this.#pictures.want([...visible.between(from, to - 1), ...visible.between(more[0], more[1])]);
  }

  #fill(wanted: number): void {
    if (this.#tiles.length >= wanted) return;
    const { side, caption } = this.layout;
    while (this.#tiles.length < wanted) {
      const tile = new Tile();
      Object.assign(tile.root.style, { width: `${side}px`, height: `${side + caption}px` });
      tile.root.style.setProperty("--side", `${side}px`);
      tile.root.classList.toggle("nbl-bare", caption === 0);
      this.sheet.append(tile.root);
      this.#tiles.push(tile);
    }
    for (const tile of this.#tiles) tile.place = -1; // each place has another element now
  }

  /** Keep the sheet's top near what is in view. */
  #rebase(): void {
    if (Math.abs(this.#map.top - this.#base) <= FAR) return;
    this.#base = this.#map.first * this.layout.rowHeight;
    for (const tile of this.#tiles) tile.place = -1;
  }

  #markCursor(): void {
    const id = `${this.#state.source}-tile`;
    for (const { root, place } of this.#tiles) {
      const here = place === this.cursor && root.style.display === "";
      if (root.classList.contains("nbl-cursor") !== here) root.classList.toggle("nbl-cursor", here);
      if (here) root.id = id;
      else if (root.id) root.removeAttribute("id");
    }
    if (this.sheet.querySelector(".nbl-cursor")) this.scroller.setAttribute("aria-activedescendant", id);
    else this.scroller.removeAttribute("aria-activedescendant");
  }

  /** Measures for benchmarks: from a scroll until everything in view is painted. */
  #report(): void {
    if (this.#jumpedAt) performance.measure("nbl:gallery:jump", { start: this.#jumpedAt });
    this.#jumpedAt = 0;
  }
}

/** Draw a picture as large as fits into a square, in its middle. */
function drawIn(
  pen: CanvasRenderingContext2D,
  bitmap: ImageBitmap,
  x: number,
  y: number,
  side: number,
): void {
  const scale = side / Math.max(bitmap.width, bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  pen.drawImage(bitmap, x + (side - w) / 2, y + (side - h) / 2, w, h);
}
