/** The layers over the picture, and their controls: on or off, opacity, blinking. */
import { formatNumber } from "../../core/values/format";
import { h } from "../../draw/dom";
import type { Layer } from "../../draw/layers";
import { asBytes } from "../../wire/codec";
import type { Content, Item } from "./wire";

const BLINK = 400; // milliseconds that layers are shown, and then not

interface Setting {
  on: boolean;
  opacity: number;
}

interface Shown extends Layer {
  setting: Setting;
}

export class Overlays {
  readonly root = h("section.nbl-beside-layers", { "aria-label": "layers over the picture" });
  /** Settings by the name of a layer: what somebody set stays from image to image. */
  readonly #settings = new Map<string, Setting>();
  #shown: Shown[] = [];
  #image = -1;
  #hidden = false;
  readonly #title = h("span", {}, "Layers");
  #blinking = 0;
  readonly #blink = h(
    "button.nbl-toggle",
    {
      title: "show and hide the layers in turns (Shift+.)",
      "aria-pressed": "false",
      onclick: () => this.blink(),
    },
    "Blink",
  );

  readonly #redraw: () => void;

  constructor(redraw: () => void, signal: AbortSignal) {
    this.#redraw = redraw;
    this.root.hidden = true;
    signal.addEventListener("abort", () => this.clear(-1), { once: true });
  }

  /** The layers of an image. */
  of(imageId: number): readonly Layer[] {
    if (imageId !== this.#image || this.#hidden) return [];
    return this.#shown
      .filter(({ setting }) => setting.on)
      .map(({ bitmap, setting }) => ({ bitmap, opacity: setting.opacity }));
  }

  /** Drop the layers; those of another image come. */
  clear(imageId: number): void {
    for (const { bitmap } of this.#shown) bitmap.close();
    this.#shown = [];
    this.#image = imageId;
    this.root.replaceChildren();
    this.root.hidden = true;
    if (imageId < 0) this.#stop();
  }

  /** The controls of a layer that is on its way; `came` adds it. */
  add(item: Item): { row: HTMLElement; came: (content: Content, data: DataView) => Promise<void> } {
    const setting = this.#settings.get(item.name) ?? { on: true, opacity: item.opacity };
    this.#settings.set(item.name, setting);
    const box = h("input", { type: "checkbox", checked: setting.on });
    const slider = h("input", {
      ...{ type: "range", min: 0, max: 1, step: 0.05, value: setting.opacity },
      "aria-label": `opacity of ${item.name || "the layer"}`,
    });
    box.addEventListener("change", () => {
      setting.on = box.checked;
      this.#redraw();
    });
    slider.addEventListener("input", () => {
      setting.opacity = Number(slider.value);
      if (setting.opacity && !setting.on) setting.on = box.checked = true;
      this.#redraw();
    });
    const name = h("label.nbl-beside-name", { title: item.name }, box, h("span", {}, item.name || "layer"));
    const row = h("div.nbl-beside-layer", {}, name, slider);
    if (this.root.hidden) this.root.append(h("div.nbl-beside-head", {}, this.#title, this.#blink));
    this.root.hidden = false;
    this.root.append(row);
    const image = this.#image;
    const came = async (content: Content, data: DataView) => {
      const blob = new Blob([asBytes(data)], { type: content.mime ?? "" });
      const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
      if (this.#image !== image || !row.isConnected) return bitmap.close();
      this.#shown.push({ bitmap, opacity: setting.opacity, setting });
      row.append(...legend(content));
      this.#redraw();
    };
    return { row, came };
  }

  /** Hide all layers, or show them again. */
  toggle(): void {
    this.#hide(!this.#hidden);
  }

  #hide(on: boolean): void {
    this.#hidden = on;
    this.#title.textContent = on && !this.#blinking ? "Layers are off" : "Layers";
    this.#redraw();
  }

  blink(): void {
    if (this.#blinking) this.#stop();
    else if (this.#shown.length) {
      this.#blinking = window.setInterval(() => this.toggle(), BLINK);
      this.toggle();
    }
    this.#blink.setAttribute("aria-pressed", String(this.#blinking > 0));
  }

  #stop(): void {
    window.clearInterval(this.#blinking);
    this.#blinking = 0;
    this.#hide(false);
  }
}

/** What a layer's colors mean, and that it was stretched. */
function legend({ low, high, ramp, size, fits }: Content): HTMLElement[] {
  const out: HTMLElement[] = [];
  if (ramp?.length && low != null && high != null) {
    const bar = h("i.nbl-beside-ramp", {
      style: { background: `linear-gradient(90deg, ${ramp.join(", ")})` },
    });
    const ends = [low, high].map((value) => h("span", {}, formatNumber(value, false)));
    out.push(h("div.nbl-beside-scale", {}, ends[0], bar, ends[1]));
  }
  if (!fits && size) out.push(h("div.nbl-muted", {}, `stretched from ${size[0]} × ${size[1]} pixels`));
  return out;
}
