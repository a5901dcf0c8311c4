/** Tools that use the pixels of the image: wand and scissors in the page, segmenters in the kernel. */
import { wand } from "../../core/edit/flood";
import { fromCounts, type Raster } from "../../core/edit/raster";
import { Scissors } from "../../core/edit/scissors";
import type { Box, Prompt } from "../../tools/gesture";
import { asBytes } from "../../wire/codec";
import { Cancelled } from "../../wire/rpc";
import type { Picture } from "../viewer/picture";
import type { Viewer } from "../viewer/viewer";
import { type Cutting, cut, onImage } from "./patch";

type Place = readonly [number, number];

export interface Found {
  raster: Raster;
  score: number;
  name: string;
}

const REACH = 160; // image pixels around an anchor that the scissors use, in each direction

/** The reply of a segmenter, besides the mask. */
export interface Segmented {
  score: number;
  name: string;
}

export class Finder {
  /** The mask a segmenter found for the points so far. */
  found: Raster | null = null;
  #wire: { from: Place; cutting: Cutting; scissors: Scissors } | null = null;
  #asked = 0;

  constructor(
    private viewer: Viewer,
    private redraw: () => void,
  ) {}

  forget(): void {
    this.found = null;
    this.#wire = null;
    this.#asked++;
  }

  wand(x: number, y: number, tolerance: number, height: number, width: number): Raster | null {
    const { pixels } = this.viewer;
    if (!pixels) return null;
    const all = cut(pixels);
    const [px, py] = [Math.floor(x * all.factor), Math.floor(y * all.factor)];
    if (px < 0 || py < 0 || px >= all.patch.width || py >= all.patch.height) return null;
    return onImage(wand(all.patch, px, py, tolerance, true), all, height, width);
  }

  /** Points between two places, along the edges of the image; none if only a straight line is possible. */
  route(from: Place, to: Place): number[] {
    const { pixels } = this.viewer;
    if (!pixels) return [];
    if (!this.#wire || this.#wire.from[0] !== from[0] || this.#wire.from[1] !== from[1]) {
      const cutting = cut(pixels, from[0], from[1], REACH);
      const { left, top, factor } = cutting;
      const scissors = new Scissors(cutting.patch, (from[0] - left) * factor, (from[1] - top) * factor);
      this.#wire = { from, cutting, scissors };
    }
    const { cutting, scissors } = this.#wire;
    const { left, top, factor, patch } = cutting;
    const [x, y] = [(to[0] - left) * factor, (to[1] - top) * factor];
    if (x < 0 || y < 0 || x >= patch.width || y >= patch.height) return [];
    const path = scissors.path(x, y);
    const out: number[] = [];
    for (let i = 2; i < path.length - 2; i += 2)
      out.push(path[i] / factor + left, path[i + 1] / factor + top);
    return out;
  }

  /** Ask the kernel's segmenter; undefined if a newer request has replaced this one. */
  async segment(
    picture: Picture,
    points: readonly Prompt[],
    box: Box | null,
    final: boolean,
  ): Promise<Found | undefined> {
    const asked = ++this.#asked;
    const { imageId, height, width } = picture.head;
    try {
      const params = { image_id: imageId, points, box };
      const options = final ? {} : { key: "segment" };
      const { result, buffers } = await this.viewer.rpc.request<Segmented>("segment", params, options);
      if (asked !== this.#asked) return undefined;
      const raster = fromCounts(asBytes(buffers[0]), height, width);
      if (!final) this.found = raster;
      this.redraw();
      return { raster, ...result };
    } catch (error) {
      if (error instanceof Cancelled) return undefined;
      throw error;
    }
  }
}
