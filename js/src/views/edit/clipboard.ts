/** Masks copied from one image to another. */
import { type Raster, toCounts } from "../../core/edit/raster";
import type { Rpc } from "../../wire/rpc";
import type { Picture } from "../viewer/picture";
import type { Subject } from "./subject";

export class Clipboard {
  #held: { raster: Raster; label: string }[] = [];

  constructor(
    private rpc: Rpc,
    private say: (note: string) => void,
    private refused: (error: unknown) => void,
  ) {}

  copy(subjects: readonly Subject[]): void {
    if (!subjects.length) {
      this.say("No mask is active to copy.");
      return;
    }
    this.#held = subjects.map(({ raster, label }) => ({ raster, label }));
    this.say(`copied ${subjects.length === 1 ? "1 mask" : `${subjects.length} masks`}`);
  }

  paste({ head }: Picture): void {
    if (!this.#held.length) {
      this.say("Nothing was copied yet: Ctrl+C on a mask.");
      return;
    }
    const { imageId, height, width } = head;
    const inside = this.#held.filter(({ raster }) => raster.x < width && raster.y < height);
    const buffers = inside.map(({ raster }) => toCounts(raster, height, width));
    const labels = inside.map(({ label }) => label);
    this.rpc
      .request<{ note: string }>("paste", { image_id: imageId, labels }, { buffers })
      .then(({ result }) => this.say(result.note))
      .catch((error) => this.refused(error));
  }
}
