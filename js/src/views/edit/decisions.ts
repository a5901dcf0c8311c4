/** Decisions without drawing: on predictions as they are, and on the state of the image. */
import { isAllowed, isShown } from "../viewer/looks";
import type { Picture } from "../viewer/picture";
import type { DecisionName } from "./catalog";
import type { Desk } from "./maker";
import type { Subject } from "./subject";

export type ImageState = "unlabeled" | "partial" | "complete" | "empty";

export class Decisions {
  readonly #desk: Desk;
  readonly #subjects: () => readonly Subject[];

  constructor(desk: Desk, subjects: () => readonly Subject[]) {
    this.#desk = desk;
    this.#subjects = subjects;
  }

  decide(name: DecisionName): void {
    const picture = this.#desk.picture;
    if (!picture) return;
    if (name === "complete") this.setState("complete");
    else if (name === "nothing") this.setState("empty");
    else if (name === "accept_all")
      this.#decide("accept", this.here(picture), "No open prediction is shown here.");
    else {
      const none = "No prediction is active or under the pointer.";
      const overlap = name === "force" ? "allow" : "skip";
      this.#decide(name === "reject" ? "reject" : "accept", this.#meant(), none, overlap);
    }
  }

  setState(state: ImageState): void {
    const picture = this.#desk.picture;
    if (picture) this.#ask("image_state", { image_id: picture.head.imageId, state });
  }

  /** Ids of the predictions of the image that are open, shown, and allowed by the selection. */
  here(picture: Picture): number[] {
    const context = this.#desk.viewer.context(picture);
    const decided = new Set(picture.head.decided);
    const ids = [];
    for (let mask = picture.nLabels; mask < picture.n; mask++) {
      const shown = isShown(picture, mask, context) && isAllowed(picture, mask, context.allowed);
      if (shown && !decided.has(picture.ids[mask])) ids.push(picture.ids[mask]);
    }
    return ids;
  }

  /** Ids of the predictions that are active or picked; where there are none, of the one under the pointer. */
  #meant(): number[] {
    const ids = this.#subjects()
      .filter(({ of }) => of === "predictions")
      .map(({ id }) => Number(id));
    const [of, id] = this.#desk.under?.split(":") ?? [];
    return ids.length || of !== "predictions" ? ids : [Number(id)];
  }

  #decide(action: "accept" | "reject", ids: readonly number[], none: string, overlap = "skip"): void {
    if (ids.length) this.#ask("decide", { action, ids, overlap });
    else this.#desk.say(none);
  }

  #ask(method: string, params: object): void {
    this.#desk.viewer.rpc
      .request<{ note: string }>(method, params)
      .then(({ result }) => this.#desk.say(result.note))
      .catch((error) => {
        this.#desk.refused(error);
        this.#desk.viewer.restyle(); // show the actual state again
      });
  }
}
