/** Masks for the tests of editing, and the slow, plain way to say what should come out. */
import { at, type Raster } from "../../../src/core/edit/raster";

/** Pixels of the whole image, row by row. */
export function pixelsOf(raster: Raster, height: number, width: number): Uint8Array {
  return Uint8Array.from({ length: height * width }, (_, i) => at(raster, i % width, Math.floor(i / width)));
}

/** A mask of the whole image from its pixels, row by row. */
export function rasterOf(data: ArrayLike<number>, height: number, width: number): Raster {
  return { x: 0, y: 0, w: width, h: height, data: Uint8Array.from(data) };
}

/** A mask from a drawing: "#" is in, lines are rows. */
export function drawn(...rows: string[]): Raster {
  const pixels = rows.flatMap((row) => [...row].map((letter) => Number(letter === "#")));
  return rasterOf(pixels, rows.length, rows[0].length);
}

/** A raster somewhere, of random size and density; it may reach beyond the image, be empty or full. */
export function anyRaster(next: () => number, height: number, width: number): Raster {
  const [w, h] = [Math.floor(next() * width), Math.floor(next() * height)];
  const [x, y] = [Math.floor((next() * 1.5 - 0.25) * width), Math.floor((next() * 1.5 - 0.25) * height)];
  const share = Math.floor(next() * 5) / 4;
  return { x, y, w, h, data: Uint8Array.from({ length: w * h }, () => Number(next() < share)) };
}

/** Groups of pixels that touch: at their sides, or at corners too. */
export function groups(pixels: Uint8Array, width: number, corners: boolean): number {
  const left = new Set([...pixels.keys()].filter((i) => pixels[i]));
  let n = 0;
  for (const first of left) {
    n++;
    const stack = [first];
    left.delete(first);
    while (stack.length) {
      const i = stack.pop()!;
      for (const [dx, dy] of corners ? ALL : SIDES) {
        const j = i + dy * width + dx;
        if (Math.abs((j % width) - (i % width)) <= 1 && left.delete(j)) stack.push(j);
      }
    }
  }
  return n;
}

const SIDES = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
];
const ALL = [...SIDES, [1, 1], [1, -1], [-1, 1], [-1, -1]];
