/** The result of a finished gesture with an editing tool; the editor makes a mask of it. */

/** Make a new mask, add to the active mask, or cut from it. */
export type Into = "new" | "add" | "cut";

export type Gesture =
  /** The area inside rings, (x0, y0, x1, y1, …) pixels of the image, even-odd. */
  | { make: "area"; rings: readonly (readonly number[])[]; into: Into }
  /** The path of the brush, pixels of the image. */
  | { make: "stroke"; path: readonly number[]; erase: boolean }
  /** A place that was clicked. */
  | { make: "seed"; x: number; y: number; into: Into }
  /** The input of a segmenter: points (x, y, 1 inside or 0 outside), a box (x, y, w, h). */
  | { make: "prompt"; points: readonly Prompt[]; box: Box | null; final: boolean; into: Into }
  /** The outline of the active mask from `before` to `rings`. */
  | { make: "reshape"; before: readonly (readonly number[])[]; rings: readonly (readonly number[])[] };

export type Prompt = readonly [x: number, y: number, inside: 0 | 1];
export type Box = readonly [x: number, y: number, w: number, h: number];

export function intoOf({ shift, alt }: { shift: boolean; alt: boolean }): Into {
  return alt ? "cut" : shift ? "add" : "new";
}

export function boxOf(a: readonly [number, number], b: readonly [number, number]): Box {
  const [x, y] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  return [x, y, Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1])];
}
