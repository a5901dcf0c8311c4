import { expect, test } from "vitest";
import { ScrollMap, TALLEST } from "../../../src/core/rows/ranges";
import { boxAround, GAP, pictureSize, TileLayout } from "../../../src/core/space/tiles";
import { random } from "../../random";

const layouts = () => {
  const next = random(7);
  return Array.from({ length: 60 }, () => ({
    room: 60 + Math.floor(next() * 1800),
    size: 48 + Math.floor(next() * 272),
    n: 1 + Math.floor(next() * 500),
  }));
};

test("tiles fill the width, never wider than it and never narrower than asked for unless one alone is", () => {
  for (const { room, size } of layouts()) {
    const layout = new TileLayout(room, size);
    const right = layout.left(layout.across - 1) + layout.side;
    expect(right).toBeLessThanOrEqual(room);
    expect(room - right).toBeLessThan(layout.across + 2 * GAP);
    if (layout.across > 1) expect(layout.side).toBeGreaterThanOrEqual(size);
  }
});

test("a point of a tile is at its place, and one between tiles at none", () => {
  for (const { room, size, n } of layouts()) {
    const layout = new TileLayout(room, size);
    for (let place = 0; place < n; place += 7) {
      const [x, y] = [layout.left(place), layout.top(place)];
      const far = layout.side + layout.caption - 1;
      expect(layout.placeAt(x, y, n)).toBe(place);
      expect(layout.placeAt(x + layout.side - 1, y + far, n)).toBe(place);
      expect(layout.placeAt(x - 1, y, n)).toBe(-1);
      expect(layout.placeAt(x, y + far + 2, n)).toBe(-1);
    }
    expect(layout.placeAt(layout.left(n), layout.top(n), n)).toBe(-1);
  }
});

test("a box holds the tiles it touches, as trying each of them finds", () => {
  const next = random(3);
  for (const { room, size, n } of layouts()) {
    const layout = new TileLayout(room, size);
    const tall = layout.rows(n) * layout.rowHeight;
    const points = Array.from({ length: 4 }, (_, i) => (next() * 1.4 - 0.2) * (i % 2 ? tall : room));
    const [left, top, right, bottom] = boxAround(points);
    const wanted = Array.from({ length: n }, (_, place) => place).filter((place) => {
      const [x, y] = [layout.left(place), layout.top(place)];
      return x <= right && x + layout.side >= left && y <= bottom && y + layout.side + layout.caption >= top;
    });
    expect(layout.touching([left, top, right, bottom], n)).toEqual(wanted);
  }
});

test("a line drawn around the middles of tiles encloses them", () => {
  const layout = new TileLayout(500, 100);
  const ring = [5, 5, 300, 5, 5, 330]; // a triangle: the first two tiles of the first row, the first below
  expect(layout.enclosed(ring, boxAround(ring), 50)).toEqual([0, 1, layout.across]);
  expect(layout.enclosed([5, 5], boxAround([5, 5]), 50)).toEqual([]);
});

test("keys lead to places there are", () => {
  for (const { room, size, n } of layouts()) {
    const layout = new TileLayout(room, size);
    for (const key of [
      "ArrowLeft",
      "ArrowRight",
      "ArrowUp",
      "ArrowDown",
      "PageUp",
      "PageDown",
      "Home",
      "End",
    ])
      for (const place of [0, n >> 1, n - 1]) {
        const to = layout.step(place, key, n, 3)!;
        expect(to).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThan(n);
      }
  }
  const layout = new TileLayout(440, 100); // four across
  expect(layout.across).toBe(4);
  expect(layout.step(1, "ArrowUp", 10, 2)).toBe(1);
  expect(layout.step(5, "ArrowUp", 10, 2)).toBe(1);
  expect(layout.step(7, "ArrowDown", 10, 2)).toBe(9);
  expect(layout.step(9, "ArrowDown", 10, 2)).toBe(9);
  expect(layout.step(1, "PageDown", 10, 2)).toBe(9);
  expect(layout.step(9, "PageUp", 10, 2)).toBe(1);
  expect(layout.step(0, "a", 10, 2)).toBeNull();
});

test("a million tiles scroll from the first to the last under a spacer that browsers can draw", () => {
  const layout = new TileLayout(900, 320);
  const map = new ScrollMap(layout.rowHeight);
  map.resize(layout.rows(1_000_000), 500);
  expect(map.spacer).toBe(TALLEST);
  map.scrolled(TALLEST - 500);
  expect(map.end * layout.across).toBeGreaterThanOrEqual(1_000_000);
  expect(layout.placeAt(GAP + 1, map.top + 499 - GAP, 1_000_000)).toBeGreaterThan(999_990);
  map.scrolled(0);
  expect(map.first).toBe(0);
});

test("few sizes of pictures are fetched, each as large as the tile or the largest", () => {
  const sizes = new Set<number>();
  for (let side = 48; side <= 320; side++)
    for (const ratio of [1, 1.5, 2, 3]) {
      const size = pictureSize(side, ratio);
      expect(size).toBeGreaterThanOrEqual(side * Math.min(ratio, 2));
      sizes.add(size);
    }
  expect(sizes.size).toBeLessThan(8);
});
