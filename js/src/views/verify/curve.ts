/** Masks accepted against answers given, as a small chart. */
import { formatCount } from "../../core/values/format";
import { h } from "../../draw/dom";
import type { Progress } from "./wire";

const WIDTH = 260;
const HEIGHT = 72;

/** The chart of a propagation; null before two questions are answered. */
export function curve({ curve: steps, n_accepted, n_answers }: Progress): HTMLElement | null {
  if (steps.length < 2 || !n_accepted || !n_answers) return null;
  const most = Math.max(...steps.map(([, masks]) => masks));
  const right = Math.max(...steps.map(([answers]) => answers));
  const at = ([answers, masks]: readonly [number, number]) =>
    `${((answers / right) * WIDTH).toFixed(1)} ${((1 - masks / most) * HEIGHT).toFixed(1)}`;
  const line = `M0 ${HEIGHT}L${steps.map(at).join("L")}`;
  const said = `${formatCount(n_accepted)} masks accepted after ${formatCount(n_answers)} answers`;
  return h(
    "figure.nbl-verify-curve",
    {},
    drawn(line, said),
    h(
      "figcaption.nbl-muted",
      {},
      h("span", {}, "0"),
      h("span", {}, `masks accepted, up to ${formatCount(most)}`),
      h("span", {}, `${formatCount(right)} answers`),
    ),
  );
}

function drawn(line: string, said: string): SVGSVGElement {
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  svg.setAttribute("aria-label", said);
  svg.append(
    element("path", { class: "nbl-verify-area", d: `${line}V${HEIGHT}Z` }),
    element("path", { class: "nbl-verify-rise", d: line, "vector-effect": "non-scaling-stroke" }),
  );
  return svg;
}

function element<K extends "svg" | "path">(
  name: K,
  attributes: Record<string, string>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
