// @vitest-environment jsdom
/** The legend of the viewer: what it says, and what clicks and keys in it ask for. */
import { beforeEach, expect, test } from "vitest";
import { Legend } from "../../src/views/viewer/legend";
import { groupOf, groupsOf, isShown } from "../../src/views/viewer/looks";
import type { Coloring, Picture } from "../../src/views/viewer/picture";

let legend: Legend;
let asked: [string, boolean][];
let all: number;

beforeEach(() => {
  asked = [];
  all = 0;
  legend = new Legend({ toggle: (group, only) => asked.push([group, only]), all: () => all++ });
  document.body.replaceChildren(legend.el);
});

function pictureOf(names: (string | null)[], categories = ["<b>cod</b>", "ling", "ray"]): Picture {
  const colors = categories.map(() => "#112233");
  const coloring = { name: "label", kind: "category", categories, colors } as Coloring;
  const values = Int32Array.from(names, (name) => categories.indexOf(name ?? ""));
  return { coloring, values, n: names.length, nLabels: names.length, head: { regions: [] } } as never;
}

const entries = () => [...legend.el.querySelectorAll<HTMLElement>("[data-group]")];
const texts = () =>
  [...legend.el.querySelectorAll<HTMLElement>(".nbl-viewer-key")].filter((el) => !el.hidden);
const off = (...names: string[]) => new Set(names.map((name) => `label:${name}`));

test("colors are listed with their counts, the most frequent first, and texts are texts", () => {
  legend.show(pictureOf(["ling", "<b>cod</b>", "ling", null]), off());
  expect(entries().map((el) => el.getAttribute("aria-label"))).toEqual([
    "ling, 2",
    "<b>cod</b>, 1",
    "none, 1",
  ]);
  expect(legend.el.querySelector("b")).toBeNull();
  expect(entries().every((el) => el.getAttribute("aria-pressed") === "true")).toBe(true);
});

test("a click asks to hide, with Alt or by Alt+Enter to show alone", () => {
  legend.show(pictureOf(["ling", "ray"]), off());
  entries()[0].click();
  entries()[1].dispatchEvent(new MouseEvent("click", { altKey: true, bubbles: true }));
  const key = { key: "Enter", altKey: true, bubbles: true };
  entries()[1].dispatchEvent(new KeyboardEvent("keydown", key));
  expect(asked).toEqual([
    ["label:ling", false],
    ["label:ray", true],
    ["label:ray", true],
  ]);
});

test("it says how many masks are hidden, keeps its buttons, and shows all again", () => {
  const picture = pictureOf(["ling", "ray", "ling", null]);
  legend.show(picture, off());
  const before = entries();
  legend.show(picture, off("ling", ""));
  expect(entries()).toEqual(before);
  expect(entries().map((el) => el.getAttribute("aria-pressed"))).toEqual(["false", "true", "false"]);
  expect(texts().at(-1)?.textContent).toBe("3 hidden ×");
  texts().at(-1)!.click();
  expect(all).toBe(1);
  legend.show(picture, off());
  expect(texts()).toHaveLength(3);
});

test("of many colors seven are listed until the rest is asked for", () => {
  const names = Array.from({ length: 30 }, (_, i) => `species ${i}`);
  legend.show(pictureOf(names, names), off("species 29"));
  expect(entries()).toHaveLength(7);
  const more = texts().find((el) => el.textContent === "and 23 more")!;
  more.click();
  legend.show(pictureOf(names, names), off("species 29"));
  expect(entries()).toHaveLength(30);
  expect(entries()[29].getAttribute("aria-pressed")).toBe("false");
});

test("of numbers it shows the range, and how many masks have none", () => {
  const picture = pictureOf([]);
  const coloring: Coloring = { name: "score", kind: "number", low: 0, high: 0.5 };
  Object.assign(picture, { coloring, values: Float32Array.of(0.1, Number.NaN, 0.4), n: 3 });
  legend.show(picture, off());
  expect(legend.el.textContent).toContain("score 00.5none 1");
  expect([groupOf(picture, 0), groupsOf(picture)]).toEqual([null, []]);
});

test("a hidden group is not shown, hence not hit by the pointer, and others are", () => {
  const picture = pictureOf(["ling", "ray", null]);
  Object.assign(picture, { key: (mask: number) => `instances:${mask}`, of: () => "instances" });
  const settings = { get: (name: string) => name === "show_labels" };
  const context = { settings, hidden: new Set(), off: off("ling", ""), allowed: {} } as never;
  expect([0, 1, 2].map((mask) => isShown(picture, mask, context))).toEqual([false, true, false]);
  expect(groupsOf(picture)).toEqual(["label:", "label:<b>cod</b>", "label:ling", "label:ray"]);
});

test("an image without masks and regions has no legend", () => {
  legend.show(pictureOf([]), off());
  expect(legend.el.hidden).toBe(true);
  legend.show(pictureOf(["ling"]), off());
  expect(legend.el.hidden).toBe(false);
});
