/** The toolbar and the keys of the scatter. */
import { cheatsheet } from "../cheatsheet";
import { h } from "../dom";
import type { Frame } from "../frame";
import type { Description } from "./data";
import type { Mode } from "./gestures";

export interface Events {
  mode(mode: Mode): void;
  set(name: "x" | "y" | "color" | "density", value: unknown): void;
  fit(): void;
  zoom(factor: number): void;
  pan(dx: number, dy: number): void;
  escape(): void;
}

export interface Shown {
  about: Description | null;
  x: string;
  y: string;
  color: string | null;
  mode: Mode;
  density: boolean;
}

const MODES: readonly [Mode, string, string][] = [
  ["lasso", "l", "M3 9c-1-4 3-7 6-6s5 5 2 8-6 1-6-1 2-2 2 0-1 3-2 4"],
  ["box", "b", "M3 4h10v8H3z"],
  ["pan", "h", "M8 2v12M2 8h12M8 2 6 4M8 2l2 2M8 14l-2-2M8 14l2-2M2 8l2-2M2 8l2 2M14 8l-2-2M14 8l-2 2"],
];
const KEYS: readonly (readonly [string, string])[] = [
  ["L", "draw a lasso"],
  ["B", "draw a box"],
  ["H", "drag to pan"],
  ["Space", "hold: drag to pan"],
  ["Shift", "hold: add to what is selected"],
  ["Alt", "hold: take from what is selected"],
  ["Esc", "give up the drawing; select nothing here"],
  ["F 0", "fit everything"],
  ["+ −", "zoom; so does the wheel"],
  ["← → ↑ ↓", "pan"],
  ["D", "density in place of points"],
];

export class Tools {
  readonly #events: Events;
  readonly #modes = new Map<Mode, HTMLElement>();
  readonly #selects = new Map<"x" | "y" | "color", HTMLSelectElement>();
  readonly #density: HTMLElement;
  readonly #count = h("span.nbl-count", { "aria-live": "polite" });
  readonly #hint = h("span.nbl-muted");
  #isDense = false;
  #listed = "";

  constructor(frame: Frame, events: Events, signal: AbortSignal) {
    this.#events = events;
    const help = cheatsheet(frame, KEYS, signal);
    const group = h("span.nbl-modes", { role: "group", "aria-label": "what dragging does" });
    for (const [mode, key, path] of MODES) {
      const title = `${mode} (${key.toUpperCase()})`;
      const button = h(
        "button.nbl-icon",
        { title, "aria-label": mode, onclick: () => events.mode(mode) },
        glyph(path),
      );
      this.#modes.set(mode, button);
      group.append(button);
    }
    const choose = (name: "x" | "y" | "color", label: string) => {
      const select = h("select", { "aria-label": label, title: label });
      select.addEventListener("change", () => events.set(name, select.value || null));
      this.#selects.set(name, select);
      return h("label.nbl-choice", {}, h("span.nbl-muted", {}, name), select);
    };
    this.#density = h(
      "button.nbl-icon",
      { title: "density (D)", "aria-label": "density", onclick: () => this.#toggleDensity() },
      glyph("M3 13V9M6.3 13V5M9.6 13V3M13 13V7"),
    );
    const fit = h(
      "button.nbl-quiet.nbl-icon",
      { title: "fit (F)", "aria-label": "fit", onclick: () => events.fit() },
      glyph("M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"),
    );
    const keys = h(
      "button.nbl-quiet.nbl-icon",
      { title: "keys (?)", "aria-label": "keys", onclick: help },
      "?",
    );
    frame.toolbar.prepend(
      group,
      this.#density,
      choose("color", "color by"),
      choose("x", "horizontal axis"),
      choose("y", "vertical axis"),
      h("span.nbl-spacer"),
      this.#count,
      this.#hint,
      fit,
      keys,
    );
    this.#listenForKeys(frame.root, help, signal);
  }

  show({ about, x, y, color, mode, density }: Shown): void {
    for (const [name, button] of this.#modes) button.setAttribute("aria-pressed", String(name === mode));
    this.#isDense = density;
    this.#density.setAttribute("aria-pressed", String(density));
    if (about) this.#list(about);
    for (const [name, value] of [
      ["x", x],
      ["y", y],
      ["color", color ?? ""],
    ] as const)
      this.#selects.get(name)!.value = value;
  }

  say(count: string, hint: string): void {
    this.#count.textContent = count;
    this.#hint.textContent = hint;
  }

  #list(about: Description): void {
    const names = about.columns.map(({ name }) => name);
    const key = JSON.stringify([names, about.layout]);
    if (key === this.#listed) return;
    this.#listed = key;
    const layout = about.layout ? ["u", "v"].filter((name) => !names.includes(name)) : [];
    const option = (value: string, text = value) => h("option", { value }, text);
    for (const name of ["x", "y"] as const) {
      const method = about.layout?.method ?? "";
      this.#selects
        .get(name)!
        .replaceChildren(
          ...layout.map((one) => option(one, `${one} (${method})`)),
          ...names.map((one) => option(one)),
        );
    }
    this.#selects.get("color")!.replaceChildren(option("", "one color"), ...names.map((one) => option(one)));
  }

  #toggleDensity(): void {
    this.#events.set("density", !this.#isDense);
  }

  #listenForKeys(root: HTMLElement, help: () => void, signal: AbortSignal): void {
    const { events } = { events: this.#events };
    const actions: Record<string, () => void> = {
      l: () => events.mode("lasso"),
      b: () => events.mode("box"),
      h: () => events.mode("pan"),
      d: () => this.#toggleDensity(),
      f: () => events.fit(),
      0: () => events.fit(),
      "+": () => events.zoom(1.3),
      "=": () => events.zoom(1.3),
      "-": () => events.zoom(1 / 1.3),
      ArrowLeft: () => events.pan(40, 0),
      ArrowRight: () => events.pan(-40, 0),
      ArrowUp: () => events.pan(0, 40),
      ArrowDown: () => events.pan(0, -40),
      Escape: () => events.escape(),
      "?": help,
    };
    root.addEventListener(
      "keydown",
      (event) => {
        if (event.target instanceof HTMLElement && event.target.closest("input, select, .nbl-cheatsheet"))
          return;
        if (event.ctrlKey || event.metaKey) return;
        if (event.key === " " && event.target === root) root.dataset.hold = "pan";
        else if (actions[event.key]) actions[event.key]();
        else return;
        event.preventDefault();
        event.stopPropagation();
      },
      { signal },
    );
    const release = () => delete root.dataset.hold;
    root.addEventListener("keyup", (event) => event.key === " " && release(), { signal });
    root.addEventListener("blur", release, { signal });
  }
}

function glyph(path: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const look = {
    viewBox: "0 0 16 16",
    width: "16",
    height: "16",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "1.5",
    "stroke-linejoin": "round",
    "stroke-linecap": "round",
    "aria-hidden": "true",
  };
  for (const [name, value] of Object.entries(look)) svg.setAttribute(name, value);
  const shape = document.createElementNS(namespace, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}
