/** Actions by pointer and keys: they change the store, the camera, or which masks are hidden. */

import { History } from "../../core/asking/history";
import type { Mark, MarkChange, Visibility } from "../../core/masks/visibility";
import type { Browse } from "../../core/rows/browse";
import type { SelectionStore } from "../../core/rows/selection";
import type { Effect } from "../../tools/tool";
import { command, isTyping } from "./keys";
import { type Context, groupOf, groupsOf } from "./looks";
import type { Settings } from "./options";
import type { Picture } from "./picture";
import type { Stage } from "./stage";

export interface Target {
  readonly store: SelectionStore;
  readonly settings: Settings;
  readonly source: string;
  readonly stage: Stage;
  readonly visibility: Visibility;
  readonly browse: Browse;
  /** Row of the image wanted, -1 for none. */
  readonly row: number;
  /** The picture shown; undefined if there is none, or it is of older tables. */
  readonly picture: Picture | undefined;
  context(picture: Picture): Context;
  /** The mask before or after another in the list; -1 for none. */
  neighbour(mask: number, by: 1 | -1): number;
  /** Hide all masks while `on`. */
  peek(on: boolean): void;
}

export class Gestures {
  readonly history: History<MarkChange>;

  readonly #view: Target;

  constructor(view: Target) {
    this.#view = view;
    this.history = new History<MarkChange>(view.visibility);
  }

  effect(effect: Effect): void {
    const { stage } = this.#view;
    if (effect.do === "pan") stage.pan(effect.dx, effect.dy);
    else if (effect.do === "hover") this.hover(effect.mask);
    else if (effect.do === "point") this.point(effect.mask);
    else if (effect.mask < 0) stage.fit();
    else stage.zoomTo(effect.mask);
  }

  hover(mask: number): void {
    const { picture, store, source } = this.#view;
    if (!picture) return;
    store.setHover(mask < 0 ? null : { of: picture.of(mask), row: picture.rows[mask] }, source);
  }

  /** Make a mask the active row; -1: the image itself, if one of its masks was active. */
  point(mask: number): void {
    const { picture, store, source } = this.#view;
    if (!picture) return;
    if (mask >= 0) store.setActive({ of: picture.of(mask), row: picture.rows[mask] }, source);
    else if (store.active && store.active.of !== "images")
      store.setActive({ of: "images", row: picture.head.row }, source);
  }

  step(by: 1 | -1): void {
    const { browse, row, store, source } = this.#view;
    const next = browse.step(row, by);
    if (next >= 0) store.setActive({ of: "images", row: next }, source);
  }

  mark(what: Mark, mask: number): void {
    const { picture, visibility } = this.#view;
    if (!picture || mask < 0) return;
    const key = picture.key(mask);
    this.history.record(visibility.change(what, [key], !visibility[what].has(key)));
  }

  /** Hide or show a group of the legend. @param only show it alone, or all again. */
  group(group: string, only: boolean): void {
    const { picture, visibility } = this.#view;
    if (!picture) return;
    const change = only
      ? visibility.only(group, groupsOf(picture))
      : visibility.change("off", [group], !visibility.off.has(group));
    this.history.record(change);
  }

  allGroups(): void {
    const { picture, visibility } = this.#view;
    if (picture) this.history.record(visibility.change("off", groupsOf(picture), false));
  }

  /** The same for the group of a mask; where there is none, all groups are shown. */
  #groupOf(mask: number, only: boolean): void {
    const { picture } = this.#view;
    const group = picture && mask >= 0 ? groupOf(picture, mask) : null;
    if (group === null) this.allGroups();
    else this.group(group, only);
  }

  key(event: KeyboardEvent): void {
    if (isTyping(event)) return;
    if (event.key === " ") this.#view.peek(true);
    else {
      const run = this.#command(event);
      if (!run) return;
      run();
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #command(event: KeyboardEvent): (() => void) | undefined {
    const { stage, settings, picture } = this.#view;
    const active = picture ? this.#view.context(picture).active : -1;
    return command(event, {
      step: (by) => this.step(by),
      stepInList: (by) => this.#stepInList(active, by),
      layer: (name) => settings.toggle(name),
      fit: () => stage.fit(),
      actual: () => stage.actual(),
      zoom: (factor) => stage.zoom(factor),
      zoomToActive: () => active >= 0 && stage.zoomTo(active),
      mark: (what) => this.mark(what, active),
      isolate: () => this.#isolate(active),
      group: (only) => this.#groupOf(active, only),
      undo: () => this.history.undo(),
      redo: () => this.history.redo(),
      none: () => this.point(-1),
    });
  }

  #stepInList(active: number, by: 1 | -1): void {
    const mask = this.#view.neighbour(active, by);
    if (mask < 0) return;
    this.point(mask);
    this.#view.stage.reveal(mask);
  }

  /** Show only the active mask; or all masks, if some are hidden. */
  #isolate(active: number): void {
    const { picture, visibility } = this.#view;
    if (!picture) return;
    const keys = Array.from({ length: picture.n }, (_, mask) => picture.key(mask));
    const anyHidden = keys.some((key) => visibility.hidden.has(key));
    if (!anyHidden && active < 0) return;
    const others = anyHidden ? keys : keys.filter((_, mask) => mask !== active);
    this.history.record(visibility.change("hidden", others, !anyHidden));
  }
}
