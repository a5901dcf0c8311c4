/** The tools at the left of the stage, their settings above it, and their hints below. */
import { h } from "../../draw/dom";
import { focusOn } from "../elements";
import { LabelButton } from "../labels/button";
import { DECISIONS, type DecisionName, OPERATIONS, TOOLS, type ToolName } from "./catalog";
import type { ImageState } from "./decisions";
import type { EditSettings, Overlap } from "./options";
import { StateBar } from "./state_bar";
import type { Subject } from "./subject";

export interface RailEvents {
  take(tool: ToolName): void;
  operate(op: string): void;
  decide(name: DecisionName): void;
  state(state: ImageState): void;
  /** Find a label in the list of all. */
  findLabel(): void;
  undo(): void;
  redo(): void;
}

const OVERLAPS: readonly [Overlap, string][] = [
  ["allow", "may overlap"],
  ["overwrite", "cuts others"],
  ["behind", "goes behind"],
];

export class Rail {
  readonly el = h("div.nbl-edit-rail", {
    role: "toolbar",
    "aria-label": "editing tools",
    "aria-orientation": "vertical",
  });
  readonly bar = h("div.nbl-edit-bar", { role: "toolbar", "aria-label": "tool settings" });
  readonly state: StateBar;
  /** What the active tool does, or the result of the last gesture. */
  readonly hint = h("div.nbl-edit-hint", { role: "status", "aria-live": "polite" });
  #tools = new Map<ToolName, HTMLElement>();
  readonly label: LabelButton;
  #overlap = h("select", { "aria-label": "overlap", title: "what a new or changed mask does to others" });
  #brush: HTMLElement;
  #size = h("input", {
    type: "range",
    min: "0",
    max: "100",
    "aria-label": "brush size",
    title: "brush size ([ ])",
  });
  #sized = h("span.nbl-muted.nbl-edit-number");
  #shape: HTMLElement;
  #wand: HTMLElement;
  #tolerance = h("input", {
    type: "range",
    min: "0",
    max: "128",
    "aria-label": "tolerance",
    title: "tolerance",
  });
  #tolerated = h("span.nbl-muted.nbl-edit-number");
  #menu: HTMLElement;
  #more: HTMLButtonElement;
  #items = new Map<string, HTMLButtonElement>();
  #waiting = h("span.nbl-edit-waiting", { hidden: true, role: "status" });

  readonly #settings: EditSettings;

  constructor(settings: EditSettings, events: RailEvents, signal: AbortSignal) {
    this.#settings = settings;
    for (const { name, key, title, icon } of TOOLS) {
      const label = `${title} (${key.toUpperCase()})`;
      const button = h("button.nbl-quiet.nbl-icon", {
        title: label,
        "aria-label": label,
        onclick: () => events.take(name),
      });
      button.append(glyph(icon));
      this.#tools.set(name, button);
      this.el.append(button);
    }
    const group = (...children: (Node | string)[]) => h("span.nbl-edit-group", {}, ...children);
    this.#shape = h("button.nbl-icon", { onclick: () => this.#turn() });
    this.#brush = group("size", this.#size, this.#sized, this.#shape);
    this.#wand = group("tolerance", this.#tolerance, this.#tolerated);
    this.#more = h(
      "button",
      { "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => this.#open() },
      "Mask ▾",
    );
    this.#menu = h("div.nbl-popover.nbl-edit-menu", { role: "menu", hidden: true });
    for (const { name, key, title } of DECISIONS.slice(0, 3))
      this.#offer(name, title, key, () => events.decide(name));
    for (const { op, key, title } of OPERATIONS) this.#offer(op, title, key, () => events.operate(op));
    this.state = new StateBar(events.state, events.decide);
    this.label = new LabelButton("label of new masks and of the active one (1 … 9, Shift+L)", () =>
      events.findLabel(),
    );
    for (const [value, text] of OVERLAPS) this.#overlap.append(h("option", { value }, text));
    const quick = (text: string, title: string, onclick: () => void) =>
      h("button.nbl-quiet.nbl-icon", { title, "aria-label": title, onclick }, text);
    this.bar.append(
      group(this.label.el),
      group(this.#overlap),
      this.#brush,
      this.#wand,
      group(h("span.nbl-edit-drop", {}, this.#more, this.#menu)),
      group(
        quick("↶", "undo (Ctrl+Z)", () => events.undo()),
        quick("↷", "redo (Ctrl+X)", () => events.redo()),
      ),
      this.state.el,
      this.#waiting,
    );
    this.#overlap.addEventListener("change", () => settings.set("overlap", this.#overlap.value as Overlap));
    this.#size.addEventListener("input", () => settings.set("brush_size", sizeOf(Number(this.#size.value))));
    this.#tolerance.addEventListener("input", () => settings.set("tolerance", Number(this.#tolerance.value)));
    this.#menu.addEventListener("keydown", (event) => this.#walk(event));
    this.bar.addEventListener("focusout", (event) => {
      if (!this.bar.contains(event.relatedTarget as Node | null)) this.#shut();
    });
    const outside = (event: Event) => this.#more.contains(event.target as Node) || this.#shutOutside(event);
    window.addEventListener("pointerdown", outside, { signal, capture: true });
    this.update();
  }

  /** Show the label of new masks; there is none while the dataset has none. */
  offer(color: string | undefined): void {
    this.label.show(this.#settings.get("label") || "new label", color);
  }

  /** Show the current settings. */
  update(): void {
    const settings = this.#settings;
    const tool = settings.get("tool");
    for (const [name, button] of this.#tools) button.setAttribute("aria-pressed", String(name === tool));
    const size = settings.get("brush_size");
    const square = settings.get("brush_shape") === "square";
    this.#brush.hidden = tool !== "brush" && tool !== "eraser";
    this.#wand.hidden = tool !== "wand";
    this.#size.value = String(placeOf(size));
    this.#sized.textContent = `${size} px`;
    this.#shape.textContent = square ? "■" : "●";
    this.#shape.title = square ? "square brush; click for a circle" : "round brush; click for a square";
    this.#shape.setAttribute("aria-label", this.#shape.title);
    this.#tolerance.value = String(settings.get("tolerance"));
    this.#tolerated.textContent = this.#tolerance.value;
    this.#overlap.value = settings.get("overlap");
  }

  /** Enable what is possible. @param picked masks that operations and decisions would apply to. */
  able(picked: readonly Subject[]): void {
    const n = picked.length;
    this.#more.disabled = !n;
    this.#more.textContent = n > 1 ? `${n} masks ▾` : "Mask ▾";
    for (const { op, least } of OPERATIONS) this.#items.get(op)!.disabled = n < least;
    const undecided = picked.some(({ of }) => of === "predictions");
    for (const { name } of DECISIONS.slice(0, 3)) this.#items.get(name)!.hidden = !undecided;
  }

  #offer(name: string, title: string, key: string, does: () => void): void {
    const onclick = () => {
      this.#shut();
      does();
    };
    const keys = h("kbd", {}, key.split(" ")[0]);
    const item = h("button.nbl-quiet", { role: "menuitem", onclick }, h("span", {}, title), keys);
    this.#items.set(name, item);
    this.#menu.append(item);
  }

  waiting(edits: number): void {
    this.#waiting.hidden = !edits;
    const all = edits === 1 ? "1 edit waits for the kernel" : `${edits} edits wait for the kernel`;
    this.#waiting.textContent = edits ? all : "";
  }

  #turn(): void {
    this.#settings.set("brush_shape", this.#settings.get("brush_shape") === "circle" ? "square" : "circle");
  }

  #open(): void {
    if (!this.#menu.hidden) {
      this.#shut();
      return;
    }
    this.#menu.hidden = false;
    this.#more.setAttribute("aria-expanded", "true");
    focusOn([...this.#items.values()].find((item) => !item.disabled && !item.hidden));
  }

  #shut(): void {
    if (this.#menu.hidden) return;
    const had = this.#menu.contains(document.activeElement);
    this.#menu.hidden = true;
    this.#more.setAttribute("aria-expanded", "false");
    if (had) focusOn(this.#more);
  }

  #shutOutside(event: Event): void {
    if (!event.composedPath().includes(this.#menu)) this.#shut();
  }

  #walk(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#shut();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const items = [...this.#items.values()].filter((item) => !item.disabled && !item.hidden);
      const at = items.indexOf(document.activeElement as HTMLButtonElement);
      focusOn(items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const LARGEST = 512;

/** The slider is logarithmic: 1 to 512 pixels. */
function sizeOf(place: number): number {
  return Math.max(Math.round(LARGEST ** (place / 100)), 1);
}

function placeOf(size: number): number {
  return Math.round((Math.log(Math.max(size, 1)) / Math.log(LARGEST)) * 100);
}

function glyph(path: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const shape = document.createElementNS(namespace, "path");
  shape.setAttribute("d", path);
  for (const [key, value] of [
    ["viewBox", "0 0 16 16"],
    ["width", "16"],
    ["height", "16"],
    ["class", "nbl-glyph"],
    ["aria-hidden", "true"],
  ])
    svg.setAttribute(key, value);
  svg.append(shape);
  return svg;
}
