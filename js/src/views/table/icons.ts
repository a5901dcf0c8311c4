/** Icons as SVG, in the color of the text around. */

const PATHS = {
  funnel: "M2 3h12l-4.7 5.6V13l-2.6 1.4V8.6z",
  columns: "M2 3h3.2v10H2zM6.4 3h3.2v10H6.4zM10.8 3H14v10h-3.2z",
  search: "M7 2a5 5 0 1 0 3 9l3.3 3.3 1-1L11 10a5 5 0 0 0-4-8zm0 1.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z",
  picture: "M2 3h12v10H2zm1.3 1.3v6l3-3.2 2.6 2.7 1.5-1.4 2.3 2.2V4.3z",
} as const;

export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 16 16",
    width: 13,
    height: 13,
    "aria-hidden": true,
  }))
    svg.setAttribute(key, String(value));
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  path.setAttribute("fill", "currentColor");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}
