/** Everything around the masks: the question, the outlook of the answers, the tree, the buttons. */

import { complete, counts, type Sheet } from "../../core/asking/sheet";
import { unpack } from "../../core/space/icicle";
import { h } from "../../draw/dom";
import { watchTheme } from "../../draw/theme";
import { asArray } from "../../wire/codec";
import { Controls } from "./controls";
import { done } from "./done";
import { Gauge } from "./gauge";
import { Heading } from "./heading";
import type { Commands } from "./keys";
import { Numbers } from "./numbers";
import type { Session } from "./session";
import { Tree } from "./tree";
import type { Graded, Model, State } from "./wire";

export interface Standing {
  sheet: Sheet | null;
  /** Whether masks can be answered. */
  ready: boolean;
  /** The kernel is gone. */
  lost: boolean;
  /** The instructions are open. */
  reading: boolean;
}

export class Panel {
  readonly root: HTMLElement;
  readonly #controls: Controls;
  readonly #numbers: Numbers;
  readonly #heading = new Heading();
  readonly #gauge = new Gauge();
  readonly #tree: Tree;
  readonly #main: HTMLElement;
  readonly #side: HTMLElement;
  readonly #note = h("p.nbl-verify-note");
  readonly #notice = h("div.nbl-verify-notice", { role: "status", hidden: true });
  readonly #said = h("div.nbl-verify-said", { role: "status", "aria-live": "polite" });
  readonly #over = h("div.nbl-verify-over", { hidden: true });

  constructor(
    readonly model: Model,
    readonly session: Session,
    masks: HTMLElement,
    commands: Commands,
    toolbar: HTMLElement,
    signal: AbortSignal,
  ) {
    this.#numbers = new Numbers(toolbar);
    this.#controls = new Controls(commands, toolbar);
    this.#tree = new Tree(signal);
    const ask = h("div.nbl-verify-ask", {}, this.#heading.root, this.#notice, masks);
    this.#side = h("aside.nbl-verify-side", {}, this.#gauge.root, this.#tree.root, this.#note);
    this.#main = h("div.nbl-verify-main", {}, ask, this.#over, this.#side);
    this.root = h(
      "div.nbl-verify-body",
      { hidden: true },
      this.#numbers.bar,
      this.#main,
      this.#said,
      this.#controls.root,
    );
    watchTheme(() => this.resize(), signal);
  }

  /** Show another question, or the end. */
  show(state: State, table: DataView): void {
    const { question, progress } = state;
    this.root.hidden = false;
    this.root.classList.toggle("nbl-verify-ended", !question);
    this.#side.hidden = !progress.n_masks;
    this.#numbers.show(progress);
    const clusters = unpack(asArray(Int32Array, table), state.clusters, state.names);
    this.#tree.root.hidden = Boolean(progress.state); // an audit has no clusters
    this.#tree.show(clusters, progress.n_masks, question?.cluster ?? "", progress.things);
    this.#note.textContent = question ? progress.note : "";
    this.#grade(state.graded);
    this.#over.hidden = Boolean(question);
    if (question) this.#heading.show(question, progress.things);
    else this.#over.replaceChildren(done(progress));
  }

  /** Update counts, buttons and the gauge to the current answers. */
  update({ sheet, ready, lost, reading }: Standing): void {
    const { model, session } = this;
    const { state, waiting } = session;
    this.#numbers.pending(session.told, lost);
    this.root.setAttribute("aria-busy", String(Boolean(waiting)));
    if (!state) return;
    const past = state.progress.n_questions > 0 || state.turn > 0 || state.clusters > 1;
    this.#controls.update({
      answer: ready,
      tell: Boolean(sheet && complete(sheet)),
      skip: ready && !state.qualifying,
      undo: !waiting && !lost && Boolean(sheet?.past.length || (past && !state.qualifying)),
    });
    this.#controls.press({
      Outline: model.get("outline"),
      Fill: model.get("fill"),
      One: model.get("mode") === "one",
      Rules: reading,
    });
    this.#gauge.root.hidden = !state.question || state.qualifying;
    if (!sheet || !state.question) return;
    const { yes, no, left } = counts(sheet);
    const pages = Math.ceil(sheet.answers.length / sheet.batch);
    this.#heading.count(yes, no, left, [Math.floor(sheet.current / sheet.batch) + 1, pages]);
    this.#gauge.show(state.question, session.outlook, state.progress, session.fresh);
  }

  /** Announce a text, for screen readers. */
  say(text: string): void {
    this.#said.textContent = text;
  }

  /** The size or the colors have changed. */
  resize(): void {
    this.#tree.draw();
  }

  #grade(graded: Graded | null): void {
    this.#notice.hidden = !graded;
    if (!graded) return;
    const { asked, right, needed, passed } = graded;
    const as = `${right} of ${asked} answered as known`;
    this.#notice.dataset.passed = String(passed);
    this.#notice.textContent = passed
      ? `Passed: ${as}. Now the real questions.`
      : `Not passed: ${as}, ${needed} are needed. Read the rules (I) and try these.`;
  }
}
