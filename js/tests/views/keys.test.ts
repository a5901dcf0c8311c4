// @vitest-environment jsdom
/** The keys that views show, on their sheets and in tooltips, are the keys that they handle: all views, one place. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TileLayout } from "../../src/core/space/tiles";
import * as panels from "../../src/views/answers/panels";
import * as catalog from "../../src/views/edit/catalog";
import { pressed } from "../../src/views/edit/keys";
import * as gallery from "../../src/views/gallery/keys";
import * as review from "../../src/views/review/keys";
import * as scatter from "../../src/views/scatter/keys";
import * as table from "../../src/views/table/keys";
import * as verify from "../../src/views/verify/keys";
import * as viewer from "../../src/views/viewer/keys";

type Sheet = readonly (readonly [string, string])[];
type Handles = (event: KeyboardEvent) => boolean;

/** Answers to every name, called or not, with itself. */
// biome-ignore lint/suspicious/noExplicitAny: it stands for objects of many types
const anything: any = new Proxy(() => {}, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => 0 : anything),
  apply: () => anything,
});
const withAll = (known: object) =>
  new Proxy(known, { get: (_, name) => (name in known ? known[name as never] : anything) });

/** A view that listens on its root: whether it claims a key. */
function listening(listen: (root: HTMLElement, signal: AbortSignal) => void): Handles {
  const root = document.createElement("div");
  listen(root, new AbortController().signal);
  return (event) => !root.dispatchEvent(event);
}

const held: Handles = ({ key }) => key === " "; // views hold their masks away with it
const inGallery = (of: "images" | "instances" | "predictions") =>
  listening((root, signal) => {
    const scroller = document.createElement("div");
    const tiles = { scroller, layout: new TileLayout(600, 128), cursor: 50, n: 100, page: 2 };
    const state = withAll({ of });
    const actions = withAll({ giveOwn: () => false }); // no label has a key of its own
    gallery.listen(withAll({ frame: { root }, tiles: withAll(tiles), state, actions }) as never, signal);
  });
const inViewer: Handles = (event) => viewer.command(event, anything) !== undefined || held(event);
const editing: Handles = (event) =>
  pressed(event, withAll({ finish: () => false, back: () => false }) as never);
const kept = viewer.KEYS.filter(([keys]) => !catalog.OVERRULED.includes(keys));

const VIEWS: Record<string, [Sheet, Handles]> = {
  viewer: [viewer.KEYS, inViewer],
  edit: [
    [...catalog.KEYS, ...panels.KEYS, ...kept],
    (event) => panels.meant(event) !== undefined || editing(event) || inViewer(event),
  ],
  review: [
    review.KEYS,
    (event) =>
      panels.meant(event, true) !== undefined || review.command(event, anything) !== undefined || held(event),
  ],
  verify: [verify.KEYS, (event) => verify.command(event, anything) !== undefined || held(event)],
  scatter: [scatter.KEYS, listening((root, signal) => scatter.onKeys(root, anything, signal))],
  table: [
    table.KEYS,
    listening((root, signal) => {
      const scroller = document.createElement("div");
      table.listen(withAll({ frame: { root }, grid: withAll({ scroller }) }) as never, signal);
    }),
  ],
  "gallery of images": [gallery.keysOf("images"), inGallery("images")],
  "gallery of instances": [gallery.keysOf("instances"), inGallery("instances")],
  "gallery of predictions": [gallery.keysOf("predictions"), inGallery("predictions")],
};

const NAMES: Record<string, string> = {
  ...{ "←": "ArrowLeft", "→": "ArrowRight", "↑": "ArrowUp", "↓": "ArrowDown", "−": "-" },
  ...{ PgUp: "PageUp", PgDn: "PageDown", Esc: "Escape", Space: " " },
};
const OF_ITS_OWN = "in_place.ts: Ctrl+Enter"; // heard by the editor's place in a review
const WORDS = ["?", "Click", "drag", "Shift", "Alt"]; // the sheet's own key, and what pointers do

/** "Shift+→": as a browser tells it. */
function event(keys: string): KeyboardEvent {
  const [, modifiers, name] = /^((?:(?:Ctrl|Shift|Alt)\+)*)(.+)$/.exec(keys)!;
  const shiftKey = modifiers.includes("Shift");
  const key = NAMES[name] ?? (name.length > 1 ? name : shiftKey ? name.toUpperCase() : name.toLowerCase());
  const more = { ctrlKey: modifiers.includes("Ctrl"), shiftKey, altKey: modifiers.includes("Alt") };
  const code = /^\d$/.test(name) ? `Digit${name}` : "";
  const made = { key, code, ...more, bubbles: true, composed: true, cancelable: true };
  const told = new KeyboardEvent("keydown", made);
  document.createElement("div").dispatchEvent(told); // it has a target from here on
  return told;
}

/** The keys of a line: "1 … 9" are nine. */
function keysOf(line: string): string[] {
  if (line === "1 … 9") return Array.from("123456789");
  const keys = line.split(" ").filter((key) => !WORDS.includes(key));
  return keys.map((key) => (key === "-" ? "−" : key));
}

const shown = (sheet: Sheet) => sheet.flatMap(([keys]) => keysOf(keys));

describe.each(Object.entries(VIEWS))("%s", (_, [sheet, handles]) => {
  test("every key on its sheet does something", () => {
    expect(shown(sheet).filter((keys) => !handles(event(keys)))).toEqual([]);
  });

  test("every key that does something is on its sheet", () => {
    const plain = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789[]/+−", ...Object.keys(NAMES)];
    const named = ["Enter", "Delete", "Home", "End", "F2"];
    const all = [
      ...[...plain, ...named].flatMap((key) => [key, `Shift+${key}`]),
      ...plain.slice(0, 36).flatMap((key) => [`Ctrl+${key}`, `Alt+${key}`]),
    ];
    const known = new Set(shown(sheet));
    const hidden = all.filter((keys) => !known.has(keys) && !known.has(keys.replace("Shift+", "")));
    expect(hidden.filter((keys) => handles(event(keys)))).toEqual([]);
  });
});

test("keys of form and definition are no keys of a tool or of the review", () => {
  const keys = shown(panels.KEYS);
  expect(keys.filter((key) => editing(event(key)) || inViewer(event(key)))).toEqual([]);
  expect(["Q", "T"].filter((key) => review.command(event(key), anything))).toEqual([]);
});

test("no key of the viewer's that the editor's sheet keeps is taken by a tool", () => {
  expect(kept.flatMap(([keys]) => keysOf(keys)).filter((keys) => editing(event(keys)))).toEqual([]);
});

test("the layers' keys on their buttons turn these layers", () => {
  const turned: string[] = [];
  for (const keys of Object.values(catalog.LAYER_KEYS))
    pressed(event(keys), withAll({ layer: (name: string) => turned.push(name) }) as never);
  expect(turned).toEqual(Object.keys(catalog.LAYER_KEYS));
});

test("accepting and rejecting have the keys of a review", () => {
  const decided = (keys: string) => {
    const names: string[] = [];
    const commands = { decide: (name: string) => names.push(name), finish: () => false };
    pressed(event(keys), withAll(commands) as never);
    return names[0];
  };
  expect(["M", "Enter", "X", "Shift+M"].map(decided)).toEqual(["accept", "accept", "reject", "force"]);
  expect(decided("Shift+N")).toBe("nothing");
  const button = document.createElement("button"); // Enter is the button's own
  button.addEventListener("keydown", (told) => expect(pressed(told, anything)).toBe(false));
  button.dispatchEvent(event("Enter"));
});

test("every key that a tooltip names is on the sheet of its view", () => {
  const one = /^(?:(?:Ctrl|Shift|Alt)\+)*(?:[A-Z0-9+−[\]/←→↑↓]|Enter|Esc|Delete|Space)$/;
  const views = join(import.meta.dirname, "../../src/views");
  const wrong: string[] = [];
  for (const [view, [sheet]] of Object.entries(VIEWS)) {
    const folder = join(views, view.split(" ")[0]);
    const known = new Set(shown(view.startsWith("gallery") ? VIEWS["gallery of images"][0] : sheet));
    for (const file of readdirSync(folder)) {
      const text = readFileSync(join(folder, file), "utf-8");
      const named = [...text.matchAll(/ \(([^()"]{1,12})\)"|button\("[^"]*", "([^"]+)"/g)];
      const keys = named.flatMap(([, title, button]) => (title ?? button).split(" "));
      wrong.push(...keys.filter((key) => one.test(key) && !known.has(key)).map((key) => `${file}: ${key}`));
    }
  }
  expect(wrong.filter((one) => one !== OF_ITS_OWN)).toEqual([]);
});
