/** The viewer: loads, draws and lists the image of the active row, and sends actions of people to the store. */

import { Visibility } from "../../core/masks/visibility";
import { Browse } from "../../core/rows/browse";
import type { Changed, SelectionStore } from "../../core/rows/selection";
import { measured } from "../../core/timing";
import { h } from "../../draw/dom";
import { watchTheme } from "../../draw/theme";
import { Cancelled, type Rpc } from "../../wire/rpc";
import { Beside } from "../beside/beside";
import { cheatsheet } from "../cheatsheet";
import { autoMark, DisplaySetting } from "../display";
import type { Frame } from "../frame";
import { Spot } from "../spot";
import { Bar, type Layer } from "./bar";
import { Chips } from "./chips";
import { DisplayPanel } from "./display";
import { Gestures, type Target } from "./gestures";
import { KEYS } from "./keys";
import { List } from "./list";
import { type Entry, Loader, type Pixels } from "./loader";
import { type Context, maskColor } from "./looks";
import type { OptionName, Settings } from "./options";
import { Parts } from "./parts";
import type { Picture } from "./picture";
import { listStateOf, sceneOf } from "./scene";
import { Stage } from "./stage";

const PATIENCE = 250; // milliseconds that masks wait for their image before they are shown without it

export class Viewer implements Target {
  readonly stage: Stage;
  readonly loader: Loader;
  readonly #gestures: Gestures;
  readonly #bar: Bar;
  readonly #list: List;
  readonly #chips: Chips;
  readonly #panel: DisplayPanel;
  readonly #display: DisplaySetting;
  readonly #auto: HTMLElement;
  /** The setting of auto contrast of the loaded pictures. */
  #made: boolean | null;
  readonly #parts: Parts;
  readonly #beside: Beside;
  readonly #spot: Spot;
  readonly visibility = new Visibility(() => this.#restyle());
  readonly #main: HTMLElement;
  /** Lines of the cheat sheet; tools add theirs. */
  readonly keys: (readonly [string, string])[] = [...KEYS];
  browse = new Browse(null, 0);
  /** Row of the image wanted; -1 for none. */
  row = -1;
  /** The entry on the stage. */
  #shown: Entry | null = null;
  #asked = 0; // performance.now() when the image was requested
  #patience = 0;
  #peeking = false;

  constructor(
    readonly frame: Frame,
    readonly rpc: Rpc,
    readonly store: SelectionStore,
    readonly settings: Settings,
    readonly source: string,
    readonly signal: AbortSignal,
    model: ConstructorParameters<typeof DisplaySetting>[0],
  ) {
    this.#gestures = new Gestures(this);
    const current = () => ({ rev: store.rev, colorBy: settings.get("color_by") });
    this.loader = new Loader(rpc, current, signal);
    this.stage = new Stage(
      {
        effect: (effect) => this.#gestures.effect(effect),
        moved: () => this.#moved(),
        pointed: (at) => this.#chips.cursor(at, this.stage),
      },
      signal,
    );
    const legend = {
      toggle: (group: string, only: boolean) => this.#gestures.group(group, only),
      all: () => this.#gestures.allGroups(),
    };
    this.#chips = new Chips(this.stage.front, legend, () => this.#retry());
    this.#list = new List(
      {
        point: (mask) => this.#gestures.point(mask),
        hover: (mask) => this.#gestures.hover(mask),
        zoom: (mask) => mask >= 0 && this.stage.zoomTo(mask),
        toggle: (what, mask) => this.#gestures.mark(what, mask),
      },
      `${source}-${rpc.client}`,
      signal,
    );
    this.#main = h("div.nbl-viewer-main", {}, this.stage.el, this.#list.el);
    frame.body.classList.add("nbl-viewer-body");
    frame.body.append(this.#main);
    const help = cheatsheet(frame, this.keys, signal);
    this.#display = new DisplaySetting(model, rpc, frame.fail, signal);
    this.#display.watch(
      () => this.#restyle(),
      () => this.#redisplay(),
    );
    this.#made = this.#display.value.auto;
    this.#auto = autoMark(this.#display);
    this.#panel = new DisplayPanel(frame, settings, this.#display, signal);
    this.#bar = new Bar(frame.toolbar, settings, {
      step: (by) => this.#gestures.step(by),
      fit: () => this.stage.fit(),
      display: (anchor) => this.#panel.toggle(anchor),
      help,
    });
    this.#bar.place.append(this.#auto);
    this.#parts = new Parts(
      rpc,
      this.stage,
      () => this.#shown,
      (error) => frame.fail(error),
      signal,
    );
    this.#beside = new Beside({ frame, rpc, model, signal, lay: (layers) => this.stage.lay(layers) });
    this.#spot = new Spot(this.stage, frame.root, signal);
    this.#listen();
    this.#layout();
    this.#follow({ tables: true, clauses: true, active: true, by: "" });
  }

  /** The picture on the stage, also of older tables: its ids are still valid, its row numbers are not. */
  get onStage(): Picture | undefined {
    return this.#shown?.masks;
  }

  /** The pixels shown; undefined while there are none. */
  get pixels(): Pixels | undefined {
    return this.#shown?.image;
  }

  /** Update colors and marks. */
  restyle(): void {
    this.#restyle();
  }

  /** Set the keys of the layers, which are others while editing. */
  layerKeys(keys: Readonly<Record<Layer, string>>): void {
    this.#bar.layerKeys(keys);
  }

  point(mask: number): void {
    this.#gestures.point(mask);
  }

  get picture(): Picture | undefined {
    const picture = this.#shown?.masks;
    return picture?.head.rev === this.store.rev ? picture : undefined;
  }

  #listen(): void {
    const { signal, frame } = this;
    this.store.subscribe((changed) => this.#follow(changed), signal);
    this.settings.watch((name) => this.#optionChanged(name));
    const keyed = (event: KeyboardEvent) => this.stage.tools?.key(event) || this.#gestures.key(event);
    frame.root.addEventListener("keydown", keyed, { signal });
    frame.root.addEventListener("keyup", (event) => event.key === " " && this.peek(false), { signal });
    frame.root.addEventListener("focusout", () => this.peek(false), { signal });
    this.stage.useWheel(frame.root, signal);
    watchTheme(() => this.stage.redraw(), signal);
    signal.addEventListener("abort", () => window.clearTimeout(this.#patience), { once: true });
  }

  // ---- following the store

  #follow(changed: Changed): void {
    const { store } = this;
    if (store.rev < 0) {
      this.frame.empty("Waiting for the kernel.");
      return;
    }
    if (changed.tables || changed.clauses)
      this.browse = new Browse(store.allowed("images", [this.source]), store.tables.images.n);
    if (changed.tables && this.#shown?.masks) {
      this.#reload(this.#shown);
      return;
    }
    const wanted = this.#wanted();
    if (changed.tables) this.row = -2;
    if (wanted !== this.row) this.#go(wanted);
    else if (changed.active || changed.clauses || changed.hover) this.#restyle();
    if (changed.active && changed.by !== this.source) this.#reveal();
    this.#where();
  }

  /** Image of the active row; while nothing is active the one shown, else the first that is allowed. */
  #wanted(): number {
    const { store } = this;
    const browse = this.browse;
    const active = store.imageOf(store.active);
    if (active >= 0) return active;
    return this.row >= 0 && browse.indexOf(this.row) >= 0 ? this.row : browse.first;
  }

  #go(row: number): void {
    this.row = row;
    this.#asked = performance.now();
    window.clearTimeout(this.#patience);
    if (row < 0) {
      this.#nothing();
      return;
    }
    const entry = this.loader.load(row, "shown");
    if (entry.masks && (entry.image || entry.problem)) this.#present(entry);
    else this.#await(entry);
  }

  #await(entry: Entry): void {
    const mine = () => this.row === entry.row && !this.signal.aborted;
    const now = () => mine() && entry.masks && this.#present(entry);
    this.#patience = window.setTimeout(now, PATIENCE);
    entry.picture.then(
      () => entry.pixels.then(now, now),
      (error) => {
        if (!mine()) return;
        if (this.#late(error)) this.#go(this.row);
        else this.frame.fail(error, () => this.#go(this.row));
      },
    );
    // If the masks arrive late, show them without waiting for the image.
    entry.picture.then(() => performance.now() - this.#asked > PATIENCE && now()).catch(() => {});
  }

  /** Whether a wanted request was cancelled: it was made ahead of another image, or on older tables. */
  #late(error: unknown): boolean {
    return error instanceof Cancelled && !this.rpc.lost && !this.signal.aborted;
  }

  /** The tables have changed: load the same image again. */
  #reload(entry: Entry): void {
    this.loader.clear(entry);
    this.loader
      .reload(entry, entry.masks!.head.imageId)
      .then((fresh) => {
        if (this.signal.aborted) return;
        if (!fresh) {
          entry.pixels.then(({ bitmap }) => bitmap.close()).catch(() => {});
          this.#shown = null;
          this.row = -2;
          this.#go(this.#wanted());
          return;
        }
        this.row = fresh.row;
        const wanted = this.#wanted();
        if (fresh.image || fresh.problem) this.#present(fresh);
        else this.#await(fresh);
        if (wanted !== this.row) this.#go(wanted);
      })
      .catch((error) => {
        // Cancelled: newer tables follow.
        if (!(error instanceof Cancelled)) this.frame.fail(error, () => this.#reload(entry));
      });
  }

  // ---- showing

  #present(entry: Entry): void {
    const other = this.#shown?.masks?.head.imageId !== entry.masks?.head.imageId;
    window.clearTimeout(this.#patience);
    this.#shown = entry;
    this.frame.empty("");
    this.frame.settle();
    this.#main.style.visibility = "";
    if (other) this.#parts.forget();
    if (this.#late(entry.problem)) this.loader.retry(entry);
    this.#chips.problem(entry.problem instanceof Cancelled ? undefined : entry.problem);
    this.#auto.hidden = !entry.image?.auto;
    this.stage.tools?.showed();
    this.#beside.show(entry.masks?.head.imageId ?? null);
    this.#restyle(true);
    this.#where();
    if (other) this.#reveal();
    if (!entry.image && !entry.problem)
      entry.pixels.then(
        () => this.#shown === entry && this.#present(entry),
        () => this.#shown === entry && entry.problem && this.#present(entry),
      );
    this.#parts.moved();
    if (other) this.#spot.shows(entry.masks?.head.imageId ?? -1);
    if (this.#asked) {
      measured("nbl:viewer:image", this.#asked);
      if (entry.arrived > this.#asked) measured("nbl:viewer:paint", entry.arrived);
      this.#asked = 0;
    }
    this.#prefetch(entry.row);
  }

  #nothing(): void {
    this.#shown = null;
    this.stage.tools?.showed();
    this.#beside.show(null);
    this.stage.show(null);
    this.stage.draw();
    this.#list.show(null);
    this.#chips.clear();
    this.#spot.shows(-1);
    this.#main.style.visibility = "hidden";
    const { n } = this.store.tables.images;
    this.frame.empty(
      n ? "No image matches the selection." : "There are no images yet: ds.add_images(folder).",
    );
    this.#where();
  }

  #prefetch(row: number): void {
    for (const by of [1, -1] as const) {
      const next = this.browse.step(row, by);
      if (next >= 0) this.loader.load(next, `ahead ${by}`).picture.catch(() => {});
    }
  }

  /** Update colors and marks; masks and camera stay. @param now draw at once, not with the next frame. */
  #restyle(now = false): void {
    const picture = this.#shown?.masks;
    if (!picture) return;
    const context = this.context(picture);
    const unit = Math.max(Math.round(this.stage.ratio), 1);
    const scene = sceneOf(picture, this.#shown?.image?.bitmap ?? null, context, this.visibility, unit);
    if (this.#peeking) scene.looks.shown.fill(0);
    const { tools } = this.stage;
    if (tools)
      for (let mask = 0; mask < picture.n; mask++) if (tools.veiled(mask)) scene.looks.shown[mask] = 0;
    tools?.restyled();
    this.stage.show(scene);
    if (now) this.stage.draw();
    else this.stage.redraw();
    this.#list.show(listStateOf(picture, context, this.visibility));
    this.#chips.legend.show(picture, this.visibility.off);
    this.#chips.hover(context.hover, picture, maskColor);
  }

  context(picture: Picture): Context {
    const { store, source } = this;
    const stale = picture.head.rev !== store.rev; // its row numbers are outdated
    const find = (pointed: typeof store.active) =>
      pointed && !stale ? picture.find(pointed.of, pointed.row) : -1;
    // An image that the selection leaves out is shown all the same: then nothing on it is dimmed.
    const all = stale || this.browse.indexOf(picture.head.row) < 0;
    return {
      settings: this.settings,
      adjustment: this.#display.value,
      allowed: {
        instances: all ? null : store.allowed("instances", [source]),
        predictions: all ? null : store.allowed("predictions", [source]),
      },
      hidden: this.visibility.hidden,
      off: this.visibility.off,
      active: find(store.active),
      hover: find(store.hover),
    };
  }

  neighbour(mask: number, by: 1 | -1): number {
    return this.#list.step(mask, by);
  }

  peek(on: boolean): void {
    if (this.#peeking === on) return;
    this.#peeking = on;
    this.#restyle();
  }

  #where(): void {
    const browse = this.browse;
    const row = this.row;
    const ends = { first: browse.step(row, -1) < 0, last: browse.step(row, 1) < 0 };
    this.#bar.where(browse.indexOf(row), browse.n, this.#shown?.masks ?? null, ends);
  }

  #reveal(): void {
    const picture = this.#shown?.masks;
    const { active } = this.store;
    const mask = active && picture ? picture.find(active.of, active.row) : -1;
    if (mask >= 0) this.stage.reveal(mask);
  }

  #layout(): void {
    this.#main.classList.toggle("nbl-viewer-listed", this.settings.get("show_list"));
  }

  #optionChanged(name: OptionName): void {
    this.#bar.update();
    this.#panel.update();
    this.#layout();
    if (name === "color_by") this.#recolor();
    else this.#restyle();
  }

  #recolor(): void {
    const shown = this.#shown;
    this.loader.forgetOthers(shown);
    if (!shown?.masks) return;
    this.loader.colors(shown, this.settings.get("color_by")).then(
      () => {
        if (this.#shown !== shown) return;
        this.frame.settle();
        this.#restyle();
        this.#prefetch(shown.row);
      },
      (error) => this.frame.fail(error, () => this.#recolor()),
    );
  }

  #moved(): void {
    this.#parts.moved();
    this.stage.tools?.moved();
    this.#spot.place();
    this.#chips.zoom(this.stage);
  }

  /** Auto contrast is in the pixels, so load them again. The rest of the display is drawn here. */
  #redisplay(): void {
    const { auto } = this.#display.value;
    const shown = this.#shown;
    if (auto === this.#made) return;
    this.#made = auto;
    this.loader.forgetOthers(shown);
    if (!shown) return;
    this.loader.retry(shown);
    const { pixels } = shown;
    const came = () => {
      if (this.#shown !== shown || shown.pixels !== pixels) return;
      this.#parts.forget();
      this.#present(shown);
    };
    pixels.then(came, came);
  }

  #retry(): void {
    const shown = this.#shown;
    if (!shown) return;
    this.loader.retry(shown);
    this.#present(shown);
  }
}
