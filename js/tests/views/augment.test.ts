// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Augment, type Pictures } from "../../src/views/augment/augment";
import { said } from "../../src/views/augment/tiles";
import { createFrame } from "../../src/views/frame";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";

const TRAITS = {
  height: 300,
  labels: [
    ["fish", "#e69f00"],
    ["crab", "#56b4e9"],
  ],
  mosaic: true,
  falling: false,
};
const DRAWN: Pictures = {
  first: 1,
  last: 2,
  size: [32, 64],
  images: 1200,
  tiles: [
    { images: [12, 4, 3, 7], labels: [["fish", 2]], silent: 0.25 },
    { images: [5], labels: [], silent: 0 },
  ],
};

class Model extends FakeChannel {
  traits = { ...TRAITS };
  get(name: keyof typeof TRAITS): unknown {
    return this.traits[name];
  }
  answer(result: object, buffers: ArrayBufferView[] = []): void {
    const { client, id, key } = this.sent.at(-1)!.message;
    this.arrive({ kind: "result", client, id, key, result }, buffers);
  }
}

let released: string[] = [];
let end: AbortController;

beforeEach(() => {
  let n = 0;
  released = [];
  end = new AbortController();
  URL.createObjectURL = () => `blob:${n++}`;
  URL.revokeObjectURL = (address) => void released.push(address);
});
afterEach(() => end.abort());

async function opened(): Promise<{ model: Model; el: HTMLElement }> {
  const model = new Model();
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const rpc = new Rpc(model as never, end.signal);
  new Augment(createFrame(el, rpc, end.signal, "Augmentations"), model as never, rpc, end.signal);
  model.answer(DRAWN, [new Uint8Array(3), new Uint8Array(3)]);
  await vi.waitFor(() => expect(el.querySelectorAll("img").length).toBe(2));
  return { model, el };
}

test("it says which batches these are, of what size, and what is in each picture", async () => {
  const { el } = await opened();
  const text = el.querySelector(".nbl-toolbar")!.textContent;
  expect(text).toContain("Batches 1 to 2");
  expect(text).toContain("2 pictures of 64 × 32, 2 masks, from 1,200 images");
  const titles = [...el.querySelectorAll(".nbl-augment-tile")].map((tile) => tile.getAttribute("title"));
  expect(titles).toEqual(["image 12 with 4, 3, 7: 2 fish; no label loss on 25%", "image 5: no masks"]);
  expect(el.querySelector(".nbl-augment-legend")!.textContent).toBe("fishcrabnot known, no loss");
});

test("N and the button ask for the next batches, once at a time; a turned page fetches the pictures", async () => {
  const { model, el } = await opened();
  const root = el.querySelector<HTMLElement>(".nbl")!;
  const press = (key: string) => root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const before = model.sent.length;
  press("n");
  press("n");
  el.querySelector<HTMLElement>(".nbl-primary")!.click();
  expect(model.sent.length).toBe(before + 1);
  expect(model.sent.at(-1)!.message.method).toBe("draw");
  model.answer({});
  await vi.waitFor(() => expect(el.querySelector<HTMLButtonElement>(".nbl-primary")!.disabled).toBe(false));
  model.trigger("change:page");
  expect(model.sent.at(-1)!.message.method).toBe("pictures");
  model.answer({ ...DRAWN, first: 3, last: 3 }, [new Uint8Array(3), new Uint8Array(3)]);
  await vi.waitFor(() => expect(el.querySelector("b")!.textContent).toBe("Batch 3"));
  expect(released).toEqual(["blob:0", "blob:1"]);
});

test("F asks for the other phase, and the button says which one is shown", async () => {
  const { model, el } = await opened();
  el.querySelector(".nbl")!.dispatchEvent(new KeyboardEvent("keydown", { key: "f" }));
  const { method, params } = model.sent.at(-1)!.message;
  expect([method, params]).toEqual(["choose", { falling: true }]);
  const toggle = el.querySelector(".nbl-toggle")!;
  expect([toggle.textContent, toggle.getAttribute("aria-pressed")]).toEqual(["Without mosaic", "false"]);
  model.answer({});
  model.traits.falling = true;
  model.trigger("change:page");
  model.answer(DRAWN, [new Uint8Array(3), new Uint8Array(3)]);
  await vi.waitFor(() => expect(toggle.getAttribute("aria-pressed")).toBe("true"));
});

test("a click makes a picture larger, another one small again", async () => {
  const { el } = await opened();
  const tile = el.querySelector<HTMLElement>(".nbl-augment-tile")!;
  tile.click();
  expect(tile.parentElement!.className).toContain("nbl-augment-large");
  expect(tile.getAttribute("aria-pressed")).toBe("true");
  tile.click();
  expect(tile.parentElement!.className).not.toContain("nbl-augment-large");
});

test("an error of the kernel is shown, and the buttons can be used again", async () => {
  const { model, el } = await opened();
  const next = el.querySelector<HTMLButtonElement>(".nbl-primary")!;
  next.click();
  const { client, id, key } = model.sent.at(-1)!.message;
  model.arrive({ kind: "error", client, id, key, error: { type: "ImageError", message: "image 3 is gone" } });
  await vi.waitFor(() => expect(el.querySelector(".nbl-note")!.textContent).toContain("image 3 is gone"));
  expect(next.disabled).toBe(false);
});

test("closing lets go of pictures and listeners", async () => {
  const { model } = await opened();
  end.abort();
  expect(released).toEqual(["blob:0", "blob:1"]);
  expect(model.listening).toBe(0);
});

test("a little that is not known is said as one percent", () => {
  expect(said({ images: [1], labels: [], silent: 0.001 })).toContain("1%");
});
