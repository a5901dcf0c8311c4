/** Turns gestures into new and changed masks, and sends them to the kernel. */

import { fillPolygon } from "../../core/edit/fill";
import { bucket } from "../../core/edit/flood";
import { area, equal, type Raster, subtract, union } from "../../core/edit/raster";
import { formatCount } from "../../core/values/format";
import type { Gesture, Into } from "../../tools/gesture";
import type { Picture } from "../viewer/picture";
import type { Viewer } from "../viewer/viewer";
import type { Finder } from "./finder";
import type { EditSettings } from "./options";
import type { Edit, Queue } from "./queue";
import type { Strokes } from "./strokes";
import { labelColor, type Subject, subjectAt } from "./subject";

/** The parts of the editor that its helpers use. */
export interface Desk {
  readonly viewer: Viewer;
  readonly settings: EditSettings;
  readonly queue: Queue;
  readonly finder: Finder;
  readonly strokes: Strokes;
  /** Name of the active tool. */
  readonly tool: string;
  readonly picture: Picture | undefined;
  readonly picked: ReadonlySet<string>;
  /** Key of the prediction under the pointer, else of the topmost mask there. */
  readonly under: string | null;
  /** Key of the mask made last, until the tables have it; brushes continue on it. */
  made: string | null;
  active(picture: Picture): Subject | undefined;
  /** @param wrong whether something failed. */
  say(text: string, wrong?: boolean): void;
  refused(error: unknown): void;
}

export class Maker {
  readonly #desk: Desk;
  #serial = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  perform(gesture: Gesture, picture: Picture): void {
    const { height, width } = picture.head;
    if (gesture.make === "area") this.#into(fillPolygon(gesture.rings, height, width), gesture.into, picture);
    else if (gesture.make === "stroke") this.#stroked(gesture.erase, picture);
    else if (gesture.make === "reshape") this.#reshaped(gesture, picture);
    else if (gesture.make === "prompt") this.#prompted(gesture, picture);
    else if (this.#desk.tool === "fill") this.#filled(gesture.x, gesture.y, picture);
    else {
      const found = this.#desk.finder.wand(
        gesture.x,
        gesture.y,
        this.#desk.settings.get("tolerance"),
        height,
        width,
      );
      if (found) this.#into(found, gesture.into, picture);
      else this.#desk.say("The image's pixels are not there yet: try again in a moment.");
    }
  }

  #stroked(erase: boolean, picture: Picture): void {
    const { subject, raster } = this.#desk.strokes;
    if (erase && !subject) this.#desk.say("Nothing to erase here: point at a mask first.");
    else if (!subject) this.#create(raster, picture);
    else
      this.#update(
        subject,
        erase ? subtract(subject.raster, raster) : union(subject.raster, raster),
        picture,
      );
  }

  #reshaped({ before, rings }: Gesture & { make: "reshape" }, picture: Picture): void {
    const subject = this.#desk.active(picture);
    if (!subject) return;
    const { height, width } = picture.head;
    const [old, now] = [fillPolygon(before, height, width), fillPolygon(rings, height, width)];
    // Only the area between old and new outline: the rest of the mask stays exactly as it was.
    this.#update(subject, union(subtract(subject.raster, subtract(old, now)), subtract(now, old)), picture);
  }

  #filled(x: number, y: number, picture: Picture): void {
    const active = this.#desk.active(picture);
    const subjects = active ? [active] : this.#around(x, y, picture);
    for (const subject of subjects) {
      const full = bucket(subject.raster, Math.floor(x), Math.floor(y));
      if (!equal(full, subject.raster)) {
        this.#update(subject, full, picture);
        return;
      }
    }
    this.#desk.say("There is no hole of a mask here.");
  }

  #around(x: number, y: number, picture: Picture): Subject[] {
    const out: Subject[] = [];
    for (let mask = 0; mask < picture.n; mask++) {
      const [left, top, w, tall] = picture.box(mask);
      if (x >= left && y >= top && x < left + w && y < top + tall)
        out.push(subjectAt(picture, mask, this.#desk.queue));
    }
    return out;
  }

  #prompted(gesture: Gesture & { make: "prompt" }, picture: Picture): void {
    const { points, box, final, into } = gesture;
    const done = (found: Raster, score: number, name: string) => {
      if (this.#desk.picture?.head.imageId !== picture.head.imageId) return;
      if (final) this.#into(found, into, picture);
      else
        this.#desk.say(`${name}: ${formatCount(area(found))} px, score ${score.toFixed(2)}. Enter takes it.`);
      if (final) this.#desk.finder.forget();
    };
    this.#desk.finder
      .segment(picture, points, box, final)
      .then((found) => found && done(found.raster, found.score, found.name))
      .catch((error) => this.#desk.refused(error));
  }

  /** A new mask, or a change of the active one. */
  #into(raster: Raster, into: Into, picture: Picture): void {
    if (into === "new") {
      this.#create(raster, picture);
      return;
    }
    const subject = this.#desk.active(picture);
    if (!subject) {
      this.#desk.say("No mask is active to add to or cut from: point at one first.");
      return;
    }
    this.#update(subject, (into === "add" ? union : subtract)(subject.raster, raster), picture);
  }

  #create(raster: Raster, picture: Picture): void {
    if (!area(raster)) {
      this.#desk.say("Nothing was drawn on the image.");
      return;
    }
    const label = this.#desk.settings.get("label");
    if (!label) {
      this.#desk.say("The dataset has no labels yet: press Shift+L and name one.");
      return;
    }
    const key = this.#name();
    this.#desk.made = key;
    this.#desk.queue.send({
      ...this.#here(picture),
      key,
      token: key,
      of: "instances",
      id: null,
      raster,
      label,
      color: labelColor(picture, label),
    });
  }

  #update(subject: Subject, raster: Raster, picture: Picture): void {
    if (equal(raster, subject.raster)) {
      this.#desk.say("Nothing changed.");
      return;
    }
    const { key, of, id, label } = subject;
    // Later edits apply to the instance that the prediction becomes.
    const token = of === "predictions" ? this.#name() : (this.#desk.queue.find(key)?.token ?? "");
    if (token) this.#desk.made = key;
    const color = labelColor(picture, label);
    this.#desk.queue.send({ ...this.#here(picture), key, token, of, id, raster, label: null, color });
    this.#desk.viewer.restyle();
  }

  #name(): string {
    return `new-${this.#desk.viewer.rpc.client}-${this.#serial++}`;
  }

  #here({ head }: Picture): Pick<Edit, "imageId" | "height" | "width" | "overlap"> {
    const { imageId, height, width } = head;
    return { imageId, height, width, overlap: this.#desk.settings.get("overlap") };
  }
}
