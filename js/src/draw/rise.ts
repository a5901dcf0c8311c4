/** A small chart of a number that rises. */

const WIDTH = 260;
const HEIGHT = 72;

/** @param points from left to right, all >= 0; the axes begin at 0. */
export function rise(points: readonly (readonly [number, number])[], said: string): SVGSVGElement {
  const right = Math.max(...points.map(([x]) => x), 1);
  const top = Math.max(...points.map(([, y]) => y), 1);
  const at = ([x, y]: readonly [number, number]) =>
    `${((x / right) * WIDTH).toFixed(1)} ${((1 - y / top) * HEIGHT).toFixed(1)}`;
  const line = `M0 ${HEIGHT}L${points.map(at).join("L")}`;
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  svg.setAttribute("aria-label", said);
  svg.append(
    element("path", { class: "nbl-area", d: `${line}V${HEIGHT}Z` }),
    element("path", { class: "nbl-rise", d: line, "vector-effect": "non-scaling-stroke" }),
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
