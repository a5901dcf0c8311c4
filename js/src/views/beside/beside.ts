/** What stands beside the picture: a script of its own, which the kernel sends once there is something to show. */
import type { LayersOf } from "../../draw/layers";
import type { Rpc } from "../../wire/rpc";
import type { Frame } from "../frame";

/** The model of the widget; each view has its own type for it. */
export interface Model {
  get(name: never): unknown;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

/** Where the panel goes. */
export interface Place {
  frame: Frame;
  rpc: Rpc;
  model: Model;
  signal: AbortSignal;
  /** Draw these layers over each picture from now on. Absent where pictures have none. */
  lay?: (layers: LayersOf) => void;
}

/** Follows the image shown. */
export interface Follows {
  show(imageId: number | null): void;
}

export class Beside implements Follows {
  #shown: number | null = null;
  #panel: Follows | null = null;
  #loading = false;

  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    const load = () => void this.#load();
    place.model.on("change:_beside", load);
    place.signal.addEventListener("abort", () => place.model.off("change:_beside", load), { once: true });
    load();
  }

  /** @param imageId null for none. */
  show(imageId: number | null): void {
    if (imageId === this.#shown) return;
    this.#shown = imageId;
    this.#panel?.show(imageId);
  }

  async #load(): Promise<void> {
    const { model, frame, signal } = this.#place;
    const script = model.get("_beside" as never) as string | undefined;
    if (!script || this.#panel || this.#loading) return;
    this.#loading = true;
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    try {
      const { attach } = (await import(address)) as { attach(place: Place): Follows };
      if (signal.aborted) return;
      this.#panel = attach(this.#place);
      this.#panel.show(this.#shown);
    } catch (error) {
      frame.fail(error);
    } finally {
      this.#loading = false;
      URL.revokeObjectURL(address);
    }
  }
}
