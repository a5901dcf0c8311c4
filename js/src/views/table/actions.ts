/** The bar of what can be done to the rows in focus: those picked, else all that are shown. */
import { counted, formatCount } from "../../core/format";
import type { Of } from "../../core/selection";
import { h } from "../dom";
import type { Frame } from "../frame";
import { focusOn, hear } from "./elements";
import type { Popover } from "./popover";
import type { TableState } from "./state";
import type { Report } from "./wire";

const MANY = 100; // rows from which it asks before it acts

interface Action {
  label: string;
  action: "accept" | "reject" | "remove" | "set";
  danger?: boolean;
  /** Column that "set" gives a value. */
  column?: string;
  /** The value itself; without one it is asked for. */
  value?: string;
}

const ACTIONS: Record<Of, Action[]> = {
  images: [
    { label: "Mark empty", action: "set", column: "state", value: "empty" },
    { label: "State", action: "set", column: "state" },
    { label: "Weight", action: "set", column: "weight" },
    { label: "Remove", action: "remove", danger: true },
  ],
  instances: [
    { label: "Verify", action: "set", column: "status", value: "verified" },
    { label: "Label", action: "set", column: "label" },
    { label: "Status", action: "set", column: "status" },
    { label: "Remove", action: "remove", danger: true },
  ],
  predictions: [
    { label: "Accept", action: "accept" },
    { label: "Reject", action: "reject" },
  ],
};

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
  readonly #state: TableState;
  readonly #popover: Popover;

  constructor(frame: Frame, state: TableState, popover: Popover) {
    this.#frame = frame;
    this.#state = state;
    this.#popover = popover;
  }

  /** Counts are others now. */
  update(): void {
    if (this.#mode === "report" && this.#settled) this.#mode = "buttons";
    if (this.#mode === "confirm" && this.#confirmed !== this.#focusKey) this.#mode = "buttons";
    if (this.#mode === "buttons") this.#drawButtons();
  }

  /** Say what an edit came to, with its undo. */
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
    window.setTimeout(() => {
      this.#settled = true;
    }, 1500); // refreshes that the edit itself causes leave it standing
  }

  #settled = false;
  #confirmed = "";

  get #n(): number {
    return this.#state.focus.count();
  }

  get #focusKey(): string {
    return `${this.#state.store.rev}|${this.#n}`;
  }

  #toButtons(): void {
    this.#mode = "buttons";
    this.#drawButtons();
  }

  #drawButtons(): void {
    const state = this.#state;
    const n = this.#n;
    const picked = state.own?.count() ?? 0;
    const one = state.of.slice(0, -1);
    const focus = picked
      ? `${counted(n, one)} picked`
      : n === state.n
        ? `all ${counted(n, one)}`
        : `${counted(n, one)} shown`;
    const busy = state.rpc.lost || n === 0;
    const buttons = ACTIONS[state.of].map((action) => {
      const asks = action.action === "set" && action.value === undefined;
      const button = h(
        "button",
        {
          "data-action": action.label,
          disabled: busy,
          "aria-haspopup": asks ? "dialog" : false,
          onclick: () => (asks ? this.#ask(action, button) : this.#propose(action)),
        },
        `${action.label}${asks ? " …" : ` ${formatCount(n)}`}${action.danger ? " …" : ""}`,
      );
      if (action.danger) button.classList.add("nbl-danger");
      if (action.action === "accept") button.classList.add("nbl-primary");
      return button;
    });
    const active = this.root.querySelector<HTMLElement>(":focus")?.dataset.action;
    this.root.replaceChildren(
      h("span.nbl-focus", { title: "what the actions act on: picked rows, else all rows shown" }, focus),
      h("span.nbl-spacer"),
      ...(state.of === "predictions" ? [this.#overlapChoice(busy)] : []),
      ...buttons,
    );
    if (active) buttons.find((button) => button.dataset.action === active)?.focus({ preventScroll: true });
  }

  #overlapChoice(disabled: boolean): HTMLElement {
    const select = h(
      "select",
      { "aria-label": "accepted masks that overlap a label", disabled },
      ...OVERLAPS.map(([value, label]) => h("option", { value }, label)),
    );
    select.value = this.#overlap;
    hear(select, "change", () => {
      this.#overlap = select.value;
    });
    return select;
  }

  /** Ask for the value to set. */
  #ask(action: Action, anchor: HTMLElement): void {
    const column = action.column!;
    const give = (value: string) => {
      this.#popover.close();
      this.#propose({ ...action, value });
    };
    const texts = column === "label" ? this.#state.labels : CHOICES[column];
    const head = this.#state.heads.get(column);
    const color = (text: string) => head?.colors[head.categories.indexOf(text)] ?? "transparent";
    const title = h("b", {}, `Set ${column} of ${counted(this.#n, this.#state.of.slice(0, -1))}`);
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

  /** Act at once, or say first what would happen. */
  #propose(action: Action): void {
    const rows = this.#state.focus;
    const n = rows.count();
    if (n <= MANY && !action.danger && !(action.value === "empty" && this.#instancesOnFocus()))
      return void this.#act(action);
    this.#mode = "confirm";
    this.#confirmed = this.#focusKey;
    const sure = h(
      action.danger ? "button.nbl-danger" : "button.nbl-primary",
      { onclick: () => void this.#act(action) },
      `${verb(action)} ${formatCount(n)}`,
    );
    const question = h("span.nbl-report", { role: "alert" }, this.#question(action, n));
    const cancel = h("button", { onclick: () => this.#toButtons() }, "Cancel");
    this.root.replaceChildren(question, h("span.nbl-spacer"), sure, cancel);
    this.root.onkeydown = (event) => {
      if (event.key !== "Escape" || this.#mode !== "confirm") return;
      event.stopPropagation();
      this.#toButtons();
    };
    focusOn(action.danger ? cancel : sure);
  }

  #question(action: Action, n: number): string {
    const what = counted(n, this.#state.of.slice(0, -1));
    if (action.action === "accept") {
      const overlaps = {
        skip: "Those overlapping a label stay out.",
        replace: "Labels they overlap are removed.",
        allow: "Overlaps are allowed.",
      }[this.#overlap];
      return `Make instances of ${what}? ${overlaps} Those accepted or rejected before are left out.`;
    }
    if (action.action === "reject") return `Reject ${what}, so that they are not proposed again?`;
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

  async #act(action: Action): Promise<void> {
    const state = this.#state;
    const rows = state.focus;
    const n = rows.count();
    const values =
      action.action === "set" ? { column: action.column, value: action.value } : { overlap: this.#overlap };
    const params = { action: action.action, values, n, rev: state.store.rev };
    await this.#run(`${verb(action)} ${formatCount(n)} …`, async () => {
      const { result } = await state.rpc.request<Report>("act", params, { buffers: [rows.toBytes()] });
      this.report(result);
    });
  }

  async #undo(change: string): Promise<void> {
    await this.#run("Undo …", async () => {
      const { result } = await this.#state.rpc.request<{ note: string; rev: number }>("undo", { change });
      this.report({ ...result, change: "" });
    });
  }

  async #run(label: string, work: () => Promise<void>): Promise<void> {
    this.#mode = "busy";
    this.root.replaceChildren(h("span.nbl-muted", { role: "status" }, label));
    try {
      await work();
      this.#frame.settle();
    } catch (error) {
      this.#toButtons();
      this.#frame.fail(error);
    }
  }
}

function verb(action: Action): string {
  return action.action === "set" ? "Set" : action.label;
}
