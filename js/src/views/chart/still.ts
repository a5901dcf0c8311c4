/** A picture instead of the figure, in hosts that run no bqplot (marimo); the kernel sends new ones. */

import { h } from "../../draw/dom";
import { readTheme, watchTheme } from "../../draw/theme";

interface Model {
  get(name: "image"): string;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

export function showStill(el: HTMLElement, model: Model, signal: AbortSignal): void {
  const picture = h("img.nbl-chart-still", { alt: "" });
  const draw = () => {
    const image = model.get("image");
    picture.src = image;
    // In Jupyter the box around head and figure has this class.
    el.classList.toggle("nbl-chart", image !== "");
    if (image === "") picture.remove();
    else el.append(picture);
    dim();
  };
  // The picture has a white background.
  const dim = () => picture.classList.toggle("nbl-chart-inverted", readTheme(el).dark);
  model.on("change:image", draw);
  const stop = () => {
    model.off("change:image", draw);
    picture.remove();
  };
  signal.addEventListener("abort", stop, { once: true });
  watchTheme(dim, signal);
  draw();
}
