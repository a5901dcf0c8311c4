// @vitest-environment jsdom
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { focusOn, revealIn } from "../../src/views/elements";

const ROOT = join(import.meta.dirname, "../../src");
const sources = readdirSync(ROOT, { recursive: true, encoding: "utf-8" }).filter((file) =>
  file.endsWith(".ts"),
);

test("no view scrolls the notebook when it takes the keyboard or marks a row", () => {
  const scrolling = /scrollIntoView|\.focus\((?!\{ preventScroll: true \})/;
  expect(sources.filter((file) => scrolling.test(readFileSync(join(ROOT, file), "utf-8")))).toEqual([]);
});

test("an element is brought into its own scroller, as far as needed", () => {
  const at = (top: number, bottom: number) => {
    const element = document.createElement("div");
    element.getBoundingClientRect = () => ({ top, bottom }) as DOMRect;
    return element;
  };
  const scroller = at(100, 200);
  revealIn(scroller, at(150, 190));
  expect(scroller.scrollTop).toBe(0);
  revealIn(scroller, at(190, 230));
  expect(scroller.scrollTop).toBe(30);
  revealIn(scroller, at(90, 120));
  expect(scroller.scrollTop).toBe(20);
  focusOn(null); // nothing to take it
});
