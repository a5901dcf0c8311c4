import { describe, expect, it } from "vitest";
import * as camera from "../../../src/core/space/camera";
import { random } from "../../random";

const image = { width: 800, height: 600 };
const view = { width: 400, height: 500 };

describe("a camera", () => {
  it("takes image to screen and back exactly", () => {
    const next = random(1);
    for (let round = 0; round < 500; round++) {
      const eye = { scale: 2 ** (next() * 12 - 6), x: next() * 4000 - 2000, y: next() * 4000 - 2000 };
      const [x, y] = [next() * 20000, next() * 20000];
      const [sx, sy] = camera.toScreen(eye, x, y);
      const back = camera.toImage(eye, sx, sy);
      expect(Math.abs(back[0] - x)).toBeLessThan(1e-6);
      expect(Math.abs(back[1] - y)).toBeLessThan(1e-6);
    }
  });

  it("zooms around the pointer", () => {
    const next = random(2);
    for (let round = 0; round < 200; round++) {
      const eye = { scale: 0.1 + next() * 5, x: next() * 100, y: next() * 100 };
      const [sx, sy] = [next() * 400, next() * 400];
      const before = camera.toImage(eye, sx, sy);
      const after = camera.toImage(camera.zoomAt(eye, 0.2 + next() * 4, sx, sy), sx, sy);
      expect(after[0]).toBeCloseTo(before[0], 8);
      expect(after[1]).toBeCloseTo(before[1], 8);
    }
  });

  it("fits the image into the view, centered", () => {
    const eye = camera.fitted(image, view);
    expect(eye).toEqual({ scale: 0.5, x: 0, y: 100 });
    expect(camera.visible(eye, image, view)).toEqual([0, 0, 800, 600]);
  });

  it("magnifies small images to whole pixels", () => {
    expect(camera.fitted({ width: 1, height: 1 }, view).scale).toBe(64);
    expect(camera.fitted({ width: 60, height: 60 }, view).scale).toBe(6);
  });

  it("keeps some of the image in view and the zoom in bounds", () => {
    const next = random(4);
    for (let round = 0; round < 300; round++) {
      const wild = { scale: 10 ** (next() * 8 - 4), x: (next() - 0.5) * 1e5, y: (next() - 0.5) * 1e5 };
      const eye = camera.clamp(wild, image, view);
      const [, , w, h] = camera.visible(eye, image, view);
      expect(w).toBeGreaterThan(0);
      expect(h).toBeGreaterThan(0);
      expect(eye.scale).toBeLessThanOrEqual(64);
      expect(eye.scale).toBeGreaterThanOrEqual(0.25);
      expect(camera.clamp(eye, image, view)).toEqual(eye);
    }
  });

  it("shows one image pixel on one screen pixel, and a box", () => {
    expect(camera.actual(camera.fitted(image, view), view).scale).toBe(1);
    const eye = camera.zoomTo([100, 100, 50, 20], view, 0.5);
    expect(camera.toScreen(eye, 125, 110)).toEqual([200, 250]);
    expect(eye.scale).toBe(4);
  });
});
