// @vitest-environment jsdom
/** The place of a comment lies on the picture, whatever part of it is shown, and only on its own image. */
import { expect, test } from "vitest";
import type { Point } from "../../src/core/space/camera";
import { SPOT, SPOT_ASKED, Spot, type Spotted } from "../../src/views/spot";

function made() {
  const [root, el, front] = ["div", "div", "div"].map((name) => document.createElement(name));
  root.append(el);
  el.append(front);
  const stage = {
    el,
    front,
    camera: { scale: 4, x: 10, y: 20 },
    ratio: 2,
    imageSize: { width: 30, height: 20 },
  };
  const end = new AbortController();
  const spot = new Spot(stage, root, end.signal);
  const tell = (detail: Spotted) => root.dispatchEvent(new CustomEvent(SPOT, { detail }));
  const press = (clientX: number, clientY: number) => {
    const event = new MouseEvent("pointerdown", { clientX, clientY, bubbles: true, cancelable: true });
    el.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const pin = front.querySelector<HTMLElement>(".nbl-viewer-spot")!;
  return { root, stage, spot, tell, press, pin, end };
}

test("it follows the camera, and is hidden on other images", () => {
  const { stage, spot, tell, pin } = made();
  spot.shows(7);
  tell({ image: 7, at: [5, 10], pick: null });
  expect(pin.hidden).toBe(false);
  expect(pin.style.transform).toBe("translate(15px, 30px)"); // (5 * 4 + 10) / 2
  stage.camera = { scale: 8, x: 0, y: 0 };
  spot.place();
  expect(pin.style.transform).toBe("translate(20px, 40px)");
  spot.shows(8);
  expect(pin.hidden).toBe(true);
});

test("a click is a pixel of the picture while a place is asked for, and otherwise for the tools", () => {
  const { spot, tell, press, end } = made();
  const picked: Point[] = [];
  spot.shows(7);
  expect(press(15, 30)).toBe(false);
  tell({ image: 7, at: null, pick: (at) => picked.push(at) });
  expect(press(15, 30)).toBe(true);
  expect(press(500, 30)).toBe(true); // beside the picture
  expect(picked).toEqual([[5, 10]]);
  tell({ image: 8, at: null, pick: (at) => picked.push(at) });
  expect(press(15, 30)).toBe(false);
  end.abort();
});

test("another image asks whether there is a place on it", () => {
  const { root, spot } = made();
  let asked = 0;
  root.addEventListener(SPOT_ASKED, () => {
    asked += 1;
  });
  spot.shows(7);
  expect(asked).toBe(1);
});
