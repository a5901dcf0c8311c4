/** Sharp parts of images too large to send whole: requested when the camera rests nearer than the base picture. */
import type { Box } from "../../core/space/camera";
import { visible } from "../../core/space/camera";
import { asBytes } from "../../wire/codec";
import { Cancelled, type Rpc } from "../../wire/rpc";
import { decode, type Entry } from "./loader";
import type { Stage } from "./stage";

const REST = 120; // milliseconds without movement
const MARGIN = 0.2; // margin around the view, as a share of it

export class Parts {
  #timer = 0;
  #asked = "";

  readonly #rpc: Rpc;
  readonly #stage: Stage;
  readonly #entry: () => Entry | null;
  readonly #fail: (error: unknown) => void;
  readonly #signal: AbortSignal;

  constructor(
    rpc: Rpc,
    stage: Stage,
    entry: () => Entry | null,
    fail: (error: unknown) => void,
    signal: AbortSignal,
  ) {
    this.#rpc = rpc;
    this.#stage = stage;
    this.#entry = entry;
    this.#fail = fail;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.forget(), { once: true });
  }

  /** The camera moved, or another image came. */
  moved(): void {
    window.clearTimeout(this.#timer);
    const entry = this.#entry();
    if (!entry?.image || entry.image.whole || this.#signal.aborted) return;
    this.#timer = window.setTimeout(() => this.#ask(entry), REST);
  }

  forget(): void {
    window.clearTimeout(this.#timer);
    this.#asked = "";
    this.#stage.part?.bitmap.close();
    this.#stage.part = null;
  }

  async #ask(entry: Entry): Promise<void> {
    const { camera, view } = this.#stage;
    const { image, masks } = entry;
    if (!image || !masks || entry !== this.#entry()) return;
    const { width, height } = masks.head;
    if (camera.scale <= (image.bitmap.width / width) * 1.05) return;
    const box = grown(visible(camera, { width, height }, view), width, height);
    const [x, y, w, h] = box;
    if (w <= 0 || h <= 0) return;
    const longest = Math.min(Math.ceil(Math.max(w, h) * Math.min(camera.scale, 1)), 3072);
    const key = `${entry.row} ${box.join(" ")} ${longest}`;
    if (key === this.#asked || this.#covers(box, longest)) return;
    this.#asked = key;
    try {
      const params = { row: entry.row, box: [x, y, x + w, y + h], longest };
      const { result, buffers } = await this.#rpc.request<{ rev: number }>("part", params, { key: "part" });
      if (entry !== this.#entry() || this.#signal.aborted || result.rev < masks.head.rev) return;
      const bitmap = await decode(asBytes(buffers[0]), "image/jpeg");
      if (entry !== this.#entry() || this.#signal.aborted) return bitmap.close();
      this.#stage.part?.bitmap.close();
      this.#stage.part = { bitmap, box };
      this.#stage.redraw();
    } catch (error) {
      this.#asked = "";
      if (!(error instanceof Cancelled)) this.#fail(error);
    }
  }

  /** Whether the current part shows the box as sharply. */
  #covers([x, y, w, h]: Box, longest: number): boolean {
    const { part } = this.#stage;
    if (!part) return false;
    const [px, py, pw, ph] = part.box;
    const sharp = Math.max(part.bitmap.width, part.bitmap.height) / Math.max(pw, ph);
    const inside = px <= x && py <= y && px + pw >= x + w && py + ph >= y + h;
    return inside && sharp >= (longest / Math.max(w, h)) * 0.99;
  }
}

/** A box with a margin, in whole pixels, within the image. */
function grown([x, y, w, h]: Box, width: number, height: number): Box {
  const left = Math.max(Math.floor(x - w * MARGIN), 0);
  const top = Math.max(Math.floor(y - h * MARGIN), 0);
  const right = Math.min(Math.ceil(x + w * (1 + MARGIN)), width);
  const bottom = Math.min(Math.ceil(y + h * (1 + MARGIN)), height);
  return [left, top, right - left, bottom - top];
}
