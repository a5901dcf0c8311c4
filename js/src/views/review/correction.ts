/** The correction that is suggested for a suspect: its button, and the outlines it would make, dashed over the picture. */
import { h } from "../../draw/dom";
import { halo, white } from "../../draw/palette";
import { asBytes } from "../../wire/codec";
import { type Edges, pathOf, ringsOf } from "./outlines";

/** As the kernel sends it. */
export interface Correction {
  /** What it does: "Rename to tuna"; "" where nothing is suggested. */
  word: string;
  /** Why nothing is suggested. */
  why: string;
  /** The instances that it changes or removes. */
  ids: number[];
  /** Where the masks lie that it makes, and their size as sent. */
  outlines: { box: Edges; mask: [number, number] }[];
}

const DASH = [6, 6]; // CSS pixels
const UNDER = [8, 4]; // the dark ends of the dashes: they are seen on bright pictures, too

/** The outlines that a correction would make. */
export function proposed(correction: Correction | null | undefined, buffers: DataView[]): Float64Array[] {
  if (!correction) return [];
  return correction.outlines.flatMap(({ box, mask }, i) => ringsOf(box, mask, asBytes(buffers[i])));
}

/** Draw outlines that are only suggested: white dashes with dark ends. @param pixel of the screen, in the image. */
export function drawProposed(
  context: CanvasRenderingContext2D,
  rings: readonly Float64Array[],
  pixel: number,
): void {
  if (!rings.length) return;
  const path = pathOf(rings);
  const strokes = [
    [halo, 5, UNDER, 1],
    [white, 2.5, DASH, 0],
  ] as const;
  for (const [color, width, dash, offset] of strokes) {
    context.strokeStyle = color;
    context.lineWidth = width * pixel;
    context.setLineDash(dash.map((length) => length * pixel));
    context.lineDashOffset = offset * pixel;
    context.stroke(path);
  }
  context.setLineDash([]);
}

/** The button that applies it. */
export class CorrectButton {
  readonly #word = h("span.nbl-review-word");
  readonly #dashes = h("i.nbl-review-dashes", { "aria-hidden": "true" });
  readonly root: HTMLButtonElement;

  constructor(apply: () => void) {
    this.root = h(
      "button.nbl-review-correct",
      { "data-act": "Correct", onclick: apply },
      this.#dashes,
      this.#word,
      h("kbd", {}, "C"),
    );
    this.root.hidden = true;
  }

  /** @param correction undefined while the item is on its way; null in a review of anything but suspects. */
  show(correction: Correction | null | undefined, enabled: boolean): void {
    if (correction === null) this.root.hidden = true;
    if (!correction) {
      this.root.disabled = true;
      return;
    }
    const { word, why, outlines } = correction;
    this.root.hidden = false;
    this.root.disabled = !enabled || !word;
    this.root.title = word ? `${word}, as suggested, and on to the next (C)` : why;
    this.#word.textContent = word || "No correction";
    this.#dashes.hidden = !outlines.length;
  }
}
