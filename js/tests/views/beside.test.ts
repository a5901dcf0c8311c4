// @vitest-environment jsdom
/** The panel beside a picture: what is attached, in its place; what fails, in its place; guidelines before all. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { drawLayers, type LayersOf } from "../../src/draw/layers";
import { Beside } from "../../src/views/beside/beside";
import { Panel } from "../../src/views/beside/panel";
import { plain } from "../../src/views/beside/plain";
import type { Content, Item, Listed, OwnWidget } from "../../src/views/beside/wire";
import { createFrame, type Frame } from "../../src/views/frame";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";
import { settled } from "./settled";

const FILES: Record<number, Content | string> = {
  1: { id: 1, text: "<b>murky</b>\nwater", cut: true },
  2: { id: 2, mime: "image/png", size: [8, 4], fits: false, low: 2, high: 9.5, ramp: ["black", "white"] },
  3: "attachments/gone.png is missing",
  4: { id: 4, mime: "video/mp4" },
};

const item = (id: number, kind: string, more: Partial<Item> = {}): Item => ({
  ...{ id, kind, name: `${kind} ${id}`, opacity: 0.5, bytes: null },
  ...more,
});

/** Answers at once. */
class Kernel extends FakeChannel {
  items: Record<number, Item[]> = {};
  guidelines = "";
  introduce = false;
  made: ((image: number) => OwnWidget) | null = null;
  asked: string[] = [];

  override send(content: unknown): void {
    const message = content as { method?: string; params: Record<string, number> } & Record<string, never>;
    if (!message.method) return;
    this.asked.push(message.method);
    const { client, id, key, params } = message;
    const answer = (result: object, buffers: Uint8Array[] = []) =>
      queueMicrotask(() => this.arrive({ kind: "result", client, id, key, result }, buffers));
    if (message.method === "beside_image") answer(this.#listed(params.image_id));
    else if (message.method === "beside_widget") answer(this.made!(params.image_id));
    else if (message.method === "beside_seen") answer({});
    else {
      const file = FILES[params.attachment_id];
      const error = { type: "FormatError", message: file };
      if (typeof file === "string")
        queueMicrotask(() => this.arrive({ kind: "error", client, id, key, error }));
      else answer(file, file.mime ? [new Uint8Array(3)] : []);
    }
  }

  #listed(image: number): Listed {
    const { guidelines, introduce } = this;
    const any = Object.values(this.items).some((items) => items.length > 0);
    const custom = this.made !== null;
    return { image, items: this.items[image] ?? [], any, custom, guidelines, introduce };
  }
}

let kernel: Kernel;
let frame: Frame;
let closing: AbortController;
let layers: LayersOf;
const close = vi.fn();
const reached = vi.fn();

beforeEach(() => {
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:there");
  vi.stubGlobal("createImageBitmap", async () => ({ width: 8, height: 4, close }));
  URL.revokeObjectURL = vi.fn();
  kernel = new Kernel();
  closing = new AbortController();
  layers = () => [];
  const rpc = new Rpc(kernel, closing.signal);
  frame = createFrame(document.body, rpc, closing.signal, "Viewer");
  frame.root.addEventListener("keydown", (event) => reached(event.key));
});

afterEach(() => {
  closing.abort();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  close.mockClear();
  reached.mockClear();
});

function panel(withLayers = true): Panel {
  const rpc = new Rpc(kernel, closing.signal);
  const model = { get: () => "", on: () => {}, off: () => {} };
  const lay = (of: LayersOf) => {
    layers = of;
  };
  return new Panel({ frame, rpc, model, signal: closing.signal, ...(withLayers ? { lay } : {}) });
}

function press(key: string, code = "", shiftKey = false): void {
  const on =
    document.activeElement && frame.root.contains(document.activeElement)
      ? document.activeElement
      : frame.root;
  on.dispatchEvent(new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true }));
}

const $ = (selector: string) => frame.root.querySelector<HTMLElement>(selector);

test("a text becomes headings, lists and lines, and nothing of it an element of its own", () => {
  const made = plain("# Fish\none\ntwo\n\nthree\n- a\n* <b>b</b>\n1. first\n2) second\n####x\n");
  const tags = [...made.children].map((one) => one.localName);
  expect(tags).toEqual(["h3", "p", "p", "ul", "ol", "p"]);
  expect(made.querySelector("p")!.textContent).toBe("one\ntwo");
  expect([...made.querySelectorAll("li")].map((one) => one.textContent)).toEqual([
    "a",
    "<b>b</b>",
    "first",
    "second",
  ]);
  expect(made.querySelector("b")).toBeNull();
});

test("a text is text, and says if it goes on", async () => {
  kernel.items = { 7: [item(1, "text")] };
  panel().show(7);
  await settled(10);
  expect($(".nbl-beside-text")!.textContent).toBe("<b>murky</b>\nwater");
  expect($(".nbl-beside-card")!.textContent).toContain("The text is longer");
  expect($(".nbl-beside b")).toBeNull();
});

test("what cannot be read says why in its place, and the rest is shown", async () => {
  kernel.items = { 7: [item(3, "image"), item(1, "text")] };
  panel().show(7);
  await settled(10);
  expect($(".nbl-beside-problem")!.textContent).toBe("attachments/gone.png is missing");
  expect($(".nbl-beside-text")).not.toBeNull();
  expect(document.querySelector<HTMLElement>(".nbl-note")!.hidden).toBe(true);
});

test("a layer is drawn over its own image alone, with its opacity, which stays for layers of its name", async () => {
  kernel.items = { 7: [item(2, "overlay", { name: "depth" })], 8: [item(2, "overlay", { name: "depth" })] };
  const beside = panel();
  beside.show(7);
  await settled(10);
  expect(layers(7).map(({ opacity }) => opacity)).toEqual([0.5]);
  expect(layers(8)).toEqual([]);
  expect($(".nbl-beside-scale")!.textContent).toBe("2.0009.500");
  expect($(".nbl-beside-layer")!.textContent).toContain("stretched from 8 × 4 pixels");
  const slider = $(".nbl-beside-layer input[type=range]") as HTMLInputElement;
  slider.value = "0.8";
  slider.dispatchEvent(new Event("input"));
  expect(layers(7)[0].opacity).toBe(0.8);
  beside.show(8);
  expect(layers(7)).toEqual([]);
  expect(close).toHaveBeenCalledOnce();
  await settled(10);
  expect(layers(8)[0].opacity).toBe(0.8);
  ($(".nbl-beside-layer input[type=checkbox]") as HTMLInputElement).click();
  expect(layers(8)).toEqual([]);
});

test("a key shows and hides the layers, and another makes them blink", async () => {
  kernel.items = { 7: [item(2, "overlay")] };
  panel().show(7);
  await settled(10);
  press(".", "Period");
  expect(layers(7)).toEqual([]);
  expect($(".nbl-beside-head")!.textContent).toContain("Layers are off");
  press(".", "Period");
  expect(layers(7).length).toBe(1);
  vi.useFakeTimers();
  press(":", "Period", true);
  const seen = new Set<number>();
  for (let i = 0; i < 4; i++) {
    seen.add(layers(7).length);
    vi.advanceTimersByTime(400);
  }
  expect(seen).toEqual(new Set([0, 1]));
  press(":", "Period", true);
  expect(layers(7).length).toBe(1);
  vi.useRealTimers();
  expect(reached).not.toHaveBeenCalled();
});

test("where pictures have no layers, an overlay is a picture of the panel", async () => {
  kernel.items = { 7: [item(2, "overlay")] };
  panel(false).show(7);
  await settled(10);
  expect($(".nbl-beside-card img")).not.toBeNull();
});

test("a large video waits until somebody wants it", async () => {
  kernel.items = { 7: [item(4, "video", { bytes: 40 << 20 })] };
  panel().show(7);
  await settled(10);
  expect(kernel.asked).not.toContain("beside_file");
  $(".nbl-beside-card button")!.click();
  await settled(10);
  expect(($(".nbl-beside-card video") as HTMLVideoElement).controls).toBe(true);
});

test("guidelines are shown first, keep keys from the task below, and are said to be read", async () => {
  kernel.items = { 7: [] };
  kernel.guidelines = "# Fish";
  kernel.introduce = true;
  panel().show(7);
  await settled(10);
  expect($(".nbl-guide h3")!.textContent).toBe("Fish");
  press("m");
  expect(reached).not.toHaveBeenCalled();
  expect(kernel.asked).not.toContain("beside_seen");
  $(".nbl-guide .nbl-primary")!.click();
  expect($(".nbl-guide")).toBeNull();
  expect(kernel.asked).toContain("beside_seen");
  press(",");
  expect($(".nbl-guide")).not.toBeNull();
  press("Escape");
  expect($(".nbl-guide")).toBeNull();
  press("m");
  expect(reached).toHaveBeenCalledWith("m");
  expect(frame.keys.map(([key]) => key)).toEqual([",", ".", "Shift+."]);
});

test("a comma that is typed is no key of the panel", async () => {
  kernel.guidelines = "# Fish";
  panel().show(7);
  await settled(10);
  const input = document.createElement("input");
  frame.body.append(input);
  input.focus();
  press(",");
  expect($(".nbl-guide")).toBeNull();
});

test("what a function made is shown, and its error in its place; the function is asked once per image", async () => {
  kernel.made = (image) =>
    image === 7
      ? { model: "", text: "<i>seven</i>", problem: "" }
      : { model: "", text: "", problem: "KeyError: no weather" };
  const beside = panel();
  beside.show(7);
  await settled(10);
  expect($(".nbl-beside-custom")!.textContent).toBe("<i>seven</i>");
  kernel.arrive({ kind: "event", name: "beside", payload: { again: false } });
  await settled(10);
  expect(kernel.asked.filter((method) => method === "beside_widget").length).toBe(1);
  beside.show(8);
  await settled(10);
  expect($(".nbl-beside-custom .nbl-beside-problem")!.textContent).toBe("KeyError: no weather");
});

test("what has not changed is not loaded again when the tables change", async () => {
  kernel.items = { 7: [item(1, "text")] };
  panel().show(7);
  await settled(10);
  const event = { kind: "event", name: "beside", payload: { again: false } };
  kernel.arrive(event);
  await settled(10);
  expect(kernel.asked.filter((method) => method === "beside_file").length).toBe(1);
  kernel.items = { 7: [item(1, "text", { name: "another name" })] };
  kernel.arrive(event);
  await settled(10);
  expect(kernel.asked.filter((method) => method === "beside_file").length).toBe(2);
  expect($(".nbl-beside-name")!.textContent).toBe("another name");
});

test("an image with nothing says so beside those that have something; the panel folds", async () => {
  kernel.items = { 7: [item(1, "text")], 8: [] };
  panel().show(8);
  await settled(10);
  expect($(".nbl-beside")!.hidden).toBe(false);
  expect($(".nbl-beside-none")!.hidden).toBe(false);
  const fold = [...frame.toolbar.querySelectorAll("button")].find((one) => one.textContent === "Beside")!;
  fold.click();
  expect($(".nbl-beside")!.hidden).toBe(true);
  expect(fold.getAttribute("aria-pressed")).toBe("false");
});

test("nothing is loaded while there is nothing to show", async () => {
  const rpc = new Rpc(kernel, closing.signal);
  const model = { get: () => "", on: vi.fn(), off: vi.fn() };
  const beside = new Beside({ frame, rpc, model, signal: closing.signal });
  beside.show(7);
  await settled(10);
  expect(kernel.asked).toEqual([]);
  expect(model.on).toHaveBeenCalledWith("change:_beside", expect.any(Function));
  closing.abort();
  expect(model.off).toHaveBeenCalled();
});

test("a layer of another size is stretched over the image", () => {
  const context = { drawImage: vi.fn(), globalAlpha: 1 } as unknown as CanvasRenderingContext2D;
  const bitmap = { width: 8, height: 4 } as ImageBitmap;
  drawLayers(
    context,
    [
      { bitmap, opacity: 0.5 },
      { bitmap, opacity: 0 },
    ],
    640,
    480,
    1,
  );
  expect(context.drawImage).toHaveBeenCalledOnce();
  expect(context.drawImage).toHaveBeenCalledWith(bitmap, 0, 0, 640, 480);
  expect(context.imageSmoothingEnabled).toBe(false);
  expect(context.globalAlpha).toBe(1);
});

test.each([true, false])(
  "a line below the picture stays below, also beside a panel (panel first: %s)",
  (first) => {
    const [panel, line] = [document.createElement("aside"), document.createElement("p")];
    if (first) frame.beside(panel);
    frame.below(line);
    if (!first) frame.beside(panel);
    expect([...frame.body.parentElement!.children]).toEqual([frame.body, panel]);
    expect(frame.body.parentElement!.nextElementSibling).toBe(line);
  },
);
