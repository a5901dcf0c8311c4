/** Picking tiles with a box or a freehand line: a drag of the mouse, or of a finger after a long press. */
import { Bitset } from "../../core/rows/bitset";
import type { VisibleRows } from "../../core/rows/order";
import { boxAround, type TileLayout } from "../../core/space/tiles";
import { perFrame } from "../../draw/dom";
import { claim, hear } from "../elements";
import type { GalleryState } from "./state";
import type { Tiles } from "./tiles";

const WANDER = 5; // pixels a press may move and still be a click
const LONG = 420; // milliseconds a finger rests until it picks
const EDGE = 16; // pixels at the edge where a drag scrolls
const STRIDE = 4; // pixels between points of a line

/** The gallery whose tiles are dragged over. */
export interface Picking {
  readonly tiles: Tiles;
  readonly state: GalleryState;
  pickPlaces(places: readonly number[], more: Bitset | null): void;
}

interface Press {
  pointer: number;
  x: number;
  y: number;
  /** x, y of the content, so that scrolling before the drag begins does not matter. */
  from: [number, number];
  add: boolean;
  free: boolean;
}

interface Band {
  /** x, y of the content, along the path. */
  ring: number[];
  free: boolean;
  /** What was picked before the drag began. */
  before: Bitset | null;
  add: boolean;
  /** Rows on the screen since the drag began; only these are picked. */
  seen: Bitset;
  /** Rows and layout to which its points refer. */
  visible: VisibleRows;
  layout: TileLayout;
}

export class Drag {
  /** A drag has just ended: ignore the click that follows. */
  ended = false;
  #press: Press | null = null;
  #band: Band | null = null;
  #at = { clientX: 0, clientY: 0 };
  #timer = 0;
  readonly #shape = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  readonly #line = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
  readonly #gallery: Picking;
  readonly #soon: () => void;

  constructor(gallery: Picking, signal: AbortSignal) {
    this.#gallery = gallery;
    this.#soon = perFrame(() => this.#follow(), signal);
    this.#shape.setAttribute("class", "nbl-band");
    this.#shape.setAttribute("aria-hidden", "true");
    this.#shape.append(this.#line);
    const { scroller } = gallery.tiles;
    hear(scroller, "pointerdown", (event) => this.#down(event), { signal });
    hear(scroller, "pointermove", (event) => this.#move(event), { signal });
    hear(scroller, "pointerup", (event) => this.#up(event), { signal });
    hear(scroller, "pointercancel", () => this.cancel(), { signal });
    hear(scroller, "scroll", () => this.#scrolled(), { passive: true, signal });
    hear(scroller, "touchmove", (event) => this.#band && event.cancelable && event.preventDefault(), {
      passive: false,
      signal,
    });
    hear(scroller, "contextmenu", (event) => this.#press && claim(event), { signal });
    hear(signal, "abort", () => window.clearTimeout(this.#timer), { once: true });
  }

  get active(): boolean {
    return this.#band !== null;
  }

  /** Whether a pointer is down on the tiles. */
  get held(): boolean {
    return this.#press !== null;
  }

  /** Cancel the drag: what was picked before is picked again. */
  cancel(): void {
    const band = this.#band;
    const { state } = this.#gallery;
    this.#end();
    if (!band) return;
    this.ended = true;
    state.pick(band.before?.n === state.n ? band.before : null);
  }

  #down(event: PointerEvent): void {
    this.ended = false;
    const { scroller } = this.#gallery.tiles;
    const from = this.#gallery.tiles.point(event);
    if (event.button !== 0 || event.offsetX > scroller.clientWidth || this.#press) return;
    const add = event.ctrlKey || event.metaKey || event.shiftKey;
    const { pointerId: pointer, clientX: x, clientY: y } = event;
    this.#press = { pointer, x, y, from, add, free: event.altKey };
    this.#at = { clientX: x, clientY: y };
    if (event.pointerType === "touch")
      this.#timer = window.setTimeout(() => {
        this.#begin(true);
        this.#follow();
      }, LONG);
  }

  #move(event: PointerEvent): void {
    const press = this.#press;
    if (!press || event.pointerId !== press.pointer) return;
    this.#at = { clientX: event.clientX, clientY: event.clientY };
    if (this.#band) {
      this.#soon();
      return;
    }
    if (Math.hypot(event.clientX - press.x, event.clientY - press.y) <= WANDER) return;
    if (event.pointerType === "touch")
      this.#end(); // it scrolls
    else {
      this.#begin(press.add);
      this.#soon();
    }
  }

  #up(event: PointerEvent): void {
    if (event.pointerId !== this.#press?.pointer) return;
    if (this.#band) {
      this.#at = { clientX: event.clientX, clientY: event.clientY };
      this.#follow();
      this.ended = true;
    }
    this.#end();
  }

  #begin(add: boolean): void {
    const press = this.#press;
    if (!press) return;
    const { tiles, state } = this.#gallery;
    this.#band = {
      ring: [...press.from],
      free: press.free,
      before: state.own?.clone() ?? null,
      add,
      seen: new Bitset(state.n),
      visible: state.visible,
      layout: tiles.layout,
    };
    try {
      tiles.scroller.setPointerCapture(press.pointer);
    } catch {
      // the pointer is gone already; its end event follows
    }
    tiles.sheet.append(this.#shape);
  }

  #end(): void {
    window.clearTimeout(this.#timer);
    this.#press = this.#band = null;
    this.#shape.remove();
  }

  /** Pick the tiles inside the drag; scroll if it is at the edge. */
  #follow(): void {
    const band = this.#band;
    if (!band) return;
    const { tiles, state } = this.#gallery;
    // The tiles have changed: the box would hold others than it was drawn around.
    if (band.visible !== state.visible || band.layout !== tiles.layout) return void this.cancel();
    for (const row of state.inView()) band.seen.add(row);
    const [x, y] = tiles.point(this.#at);
    const { ring } = band;
    if (!band.free) ring.splice(2, Infinity, x, y);
    else if (Math.hypot(x - ring[ring.length - 2], y - ring[ring.length - 1]) >= STRIDE) ring.push(x, y);
    const box = boxAround(ring);
    const { layout, n } = tiles;
    const places = band.free ? layout.enclosed(ring, box, n) : layout.touching(box, n);
    const seen = places.filter((place) => band.seen.has(state.visible.at(place)));
    this.#gallery.pickPlaces(seen, band.add ? band.before : null);
    const [left, top, right, bottom] = box;
    const corners = band.free ? ring : [left, top, right, top, right, bottom, left, bottom];
    const points = corners.map((value, i) => (i % 2 ? tiles.onSheet(value) : value).toFixed(1));
    this.#line.setAttribute("points", points.join(" "));
    this.#scroll();
  }

  /** The tiles have scrolled during a drag. */
  #scrolled(): void {
    if (!this.#band) return;
    for (const row of this.#gallery.state.inView()) this.#band.seen.add(row);
    this.#soon();
  }

  #scroll(): void {
    const { tiles } = this.#gallery;
    const box = tiles.scroller.getBoundingClientRect();
    const above = box.top + EDGE - this.#at.clientY;
    const below = this.#at.clientY - box.bottom + EDGE;
    const by = above > 0 ? -above : Math.max(below, 0);
    if (!by) return;
    tiles.scrollBy(Math.max(Math.min(by / 2, 40), -40));
    this.#soon();
  }
}
