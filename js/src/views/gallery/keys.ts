/** What mouse and keys do in the gallery. */
import type { Bitset } from "../../core/rows/bitset";
import type { Of } from "../../core/rows/selection";
import { KEY } from "../alike";
import { claim, focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import { ownKey } from "../labels/own_key";
import { ACTION_KEYS, type GalleryActions } from "./actions";
import type { Drag, Picking } from "./drag";

/** The parts of a gallery that keys and clicks use. */
export interface Commanded extends Picking {
  readonly frame: Frame;
  readonly actions: GalleryActions;
  readonly drag: Drag;
  pickOnly(place: number): void;
  toggle(place: number): void;
  extend(place: number, more?: boolean): void;
  extendTo(place: number): void;
  pickAll(): void;
  more(): void;
  escape(): boolean;
  moveTo(place: number): void;
  point(place: number): void;
  resize(factor: number): void;
}

const DOING: Record<Of, [string, string][]> = {
  images: [
    ["N", "nothing here: the picked images are empty"],
    ["C", "the picked images are complete"],
    ["O", "masks in the images on or off"],
  ],
  instances: [
    ["1 … 9", "give the picked instances this label"],
    ["L", "find a label for them, or name a new one"],
    ["V", "the picked instances are verified"],
    ["Delete", "remove the picked instances"],
  ],
  predictions: [
    ["A M", "accept the picked predictions"],
    ["1 … 9", "accept them as this label"],
    ["L", "find a label to accept them as, or name a new one"],
    ["X", "reject them"],
  ],
};

const ANSWER_KEY: [string, string] = ["Q", "answer a question for the picked tiles"];

export function keysOf(of: Of): [string, string][] {
  return [
    ["← → ↑ ↓ PgUp PgDn Home End", "move from tile to tile"],
    ["Space", "pick or unpick the tile"],
    ["Shift+← Shift+→", "pick a range of tiles that were on the screen; so does a click with Shift"],
    ["Ctrl+A", "pick all tiles, also those further up and down"],
    ["Esc", "pick nothing"],
    ["Enter", "point all views at the tile; so does a double click"],
    ["drag", "pick with a box; with Alt freehand, with Ctrl in addition; a finger rests first"],
    ...DOING[of],
    KEY,
    ...(of === "predictions" ? [] : [ANSWER_KEY]),
    ["Ctrl+Z Ctrl+Y", "undo, redo the last change of the dataset"],
    ["+ −", "larger, smaller tiles"],
    ["?", "this sheet"],
  ];
}

export function listen(gallery: Commanded, signal: AbortSignal): void {
  const { frame, tiles, state } = gallery;
  const { scroller } = tiles;
  hear(frame.root, "keydown", (event) => onKey(gallery, event), { signal });
  let before: Bitset | null = null; // what was picked before the first click of a double one
  const at = (event: MouseEvent) => tiles.layout.placeAt(...tiles.point(event), tiles.n);
  const onMouseDown = (event: MouseEvent) => {
    if (event.offsetX > scroller.clientWidth) return; // the scroll bar
    event.preventDefault(); // no text is selected
    focusOn(scroller);
  };
  hear(scroller, "mousedown", onMouseDown, { signal });
  hear(
    scroller,
    "click",
    (event) => {
      if (gallery.drag.ended || event.detail > 1) return;
      const place = at(event);
      before = state.own;
      if (event.shiftKey) gallery.extend(place, event.ctrlKey || event.metaKey);
      else if (event.ctrlKey || event.metaKey) gallery.toggle(place);
      else gallery.pickOnly(place);
    },
    { signal },
  );
  hear(
    scroller,
    "dblclick",
    (event) => {
      const place = at(event);
      if (place < 0 || gallery.drag.ended) return;
      state.pick(before?.n === state.n ? before : null);
      gallery.point(place);
    },
    { signal },
  );
  const hover = (event: PointerEvent) => {
    const row = event.pointerType === "touch" || gallery.drag.active ? -1 : state.visible.at(at(event));
    state.store.setHover(row < 0 ? null : { of: state.of, row }, state.source);
  };
  hear(scroller, "pointermove", hover, { signal });
  const left = () => {
    if (state.store.hover?.of === state.of) state.store.setHover(null, state.source);
  };
  hear(scroller, "pointerleave", left, { signal });
  hear(signal, "abort", left, { once: true });
}

function onKey(gallery: Commanded, event: KeyboardEvent): void {
  const target = event.composedPath()[0] as HTMLElement;
  if (target.closest(".nbl-popover")) return;
  const command = event.ctrlKey || event.metaKey;
  if (target.closest("input, select, textarea") && !command) return;
  if (target.closest("button") && (event.key === "Enter" || event.key === " ")) return;
  if (act(gallery, event, command)) claim(event);
}

function act(gallery: Commanded, event: KeyboardEvent, command: boolean): boolean {
  const { tiles, state, actions } = gallery;
  const key = event.key.toLowerCase();
  if (command) return commanded(gallery, key, event.shiftKey);
  if (event.altKey) return false;
  const to = tiles.layout.step(tiles.cursor, event.key, tiles.n, tiles.page);
  if (to !== null) {
    if (event.shiftKey) gallery.extendTo(to);
    else gallery.moveTo(to);
    return true;
  }
  const doing = ACTION_KEYS[state.of][key];
  if (doing) return actions.perform(doing) || true;
  if (state.of !== "images" && /^[1-9]$/.test(key)) {
    void actions.giveLabel(key);
    return true;
  }
  if (key === "q" && state.of !== "predictions") return actions.answer();
  switch (key) {
    case " ":
    case "enter":
      if (key === " ") gallery.toggle(tiles.cursor);
      else gallery.point(tiles.cursor);
      tiles.reveal(tiles.cursor);
      return true;
    case "escape":
      return gallery.escape();
    case "k":
      gallery.more();
      return true;
    case "+":
    case "=":
      gallery.resize(1.25);
      return true;
    case "-":
      gallery.resize(0.8);
      return true;
    case "o":
      if (state.of !== "images") return false;
      state.set("overlays", !state.get("overlays"));
      return true;
    default:
      return state.of !== "images" && ownKey(event, (own) => actions.giveOwn(own));
  }
}

function commanded(gallery: Commanded, key: string, shift: boolean): boolean {
  if (key === "a") gallery.pickAll();
  else if (key === "z") void gallery.actions.travel(shift ? "redo" : "undo");
  else if (key === "y") void gallery.actions.travel("redo");
  else return false;
  return true;
}
