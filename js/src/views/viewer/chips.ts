/** Small texts on the stage: the mask under the pointer, the zoom, the legend, problems of the image. */

import type { Point } from "../../core/space/camera";
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { said } from "../../wire/rpc";
import { Legend, type LegendEvents, swatchOf } from "./legend";
import type { Picture } from "./picture";
import type { Stage } from "./stage";

export class Chips {
  #over = h("div.nbl-viewer-chip.nbl-viewer-over", { hidden: true });
  readonly legend: Legend;
  #scale = h("div.nbl-viewer-chip.nbl-viewer-zoom");
  #message = h("div.nbl-viewer-message", { hidden: true, role: "status" });
  #at: Point | null = null;

  readonly #retry: () => void;

  constructor(front: HTMLElement, events: LegendEvents, retry: () => void) {
    this.#retry = retry;
    this.legend = new Legend(events);
    front.append(this.#over, this.legend.el, this.#scale, this.#message);
  }

  hover(mask: number, picture: Picture, color: (picture: Picture, mask: number) => string): void {
    this.#over.hidden = mask < 0;
    if (mask < 0) return;
    const score = picture.score[mask];
    const facts = [picture.label(mask)];
    if (!Number.isNaN(score)) facts.push(score.toFixed(2));
    facts.push(picture.source(mask), `${formatCount(picture.area[mask])} px`);
    const swatch = swatchOf(color(picture, mask), mask >= picture.nLabels);
    this.#over.replaceChildren(swatch, facts.filter(Boolean).join(" · "));
  }

  cursor(at: Point | null, stage: Stage): void {
    const size = stage.imageSize;
    const inside = at && size && at[0] >= 0 && at[1] >= 0 && at[0] < size.width && at[1] < size.height;
    this.#at = inside ? at : null;
    this.zoom(stage);
  }

  zoom(stage: Stage): void {
    const percent = stage.camera.scale * 100;
    const text = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
    const where = this.#at ? `${Math.floor(this.#at[0])}, ${Math.floor(this.#at[1])} · ` : "";
    this.#scale.textContent = stage.scene ? where + text : "";
  }

  /** Show why there are no pixels; undefined removes the message. */
  problem(error: unknown): void {
    this.#message.hidden = error === undefined;
    this.#message.replaceChildren();
    if (error === undefined) return;
    this.#message.append(
      h("b", {}, "The image cannot be shown"),
      h("span", {}, said(error)),
      h("button", { onclick: this.#retry }, "Try again"),
    );
  }

  clear(): void {
    this.#over.hidden = this.legend.el.hidden = this.#message.hidden = true;
    this.#scale.textContent = "";
  }
}
