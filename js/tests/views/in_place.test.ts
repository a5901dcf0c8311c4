// @vitest-environment jsdom
import { expect, test, vi } from "vitest";
import { createFrame } from "../../src/views/frame";
import { InPlace } from "../../src/views/review/in_place";
import type { Rpc } from "../../src/wire/rpc";

/** A review whose host nests views. */
function review(panel: boolean) {
  const el = document.createElement("div");
  document.body.append(el);
  const end = new AbortController();
  const rpc = {
    request: async () => ({ result: { ref: "anywidget:1" }, buffers: [] }),
    on: () => {},
    watch: () => {},
  };
  const frame = createFrame(el, rpc as unknown as Rpc, end.signal, "Review");
  if (panel) frame.beside(document.createElement("aside"));
  const host = { getWidget: async () => ({ render: async () => {} }) };
  const closed = vi.fn();
  const inPlace = new InPlace(frame.body, rpc as unknown as Rpc, host as never, closed, end.signal);
  return { el, frame, inPlace, closed, end: () => end.abort() };
}

test("the editor lies over the panel beside the picture as well, for it has one of its own", async () => {
  const { frame, inPlace, el, closed, end } = review(true);
  await inPlace.open();
  const box = el.querySelector(".nbl-review-editor")!;
  expect(box.parentElement!.className).toBe("nbl-beside-row");
  expect(box.parentElement).toBe(frame.body.parentElement);
  box.querySelector("button")!.click();
  expect(el.querySelector(".nbl-review-editor")).toBe(null);
  expect(closed).toHaveBeenCalledOnce();
  end();
});

test("without a panel the editor lies over the body", async () => {
  const { frame, inPlace, el, end } = review(false);
  await inPlace.open();
  expect(el.querySelector(".nbl-review-editor")!.parentElement).toBe(frame.body);
  end();
});
