/** Small drawings for buttons, in the color of the text. */

const SHAPES = {
  previous: "M10 3 5 8l5 5",
  next: "M6 3l5 5-5 5",
  image: "M2.5 3.5h11v9h-11zM3 11l3-3.5 2.5 2.5 2-2L13 11M10.5 6h.01",
  labels: "M4 3.5l7-1 2.5 6-4 4.5-6.5-2z",
  predictions: "M4 3.5l7-1 2.5 6-4 4.5-6.5-2z",
  display: "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  list: "M6 4h8M6 8h8M6 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
  shown: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 .01 0z",
  hidden: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM3 13 13 3",
  locked: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  open: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 4.8-1",
} as const;

export type IconName = keyof typeof SHAPES;

export function icon(name: IconName): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 16 16",
    width: 16,
    height: 16,
    "aria-hidden": "true",
  }))
    svg.setAttribute(key, String(value));
  svg.setAttribute("class", "nbl-glyph");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", SHAPES[name]);
  if (name === "predictions") path.setAttribute("stroke-dasharray", "2.5 2");
  svg.append(path);
  return svg;
}
