/** Buttons and choosers above the plot. */
import { h } from "../../draw/dom";
import { focusOn } from "../elements";
import type { Frame } from "../frame";
import type { Description } from "./data";
import type { Mode } from "./gestures";

export interface Toolbar {
  /** Set the columns to choose from. */
  offer(description: Description): void;
  update(now: { mode: Mode; density: boolean; x: string; y: string; color: string | null }): void;
  count(text: string, title: string): void;
}

export interface Actions {
  mode(mode: Mode): void;
  choose(what: "x" | "y" | "color", name: string | null): void;
  density(): void;
  more(): void;
  fit(): void;
  look(what: "size" | "opacity", value: number | null): void;
  looks(): { size: number | null; opacity: number | null };
  help(): void;
}

const SHAPES = {
  lasso: "M8 3c3.5 0 6 1.7 6 4s-2.5 4-6 4-6-1.7-6-4 2.5-4 6-4M4.5 10.2c-1 .6-1 2 .3 2.3 1 .2 1.4-.7.9-1.7",
  box: "M3 3.5h10v9H3z",
  pan: "M8 1.5v13M1.5 8h13M6.2 3.3 8 1.5l1.8 1.8M6.2 12.7 8 14.5l1.8-1.8M3.3 6.2 1.5 8l1.8 1.8M12.7 6.2 14.5 8l-1.8 1.8",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  density: "M8 6.5a1.5 1.5 0 1 0 .01 0zM8 4a4 4 0 1 0 .01 0zM8 1.5a6.5 6.5 0 1 0 .01 0z",
  more: "M6 2.5a3.5 3.5 0 1 0 .01 0zM8.5 8.5l2 2M12.5 9.5v5M10 12h5",
  axes: "M2.5 2v11.5H14M5.5 10.5l3-3.5 2 2 3-4",
} as const;

const MODES: [Mode, string, string][] = [
  ["lasso", "L", "Lasso: draw around points (L)"],
  ["box", "B", "Box: drag across points (B)"],
  ["pan", "H", "Move: drag the picture (H, or hold Space)"],
];

export function createToolbar(frame: Frame, act: Actions, signal: AbortSignal): Toolbar {
  const modes = MODES.map(([mode, , what]) => ({
    mode,
    button: iconButton(mode as keyof typeof SHAPES, what, () => act.mode(mode), true),
  }));
  const dense = iconButton("density", "Density: how many points lie where (D)", act.density, true);
  const more = iconButton("more", "More like this: select what looks like it (K)", act.more, false);
  const color = h("select", { "aria-label": "color by", title: "color by" });
  color.addEventListener("change", () => act.choose("color", color.value || null));
  const axes = (["x", "y"] as const).map((which) => {
    const select = h("select", { "aria-label": `column along ${which}` });
    select.addEventListener("change", () => act.choose(which, select.value));
    return select;
  });
  const looks = (["size", "opacity"] as const).map((what) => {
    const [least, most] = what === "size" ? [1, 16] : [0.05, 1];
    const slider = h("input", { type: "range", min: least, max: most, step: what === "size" ? 0.5 : 0.05 });
    slider.setAttribute("aria-label", `${what} of points`);
    slider.addEventListener("input", () => act.look(what, Number(slider.value)));
    const auto = h("button.nbl-quiet.nbl-scatter-small", { title: `${what} to suit the number of points` });
    auto.textContent = "auto";
    auto.addEventListener("click", () => {
      act.look(what, null);
      refresh();
    });
    return { what, slider, auto, row: h("label.nbl-scatter-field", {}, h("span", {}, what), slider, auto) };
  });
  const refresh = () => {
    const now = act.looks();
    for (const { what, slider, auto } of looks) {
      slider.value = String(now[what] ?? (what === "size" ? 4 : 0.9));
      auto.setAttribute("aria-pressed", String(now[what] === null));
    }
  };
  for (const { slider } of looks) slider.addEventListener("input", refresh);
  const popover = h(
    "div.nbl-popover.nbl-scatter-axes",
    { hidden: true, role: "dialog", "aria-label": "axes and points", tabindex: -1 },
    ...axes.map((select, i) => h("label.nbl-scatter-field", {}, h("span", {}, "xy"[i]), select)),
    ...looks.map(({ row }) => row),
  );
  const open = iconButton(
    "axes",
    "Axes, size and opacity of points",
    () => show(Boolean(popover.hidden)),
    false,
  );
  open.setAttribute("aria-expanded", "false");
  const show = (yes: boolean) => {
    popover.hidden = !yes;
    open.setAttribute("aria-expanded", String(yes));
    if (yes) {
      refresh();
      popover.style.top = `${frame.toolbar.offsetHeight + 2}px`;
      const left = open.getBoundingClientRect().left - frame.root.getBoundingClientRect().left;
      popover.style.left = `${Math.max(Math.min(left, frame.root.clientWidth - popover.offsetWidth - 4), 4)}px`;
      focusOn(axes[0]);
    }
  };
  document.addEventListener(
    "pointerdown",
    (event) => {
      const target = event.composedPath()[0] as Node;
      if (!popover.hidden && !popover.contains(target) && !open.contains(target)) show(false);
    },
    { signal, capture: true },
  );
  frame.root.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || popover.hidden) return;
      event.stopPropagation();
      show(false);
      focusOn(open);
    },
    { signal, capture: true },
  );
  const count = h("span.nbl-count.nbl-scatter-count", { role: "status" });
  frame.toolbar.prepend(
    h(
      "div.nbl-scatter-modes",
      { role: "group", "aria-label": "what dragging does" },
      ...modes.map((m) => m.button),
    ),
    color,
    open,
    dense,
    more,
    iconButton("fit", "Show everything (0)", act.fit, false),
    count,
  );
  frame.toolbar.append(
    h("button.nbl-quiet.nbl-icon", { "aria-label": "keys", title: "keys (?)", onclick: act.help }, "?"),
  );
  frame.root.append(popover);

  return {
    offer({ columns, layout }) {
      const entry = (name: string) => h("option", { value: name }, name);
      const by = h("option", { value: "" }, "one color");
      const groups = (
        [
          ["categories", ["category", "boolean"]],
          ["numbers", ["number", "time"]],
        ] as const
      ).map(([title, kinds]) => {
        const own = columns.filter(({ kind }) => (kinds as readonly string[]).includes(kind));
        return own.length ? h("optgroup", { label: title }, ...own.map(({ name }) => entry(name))) : null;
      });
      color.replaceChildren(by, ...groups.filter((group) => group !== null));
      const names = columns.map(({ name }) => name);
      const own = layout ? ["u", "v"].filter((name) => !names.includes(name)) : [];
      for (const select of axes) select.replaceChildren(...[...own, ...names].map(entry));
    },
    update(now) {
      for (const { mode, button } of modes) button.setAttribute("aria-pressed", String(mode === now.mode));
      dense.setAttribute("aria-pressed", String(now.density));
      color.value = now.color ?? "";
      [axes[0].value, axes[1].value] = [now.x, now.y];
    },
    count(text, title) {
      count.textContent = text;
      count.title = title;
    },
  };
}

function iconButton(
  name: keyof typeof SHAPES,
  what: string,
  act: () => void,
  pressed: boolean,
): HTMLButtonElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of [
    ["viewBox", "0 0 16 16"],
    ["width", "16"],
    ["height", "16"],
    ["class", "nbl-glyph"],
  ])
    svg.setAttribute(key, value);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  const button = h("button.nbl-icon", { type: "button", title: what, "aria-label": what, onclick: act }, svg);
  if (pressed) button.setAttribute("aria-pressed", "false");
  return button;
}
