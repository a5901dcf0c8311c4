/** Bulk actions on tiles, by button or by key. */
import type { Of } from "../../core/rows/selection";
import type { Frame } from "../frame";
import type { Popover } from "../popover";
import { type Action, ActionBar, ANSWER, type Manners, toBeAsked } from "../rows/actions";
import type { GalleryState } from "./state";

const keys = (label: string, shown: string) => ({ title: `${label} (${shown})` });

const ACTIONS: Record<Of, readonly Action[]> = {
  images: [
    {
      label: "Nothing here",
      action: "set",
      column: "state",
      value: "empty",
      about: keys("checked, and empty", "N"),
    },
    {
      label: "Complete",
      action: "set",
      column: "state",
      value: "complete",
      about: keys("everything is labeled", "C"),
    },
    { label: "State", action: "set", column: "state", about: { title: "set the state" } },
    ANSWER,
  ],
  instances: [
    {
      label: "Verify",
      action: "set",
      column: "status",
      value: "verified",
      about: keys("set status to verified", "V"),
    },
    { label: "Label", action: "set", column: "label", about: keys("set the label", "1 to 9, L") },
    ANSWER,
    { label: "Remove", action: "remove", danger: true, about: keys("remove from the dataset", "Delete") },
  ],
  predictions: [
    { label: "Accept", action: "accept", about: keys("make instances of them", "A or M") },
    {
      label: "Accept as",
      action: "accept",
      column: "label",
      about: keys("make instances of them with another label", "1 to 9, L"),
    },
    { label: "Reject", action: "reject", about: keys("do not propose them again", "X") },
  ],
};

/** Names of actions by their keys, in lower case. */
export const ACTION_KEYS: Record<Of, Record<string, string>> = {
  images: { n: "Nothing here", c: "Complete" },
  instances: { v: "Verify", l: "Label", delete: "Remove", backspace: "Remove" },
  predictions: { a: "Accept", m: "Accept", l: "Accept as", x: "Reject" },
};

export class GalleryActions extends ActionBar {
  readonly #state: GalleryState;
  #under = Promise.resolve();

  constructor(
    frame: Frame,
    state: GalleryState,
    popover: Popover,
    manners: Pick<Manners, "labels" | "script" | "more">,
  ) {
    super(frame, state, popover, { actions: ACTIONS[state.of], careful: true, ...manners });
    this.#state = state;
  }

  /** Perform the action of a key; returns whether it applies now. */
  perform(label: string, value?: string): boolean {
    const state = this.#state;
    const action = ACTIONS[state.of].find((one) => one.label === label);
    if (!action || state.rpc.lost || this.busy || !state.focus.count()) return false;
    const given = value === undefined ? action : { ...action, value };
    if (toBeAsked(given)) this.ask(action, this.button(label));
    else this.propose(given);
    return true;
  }

  /** Set the label of a digit; a new label may arrive with tables being read, so wait for them. */
  async giveLabel(number: string): Promise<void> {
    const state = this.#state;
    const labels = () => state.catalog.names.all;
    if (state.catalog.at(number) === undefined) await state.known;
    const label = state.catalog.at(number);
    if (label !== undefined) {
      state.catalog.used(label);
      this.perform(state.of === "instances" ? "Label" : "Accept as", label);
    } else {
      const note = `there is no label ${number}: the dataset has ${labels().length}`;
      this.report({ note, change: "", rev: state.store.rev });
    }
  }

  /** Set the label whose own key this is; returns whether there is one. */
  giveOwn(key: string): boolean {
    const known = this.#state.catalog.at(key) !== undefined;
    if (known) void this.giveLabel(key);
    return known;
  }

  /** Undo the dataset's last change, wherever it was made, or redo it; one step after another. */
  async travel(step: "undo" | "redo"): Promise<void> {
    if (this.#state.rpc.lost) return;
    await this.run(step === "undo" ? "Undo …" : "Redo …", async () => {
      const { result } = await this.#state.rpc.request<{ note: string; rev: number }>(step);
      this.report({ ...result, change: "" });
    });
  }

  protected override async act(action: Action): Promise<void> {
    const state = this.#state;
    state.leaving = action.action === "remove" ? state.focus.rows() : null;
    await super.act(action);
    state.leaving = null;
  }

  /** Run after pending work: undo and redo can come as fast as key presses. */
  protected override run(label: string, work: () => Promise<void>): Promise<void> {
    this.#under = this.#under.then(() => super.run(label, work));
    return this.#under;
  }
}
