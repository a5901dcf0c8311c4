/** Operations of the kernel on whole masks: the active one and the picked ones. */
import { OPERATIONS } from "./catalog";
import type { Desk } from "./maker";
import { type Subject, subjectOf } from "./subject";

export class Operator {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  operate(op: string, options: object = {}): void {
    if (op === "snap_all") {
      this.#onAll("snap");
      return;
    }
    const subjects = this.subjects();
    const least = OPERATIONS.find((one) => one.op === op)?.least ?? 1;
    const of = subjects[0]?.of ?? "instances";
    const mine = subjects.filter((subject) => subject.of === of);
    if (mine.length < least) {
      this.#desk.say(
        least > 1
          ? "Pick two or more masks: Shift+click with the select tool."
          : "No mask is active: point at one first.",
      );
      return;
    }
    const ids = mine.map(({ id }) => id);
    this.#ask("operate", { op, ids, of, ...options });
  }

  /** An operation on all instances of the image. */
  #onAll(op: string): void {
    const picture = this.#desk.picture;
    const ids = picture ? Array.from(picture.ids.subarray(0, picture.nLabels)) : [];
    if (ids.length) this.#ask("operate", { op, ids, of: "instances" });
    else this.#desk.say("There is no instance on this image.");
  }

  relabel(label: string): void {
    this.#desk.settings.set("label", label);
    if (this.subjects().length) this.operate("relabel", { label });
  }

  history(which: "undo" | "redo"): void {
    this.#desk.made = null;
    this.#ask(which, {});
  }

  #ask(method: string, params: object): void {
    this.#desk.viewer.rpc
      .request<{ note: string }>(method, params)
      .then(({ result }) => this.#desk.say(result.note))
      .catch((error) => this.#desk.refused(error));
  }

  /** The active mask and those picked, the active one first. */
  subjects(): Subject[] {
    const picture = this.#desk.picture;
    if (!picture) return [];
    const active = this.#desk.active(picture);
    const others = [...this.#desk.picked].filter((key) => key !== active?.key);
    const found = others.map((key) => subjectOf(picture, key, this.#desk.queue));
    return [active, ...found].filter((subject) => subject !== undefined);
  }
}
