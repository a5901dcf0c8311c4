/** Shows the state of the kernel's ChartHead and sends choices back; it has no state of its own. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import { RemoteError, type Rpc } from "../../wire/rpc";
import { focusOn } from "../elements";
import type { Frame } from "../frame";
import { fromInput, inputOf, rangeText } from "./range";

export interface State {
  title?: string;
  count?: string;
  /** Shown instead of the figure if there is nothing to draw. */
  note?: string;
  /** Texts and colors. */
  legend?: [string, string][];
  /** Values and texts of the modes, one of which is active. */
  modes?: [string, string][];
  mode?: string;
  range?: Range | null;
  /** Texts, counts and whether they are chosen. */
  values?: [string, number, boolean][] | null;
  missing?: { n: number; chosen: boolean };
  /** Texts to choose one from, and the one that is chosen. */
  options?: string[];
  option?: string;
  chosen?: boolean;
}

export interface Range {
  kind: "number" | "time";
  lo: number | null;
  hi: number | null;
  limits: [number, number];
}

interface Model {
  get(name: "state"): State;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

export class ChartHead {
  readonly #frame: Frame;
  readonly #rpc: Rpc;
  readonly #model: Model;
  readonly #title = h("b.nbl-chart-title");
  readonly #count = h("span.nbl-count", { "aria-live": "polite" });
  readonly #legend = h("span.nbl-chart-legend");
  readonly #options = h("select.nbl-chart-options", {
    "aria-label": "what is shown",
    onchange: () => this.#choose("option", this.#options.value),
  });
  readonly #modes = h("button.nbl-quiet", { onclick: () => this.#nextMode() });
  readonly #missing = h("button.nbl-quiet", { onclick: () => this.#choose("missing") });
  readonly #clear = h("button.nbl-quiet.nbl-chart-clear", { onclick: () => this.#choose("clear") }, "Clear");
  readonly #ends: HTMLInputElement[];
  /** The last texts of the inputs that came from the kernel. */
  readonly #drawn = ["", ""];
  readonly #range = h("details.nbl-chart-list", {}, h("summary"));
  readonly #values = h("div.nbl-chart-popover.nbl-chart-values", { role: "group" });
  readonly #list = h("details.nbl-chart-list", {}, h("summary", {}, "values"), this.#values);
  readonly #note = h("div.nbl-chart-note.nbl-muted");

  constructor(frame: Frame, model: Model, rpc: Rpc, signal: AbortSignal) {
    this.#frame = frame;
    this.#model = model;
    this.#rpc = rpc;
    this.#ends = ["at least", "at most"].map((label) =>
      h("input", { "aria-label": label, onchange: () => this.#chooseRange() }),
    );
    const [from, to] = this.#ends;
    this.#range.append(h("div.nbl-chart-popover.nbl-chart-range", {}, from, "–", to));
    const busy = frame.toolbar.lastElementChild;
    const heading = h("span.nbl-chart-heading", {}, this.#title, this.#count);
    const tools = [this.#clear, this.#options, this.#missing, this.#list, this.#range, this.#modes];
    frame.toolbar.replaceChildren(heading, this.#legend, busy ?? "", h("span.nbl-chart-tools", {}, ...tools));
    frame.body.append(this.#note);
    const draw = () => this.#draw(model.get("state"));
    model.on("change:state", draw);
    signal.addEventListener("abort", () => model.off("change:state", draw), { once: true });
    rpc.on<{ message: string }>("failed", ({ message }) => frame.fail(new RemoteError("", message)));
    frame.root.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    draw();
    const outside = (event: PointerEvent) => {
      for (const list of [this.#list, this.#range])
        if (!event.composedPath().includes(list)) list.open = false;
    };
    document.addEventListener("pointerdown", outside, { signal });
  }

  #draw(state: State): void {
    const { title = "", count = "", note = "", range, missing, values } = state;
    this.#frame.root.setAttribute("aria-label", `Chart of ${title}`);
    this.#title.textContent = title;
    this.#count.textContent = count;
    this.#legend.replaceChildren(...(state.legend ?? []).map(legendItem));
    show(this.#note, note !== "");
    this.#note.textContent = note;
    this.#drawModes(state);
    this.#drawOptions(state);
    show(this.#missing, Boolean(missing?.n) && !note);
    this.#missing.textContent = `${formatCount(missing?.n ?? 0)} missing`;
    this.#missing.setAttribute("aria-pressed", String(missing?.chosen ?? false));
    show(this.#clear, state.chosen === true);
    this.#frame.root.classList.toggle("nbl-chart-chosen", state.chosen === true);
    show(this.#range, Boolean(range) && !note);
    if (range) this.#drawRange(range);
    show(this.#list, Boolean(values?.length) && !note);
    this.#drawValues(values ?? []);
  }

  #drawOptions({ options = [], option = "", note }: State): void {
    show(this.#options, options.length > 1 && !note);
    const known = [...this.#options.options].map(({ value }) => value);
    if (known.length !== options.length || known.some((text, i) => text !== options[i]))
      this.#options.replaceChildren(...options.map((text) => h("option", { value: text }, text)));
    this.#options.value = option;
  }

  #drawModes({ modes = [], mode, note }: State): void {
    show(this.#modes, modes.length > 1 && !note);
    const on = modes.find(([value]) => value === mode);
    this.#modes.textContent = on?.[1] ?? "";
    this.#modes.title = modes.map(([, text]) => text).join(" or ");
  }

  #drawRange(range: Range): void {
    const { lo, hi, limits } = range;
    const chosen = lo !== null || hi !== null;
    const summary = this.#range.firstElementChild!;
    summary.textContent = chosen ? rangeText(lo, hi, range.kind) : "range";
    summary.classList.toggle("nbl-chart-on", chosen);
    for (const [i, value] of [lo, hi].entries()) {
      const input = this.#ends[i];
      input.type = range.kind === "time" ? "datetime-local" : "number";
      input.step = "any";
      input.placeholder = inputOf(limits[i], range.kind);
      const text = value === null ? "" : inputOf(value, range.kind);
      if (text === this.#drawn[i]) continue; // what a person is typing stays, whatever else has changed
      input.value = this.#drawn[i] = text;
    }
  }

  #drawValues(values: [string, number, boolean][]): void {
    const focused = [...this.#values.children].findIndex((row) => row.contains(document.activeElement));
    this.#values.replaceChildren(
      ...values.map(([text, count, chosen], bar) => {
        const box = h("input", { type: "checkbox", onchange: () => this.#choose("value", bar) });
        box.checked = chosen;
        return h("label", {}, box, h("span", {}, text), h("span.nbl-muted", {}, formatCount(count)));
      }),
    );
    if (focused >= 0) focusOn(this.#values.children[focused]?.querySelector("input"));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    const open = [this.#list, this.#range].find((list) => list.open);
    if (open) {
      open.open = false;
      focusOn(open.querySelector("summary"));
    } else if (this.#model.get("state").chosen) this.#choose("clear");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #nextMode(): void {
    const { modes = [], mode } = this.#model.get("state");
    const at = modes.findIndex(([value]) => value === mode);
    this.#choose("mode", modes[(at + 1) % modes.length][0]);
  }

  #chooseRange(): void {
    const kind = this.#model.get("state").range?.kind ?? "number";
    this.#choose(
      "range",
      this.#ends.map((input) => fromInput(input.value, kind)),
    );
  }

  #choose(name: string, value: unknown = null): void {
    this.#rpc.request("choose", { name, value }).then(
      () => this.#frame.settle(),
      (error) => this.#frame.fail(error),
    );
  }
}

function legendItem([text, color]: [string, string]): HTMLElement {
  return h("span.nbl-chart-key", {}, h("span.nbl-swatch", { style: { background: color } }), text);
}

function show(element: HTMLElement, shown: boolean): void {
  element.style.display = shown ? "" : "none";
}
