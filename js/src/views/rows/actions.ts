/** The bar of actions on the rows in focus: the picked ones, else all that are shown. */

import type { Of } from "../../core/rows/selection";
import { counted, formatCount } from "../../core/values/format";
import { h, renew } from "../../draw/dom";
import type { Load } from "../answers/script";
import type { Answer, Form } from "../answers/wire";
import { focusOn, hear } from "../elements";
import type { Frame } from "../frame";
import type { Picks } from "../labels/choice";
import type { Popover } from "../popover";
import { type Sample, sheetOf, taken } from "./sample";
import type { RowsState } from "./state";
import type { Report } from "./wire";

const MANY = 100; // asks before acting on more rows than this, or than are on the screen
const SETTLED = 1500; // milliseconds in which refreshes caused by an edit do not replace its report

type Acting = Pick<
  RowsState<{ of: Of; source: string }>,
  "of" | "n" | "rpc" | "store" | "focus" | "own" | "heads" | "seen" | "inView" | "leftOut" | "asks"
> & { suspects?: boolean };

export interface Action {
  label: string;
  action: "accept" | "reject" | "remove" | "set" | "answer" | "correct";
  /** Attributes of its button. */
  about?: Record<string, string>;
  danger?: boolean;
  /** Column that "set" changes, question of "answer"; "label" if "accept" sets another label. */
  column?: string;
  /** The value; without one, the person chooses it. */
  value?: Answer;
  /** The value for a person, if it is not a text. */
  words?: string;
}

/** One answer to a question of the ontology, for all rows in focus. */
export const ANSWER: Action = {
  label: "Answer",
  action: "answer",
  about: { title: "answer a question for all of them (Q)" },
};

/** What is suggested for suspects, for the picked rows: never for all, of which most are right. */
const CORRECT: Action = {
  label: "Correct",
  action: "correct",
  about: { title: "do for each what is suggested: remove, rename, redraw, part, join or add it" },
};

export interface Manners {
  actions: readonly Action[];
  /** Ask before acting on all shown rows, even a few: the person has not picked them. */
  careful?: boolean;
  /** Where labels are found by typing. */
  labels: Picks;
  /** Gives the script with the form. */
  script: Load;
  /** Select what looks like the picked rows. */
  more?: () => void;
}

const CHOICES: Record<string, string[]> = {
  state: ["unlabeled", "partial", "complete", "empty"],
  status: ["proposed", "accepted", "verified"],
};

const OVERLAPS: [string, string][] = [
  ["skip", "skip overlapping"],
  ["replace", "replace overlapped"],
  ["allow", "allow overlaps"],
];

export class ActionBar {
  readonly root = h("div.nbl-actions", { role: "toolbar", "aria-label": "actions" });
  #overlap = "skip";
  #mode: "buttons" | "confirm" | "busy" | "report" = "buttons";

  readonly #frame: Frame;
  readonly #state: Acting;
  readonly #popover: Popover;
  readonly #manners: Manners;

  constructor(frame: Frame, state: Acting, popover: Popover, manners: Manners) {
    this.#frame = frame;
    this.#state = state;
    this.#popover = popover;
    this.#manners = manners;
  }

  /** The counts have changed. */
  update(): void {
    if (this.#mode === "report" && this.#settled) this.#mode = "buttons";
    if (this.#mode === "confirm" && this.#confirmed !== this.#focusKey) this.#mode = "buttons";
    if (this.#mode === "buttons") this.#drawButtons();
  }

  /** Show the result of an edit, with a button to undo it. */
  report(report: Report): void {
    this.#mode = "report";
    this.#settled = false;
    const undo = h("button", { onclick: () => void this.#undo(report.change) }, "Undo");
    this.root.replaceChildren(
      h(
        "span.nbl-report",
        { role: "status" },
        report.note.replace(/^./, (c) => c.toUpperCase()),
      ),
      report.change ? undo : "",
      h("span.nbl-spacer"),
      h("button.nbl-quiet.nbl-icon", { "aria-label": "dismiss", onclick: () => this.#toButtons() }, "×"),
    );
    window.clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => {
      this.#settled = true;
    }, SETTLED);
  }

  #settled = false;
  #settling = 0;
  #confirmed = "";

  /** Cancel the open confirmation; returns whether there was one. */
  cancel(): boolean {
    if (this.#mode !== "confirm") return false;
    this.#toButtons();
    return true;
  }

  get busy(): boolean {
    return this.#mode === "busy";
  }

  get #n(): number {
    return this.#state.focus.count();
  }

  /** The noun for one of the rows. */
  get #one(): string {
    return this.#state.of.slice(0, -1);
  }

  get #focusKey(): string {
    return `${this.#state.store.rev}|${this.#n}`;
  }

  #toButtons(): void {
    this.#mode = "buttons";
    this.#replace(() => this.#drawButtons());
  }

  /** Draw other content; if the focus was here, it goes back to the rows. */
  #replace(draw: () => void): void {
    const had = this.root.matches(":focus-within");
    draw();
    if (had) focusOn(this.#frame.root.querySelector<HTMLElement>(".nbl-grid") ?? this.#frame.root);
  }

  #drawButtons(): void {
    const state = this.#state;
    const n = this.#n;
    const picked = state.own?.count() ?? 0;
    const { leftOut } = state;
    const one = this.#one;
    const never = picked && leftOut ? `; ${formatCount(leftOut)} between were never on the screen` : "";
    const focus = picked
      ? `${counted(n, one)} picked`
      : n === state.n
        ? `all ${counted(n, one)}`
        : `${counted(n, one)} that match`;
    const busy = state.rpc.lost || n === 0;
    const { actions } = this.#manners;
    const asked = actions.filter(({ action }) => action !== "answer" || state.asks > 0);
    const offered = state.suspects && picked ? [CORRECT, ...asked] : asked;
    const buttons = offered.map((action) => {
      const asks = toBeAsked(action);
      const button = h(
        "button",
        {
          "data-action": action.label,
          disabled: busy,
          ...action.about,
          "aria-haspopup": asks ? "dialog" : false,
          onclick: () => (asks ? this.ask(action, button) : this.propose(action)),
        },
        `${action.label}${asks ? " …" : ` ${formatCount(n)}`}${action.danger ? " …" : ""}`,
      );
      if (action.danger) button.classList.add("nbl-danger");
      if (action.action === "accept" && !asks) button.classList.add("nbl-primary");
      return button;
    });
    const active = this.root.querySelector<HTMLElement>(":focus")?.dataset.action;
    renew(
      this.root,
      h(
        "span.nbl-focus",
        { title: "what the actions act on: picked rows, else all there are" },
        focus + never,
      ),
      h(
        "span.nbl-tools",
        {},
        this.#moreButton(picked, busy),
        state.of === "predictions" && this.#overlapChoice(busy),
        ...buttons,
      ),
    );
    const again = active && this.root.querySelector<HTMLElement>(`[data-action="${active}"]`);
    if (again) again.focus({ preventScroll: true });
  }

  #moreButton(picked: number, disabled: boolean): HTMLElement | false {
    const { more } = this.#manners;
    if (!more || !picked) return false;
    const title = "select what looks like the picked rows, nearest first (K)";
    return h("button", { "data-action": "More like this", disabled, title, onclick: more }, "More like this");
  }

  #overlapChoice(disabled: boolean): HTMLElement {
    const select = h(
      "select",
      { "aria-label": "accepted masks that overlap an instance", disabled },
      ...OVERLAPS.map(([value, label]) => h("option", { value }, label)),
    );
    select.value = this.#overlap;
    hear(select, "change", () => {
      this.#overlap = select.value;
    });
    return select;
  }

  /** Ask for a label; returns whether the rows have one that can be set. */
  findLabel(): boolean {
    const action = this.#manners.actions.find(({ column }) => column === "label");
    const ready = action && !this.busy && !this.#state.rpc.lost && this.#n > 0;
    if (ready) this.ask(action, this.button(action.label));
    return action !== undefined;
  }

  /** Ask the questions of the ontology; returns whether rows here have some. */
  answer(): boolean {
    const action = this.#manners.actions.find(({ action }) => action === "answer");
    const ready = action && !this.busy && !this.#state.rpc.lost && this.#n > 0;
    if (ready) this.ask(action, this.button(action.label));
    return action !== undefined;
  }

  /** The questions of the rows in focus, in a popover. */
  async #questions(action: Action, anchor: HTMLElement): Promise<void> {
    const { focus, rpc, store } = this.#state;
    const n = focus.count();
    const asked = this.#focusKey;
    try {
      const sent = { buffers: [focus.toBytes()], key: "questions" };
      const [{ result: form }, { bulk }] = await Promise.all([
        rpc.request<Form>("questions_of", { n, rev: store.rev }, sent),
        this.#manners.script(),
      ]);
      if (asked !== this.#focusKey) return;
      const give = (column: string, value: Answer, words: string) => {
        this.#popover.close();
        this.propose({ ...action, column, value, words });
      };
      const title = `Answer for ${counted(n, this.#one)}`;
      bulk({ frame: this.#frame, popover: this.#popover, anchor, title, form, give });
    } catch (error) {
      this.#frame.fail(error);
    }
  }

  /** The button of an action; the bar while it shows something else. */
  protected button(label: string): HTMLElement {
    return this.root.querySelector<HTMLElement>(`[data-action="${label}"]`) ?? this.root;
  }

  /** Ask for the value to set. */
  protected ask(action: Action, anchor: HTMLElement): void {
    if (action.action === "answer") return void this.#questions(action, anchor);
    const column = action.column!;
    const give = (value: string) => {
      this.#popover.close();
      this.propose({ ...action, value });
    };
    const what = counted(this.#n, this.#one);
    const asked = action.action === "set" ? `Set ${column} of ${what}` : `Accept ${what} as`;
    if (column === "label") {
      this.#manners.labels.open({ title: asked, anchor, choose: give });
      return;
    }
    const texts = CHOICES[column];
    const head = this.#state.heads.get(column);
    const color = (text: string) => head?.colors[head.categories.indexOf(text)] ?? "transparent";
    const title = h("b", {}, asked);
    if (texts) {
      const options = texts.map((text) =>
        h(
          "button.nbl-quiet.nbl-choice",
          { onclick: () => give(text) },
          h("i.nbl-swatch", { style: { background: color(text) } }),
          text,
        ),
      );
      const list = h("div.nbl-values", {}, ...options);
      this.#popover.show(action.label, `set ${column}`, anchor, [h("div.nbl-menu", {}, title, list)]);
      return;
    }
    const input = h("input", { type: "number", min: 0, step: "any", value: 1, "aria-label": column });
    const set = h("button.nbl-primary", { onclick: () => input.value && give(input.value) }, "Set");
    hear(input, "keydown", (event) => {
      if (event.key === "Enter" && input.value) give(input.value);
    });
    const hint = h("span.nbl-muted", {}, "0 leaves an image out of training; 2 shows it twice as often");
    const line = h("div.nbl-line", {}, input, set);
    this.#popover.show(action.label, `set ${column}`, anchor, [h("div.nbl-menu", {}, title, line, hint)]);
  }

  /** Act at once, or ask for confirmation first. */
  protected propose(action: Action): void {
    const { focus, own, inView } = this.#state;
    const n = focus.count();
    const large = n > Math.min(MANY, inView().length) || this.#unseen > 0;
    const asks =
      large ||
      action.danger ||
      (this.#manners.careful && !own) ||
      (action.value === "empty" && this.#instancesOnFocus() > 0);
    if (!asks) return void this.act(action);
    this.#mode = "confirm";
    this.#confirmed = this.#focusKey;
    this.root.onkeydown = (event) => {
      if (event.key !== "Escape" || !this.cancel()) return;
      event.stopPropagation();
    };
    if (large) void this.#lookAt(action, n);
    else this.#ask(action, n, null);
  }

  /** Show a preview of a large action, then ask. */
  async #lookAt(action: Action, n: number): Promise<void> {
    const { focus, rpc, store } = this.#state;
    const asked = this.#focusKey;
    this.#draw(`Looking at ${taken(n, this.#one, this.#unseen, null)} …`, this.#cancelButton());
    let sample: Sample | null = null;
    try {
      const sent = { buffers: [focus.toBytes()], key: "sample" };
      sample = (await rpc.request<Sample>("sample", { n, rev: store.rev }, sent)).result;
    } catch (error) {
      this.#frame.fail(error);
    }
    if (this.#mode === "confirm" && this.#confirmed === asked && sample) this.#ask(action, n, sample);
    else if (!sample) this.#toButtons();
  }

  #ask(action: Action, n: number, sample: Sample | null): void {
    const sure = h(
      action.danger ? "button.nbl-danger" : "button.nbl-primary",
      { onclick: () => void this.act(action) },
      `${verb(action)} ${formatCount(n)}`,
    );
    const cancel = this.#cancelButton();
    this.#draw(this.#question(action, taken(n, this.#one, this.#unseen, sample)), sure, cancel);
    if (sample) this.root.prepend(sheetOf(this.#state.rpc, sample));
    focusOn(action.danger ? cancel : sure);
  }

  #draw(text: string, ...buttons: HTMLElement[]): void {
    const said = h("span.nbl-report", { role: "alert" }, text);
    this.root.replaceChildren(said, ...buttons);
    focusOn(buttons.at(-1));
  }

  #cancelButton(): HTMLElement {
    return h("button", { onclick: () => this.cancel(), title: "Esc" }, "Cancel");
  }

  /** Number of rows in focus that were never on the screen. */
  get #unseen(): number {
    const { focus, seen } = this.#state;
    return focus.n === seen.n ? focus.andNot(seen).count() : focus.count();
  }

  #question(action: Action, what: string): string {
    if (action.action === "accept") {
      const overlaps = {
        skip: "Those that overlap an instance stay out.",
        replace: "Instances they overlap are removed.",
        allow: "Overlaps are allowed.",
      }[this.#overlap];
      const as = action.value ? `, labeled ${action.value}` : "";
      return `Make instances of ${what}${as}? ${overlaps} Those accepted or rejected before are left out.`;
    }
    if (action.action === "reject") return `Reject ${what}, so that they are not proposed again?`;
    if (action.action === "answer")
      return `Answer ${action.column} of ${what} with: ${action.words}? Only those it is asked of.`;
    if (action.action === "correct")
      return `Do what is suggested for ${what}? Where nothing is suggested, or a mask was changed meanwhile, it stays.`;
    const on = this.#state.of === "images" ? this.#instancesOnFocus() : 0;
    if (action.action === "set") {
      const stay = action.value === "empty" && on ? ` The ${counted(on, "instance")} on them stay.` : "";
      return `Set ${action.column} of ${what} to ${action.value}?${stay}`;
    }
    return `Remove ${what}${on ? ` and the ${counted(on, "instance")} on them` : ""} from the dataset?`;
  }

  #instancesOnFocus(): number {
    const { store, focus } = this.#state;
    let n = 0;
    for (const image of store.tables.instances.imageRow ?? []) if (image >= 0 && focus.has(image)) n++;
    return n;
  }

  protected async act(action: Action): Promise<void> {
    const state = this.#state;
    const rows = state.focus;
    const n = rows.count();
    const values =
      action.action === "set" || action.action === "answer"
        ? { column: action.column, value: action.value }
        : { overlap: this.#overlap, ...(action.value ? { label: action.value } : {}) };
    const params = { action: action.action, values, n, rev: state.store.rev };
    await this.run(`${verb(action)} ${formatCount(n)} …`, async () => {
      const { result } = await state.rpc.request<Report>("act", params, { buffers: [rows.toBytes()] });
      this.report(result);
    });
  }

  async #undo(change: string): Promise<void> {
    await this.run("Undo …", async () => {
      const { result } = await this.#state.rpc.request<{ note: string; rev: number }>("undo", { change });
      this.report({ ...result, change: "" });
    });
  }

  protected async run(label: string, work: () => Promise<void>): Promise<void> {
    this.#mode = "busy";
    this.#replace(() => this.root.replaceChildren(h("span.nbl-muted", { role: "status" }, label)));
    try {
      await work();
      this.#frame.settle();
    } catch (error) {
      this.#toButtons();
      this.#frame.fail(error);
    }
  }
}

/** Whether the person has to choose a value first. */
export function toBeAsked(action: Action): boolean {
  return action.value === undefined && (action.column !== undefined || action.action === "answer");
}

function verb(action: Action): string {
  return action.action === "set" ? "Set" : action.label;
}
