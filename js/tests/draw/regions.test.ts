// @vitest-environment jsdom
/** Regions are hatched once each, in the colors of their kinds, and cost nothing where there are none. */
import { beforeEach, expect, test, vi } from "vitest";
import { parseMasks } from "../../src/core/masks/rle";
import { green, white } from "../../src/draw/palette";
import { drawRegions } from "../../src/draw/regions";

const bytes = new TextEncoder().encode("112112"); // twice the second of four pixels
const masks = () => parseMasks(bytes, Int32Array.of(3, 3), 2, 2);
const camera = { scale: 10, x: 5, y: 7 };
let made: number[][];

beforeEach(() => {
  made = [];
  vi.stubGlobal(
    "Path2D",
    class {
      moveTo(x: number, y: number) {
        made.push([x, y]);
      }
      lineTo() {}
      closePath() {}
      addPath() {}
    },
  );
  vi.stubGlobal("DOMMatrix", class {});
});

function canvas() {
  const colors: string[] = [];
  const pen = new Proxy({ canvas: { width: 40, height: 40 } } as Record<string | symbol, unknown>, {
    get: (known, name) =>
      known[name] ?? (name === "stroke" ? () => colors.push(String(known.strokeStyle)) : () => {}),
  });
  return { canvas: { getContext: () => pen } as never, colors };
}

test("each kind has its color, twice: the lines and the outline", () => {
  const { canvas: sheet, colors } = canvas();
  drawRegions(sheet, camera, [{ kind: "done" }, { kind: "ignore" }], masks(), 1);
  expect(colors.filter((color) => color === green)).toHaveLength(2);
  expect(colors.filter((color) => color === white)).toHaveLength(2);
});

test("outlines are traced once, however often the picture moves", () => {
  const both = masks();
  for (const scale of [1, 2, 3])
    drawRegions(canvas().canvas, { ...camera, scale }, [{ kind: "done" }], both, 1);
  expect(made).toEqual([[0, 1]]);
});

test("without regions nothing is drawn", () => {
  const { canvas: sheet, colors } = canvas();
  drawRegions(sheet, camera, [], masks(), 1);
  expect(colors).toEqual([]);
});
