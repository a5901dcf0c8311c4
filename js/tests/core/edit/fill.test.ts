import { describe, expect, it } from "vitest";
import { boxRaster, fillPolygon } from "../../../src/core/edit/fill";
import { area, EMPTY, equal } from "../../../src/core/edit/raster";
import { contains } from "../../../src/core/space/polygon";
import { random } from "../../random";
import { drawn, pixelsOf } from "./masks";

const anyRing = (next: () => number, n: number, size: number) =>
  Array.from({ length: 2 * n }, () => next() * size * 1.4 - size * 0.2);

/** Where a number lies near a pixel's center, an edge, an end of the image, or just anywhere. */
function awkward(next: () => number, size: number): number {
  const value = next() * size;
  return [value, Math.round(value), Math.floor(value) + 0.5, Math.round(value * 4) / 4][
    Math.floor(next() * 4)
  ];
}

describe("polygons", () => {
  it("hold the pixels whose centers are inside, wherever they reach", () => {
    const next = random(21);
    for (let round = 0; round < 200; round++) {
      const [height, width] = [1 + Math.floor(next() * 30), 1 + Math.floor(next() * 30)];
      const rings = Array.from({ length: 1 + Math.floor(next() * 3) }, () =>
        anyRing(next, 3 + Math.floor(next() * 9), 30),
      );
      const filled = pixelsOf(fillPolygon(rings, height, width), height, width);
      const expected = filled.map((_, i) => {
        const [x, y] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
        return rings.filter((ring) => contains(ring, x, y)).length % 2;
      });
      expect(filled).toEqual(expected);
    }
  });

  it("are the same from any corner on and in both directions", () => {
    const next = random(22);
    for (let round = 0; round < 200; round++) {
      const n = 3 + Math.floor(next() * 12);
      const ring = Array.from({ length: 2 * n }, () => awkward(next, 40));
      const from = 2 * Math.floor(next() * n);
      const turned = [...ring.slice(from), ...ring.slice(0, from)];
      const back = Array.from({ length: n }, (_, i) => ring.slice(2 * (n - 1 - i), 2 * (n - i))).flat();
      const filled = fillPolygon([ring], 40, 40);
      expect(equal(fillPolygon([turned], 40, 40), filled)).toBe(true);
      expect(equal(fillPolygon([back], 40, 40), filled)).toBe(true);
    }
  });

  it("that share edges share no pixel and leave none out", () => {
    const next = random(23);
    for (let round = 0; round < 150; round++) {
      const n = 2 + Math.floor(next() * 7);
      const size = 25 + Math.floor(next() * 40);
      // A grid of cells whose corners were pushed around: they tile the image whatever becomes of their shapes.
      const corner = Array.from({ length: (n + 1) ** 2 }, (_, k) => {
        const [i, j] = [k % (n + 1), Math.floor(k / (n + 1))];
        const [x, y] = [(i * size) / n, (j * size) / n];
        const push = () => ((next() - 0.5) * 0.4 * size * (round % 3)) / n;
        return [
          i === 0 || i === n ? x : round % 2 ? x + push() : awkward(next, size),
          j === 0 || j === n ? y : round % 2 ? y + push() : awkward(next, size),
        ];
      });
      const sum = new Uint8Array(size * size);
      const flip = (ring: number[]) =>
        pixelsOf(fillPolygon([ring], size, size), size, size).forEach((pixel, i) => {
          sum[i] += pixel;
        });
      for (let j = 0; j < n; j++)
        for (let i = 0; i < n; i++) {
          const k = j * (n + 1) + i;
          const [a, b, c, d] = [corner[k], corner[k + 1], corner[k + n + 2], corner[k + n + 1]];
          if ((i + j) % 2) flip([...a, ...b, ...c, ...d]);
          else {
            flip([...a, ...b, ...d]);
            flip([...c, ...b, ...d]);
          }
        }
      // Where cells were pushed over others, pixels are in three, five, … of them; never in two or none.
      expect(sum.every((pixel) => pixel % 2 === 1)).toBe(true);
      if (round % 2 && round % 3 < 2) expect(sum.every((pixel) => pixel === 1)).toBe(true);
    }
  });

  it("cut into a fan around any point make the whole again", () => {
    const next = random(24);
    for (let round = 0; round < 40; round++) {
      const angles = Array.from({ length: 12 }, () => next() * 2 * Math.PI).sort((a, b) => a - b);
      const ring = angles.flatMap((angle) => {
        const radius = 8 + next() * 40;
        return [50 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)];
      });
      const sum = new Uint8Array(100 * 100);
      const middle = [50 + next() * 4, 50 + next() * 4];
      for (let i = 0; i < 24; i += 2) {
        const piece = [...middle, ...ring.slice(i, i + 2), ring[(i + 2) % 24], ring[(i + 3) % 24]];
        pixelsOf(fillPolygon([piece], 100, 100), 100, 100).forEach((pixel, k) => {
          sum[k] ^= pixel;
        });
      }
      expect(sum).toEqual(pixelsOf(fillPolygon([ring], 100, 100), 100, 100));
    }
  });

  it("of 10,000 corners on an image of 8,000 x 8,000 pixels are filled", () => {
    const ring = Array.from({ length: 10000 }, (_, i) => {
      const angle = (i / 10000) * 2 * Math.PI;
      const radius = 3900 + 50 * Math.cos(400 * angle);
      return [4000 + radius * Math.cos(angle), 4000 + radius * Math.sin(angle)];
    }).flat();
    const expected = Math.abs(
      ring.reduce(
        (sum, value, i) =>
          i % 2 ? sum : sum + value * ring[(i + 3) % 20000] - ring[(i + 2) % 20000] * ring[i + 1],
        0,
      ) / 2,
    );
    expect(Math.abs(area(fillPolygon([ring], 8000, 8000)) / expected - 1)).toBeLessThan(1e-4);
  });

  it("without pixels are empty", () => {
    expect(fillPolygon([], 10, 10)).toBe(EMPTY);
    expect(fillPolygon([[]], 10, 10)).toBe(EMPTY);
    expect(area(fillPolygon([[3, 3]], 10, 10))).toBe(0);
    expect(area(fillPolygon([[3, 3, 8, 8]], 10, 10))).toBe(0);
    expect(fillPolygon([[20, 20, 30, 20, 30, 30]], 10, 10)).toBe(EMPTY);
    expect(area(fillPolygon([[1, 1, Number.NaN, 5, 6, 6]], 10, 10))).toBe(0);
  });
});

describe("boxes", () => {
  it("may be drawn from any corner, are clipped, and hold what the polygon holds", () => {
    const next = random(25);
    for (let round = 0; round < 100; round++) {
      const [x0, y0, x1, y1] = Array.from({ length: 4 }, () => awkward(next, 30) - 5);
      const polygon = fillPolygon([[x0, y0, x1, y0, x1, y1, x0, y1]], 20, 20);
      expect(equal(boxRaster(x0, y0, x1, y1, 20, 20), polygon)).toBe(true);
      expect(equal(boxRaster(x1, y0, x0, y1, 20, 20), polygon)).toBe(true);
    }
    expect(equal(boxRaster(3, 2, 1, 1, 3, 4), drawn("....", ".##.", "...."))).toBe(true);
  });
});
