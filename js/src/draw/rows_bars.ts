/** Small histograms: all rows in grey, those allowed in front, in color. */

export interface Counts {
  /** The last bin counts the missing. */
  total: readonly number[];
  allowed: readonly number[] | null;
}

const SPACE = "http://www.w3.org/2000/svg";
const MOST = 40; // categories drawn

export function makeBars(width: number, height: number): SVGSVGElement {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("nbl-bars");
  return svg;
}

/**
 * Draw counts into an element of makeBars.
 *
 * @param colors one per bin, for categories; else bars have the accent color.
 * @param chosen start and end of a range filter, as shares of the width; null for none.
 */
export function drawBars(
  svg: SVGSVGElement,
  counts: Counts,
  colors: readonly string[] = [],
  chosen: readonly [number, number] | null = null,
): void {
  const [, , width, height] = svg.getAttribute("viewBox")!.split(" ").map(Number);
  const n = Math.min(counts.total.length - 1, MOST);
  const total = counts.total.slice(0, n);
  const allowed = (counts.allowed ?? counts.total).slice(0, n);
  const most = Math.max(...total, 1);
  const step = width / Math.max(n, 1);
  const gap = step > 3 ? 1 : 0;
  const wide = Math.min(step - gap, 28);
  const x = (i: number) => i * step + (colors.length ? 0 : (step - gap - wide) / 2);
  const tall = (count: number) => (count ? Math.max(Math.sqrt(count / most) * height, 1) : 0);
  const bar = (i: number, count: number) => `M${x(i)} ${height}v${-tall(count)}h${wide}v${tall(count)}z`;
  svg.replaceChildren();
  if (chosen) svg.append(shape("rect", "nbl-bars-range", rectangle(chosen, width, height)));
  svg.append(shape("path", "nbl-bars-all", { d: total.map((count, i) => bar(i, count)).join("") }));
  if (colors.length)
    allowed.forEach((count, i) => {
      if (count) svg.append(shape("path", "", { d: bar(i, count), fill: colors[i] ?? "" }));
    });
  else svg.append(shape("path", "nbl-bars-in", { d: allowed.map((count, i) => bar(i, count)).join("") }));
}

function rectangle([from, to]: readonly [number, number], width: number, height: number) {
  return { x: from * width, y: 0, width: Math.max((to - from) * width, 1), height };
}

function shape(name: string, className: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SPACE, name);
  if (className) element.setAttribute("class", className);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
