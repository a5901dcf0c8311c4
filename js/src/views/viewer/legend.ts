/** The legend of the colors on this image. */
import { viridis } from "../../draw/colors";
import { h } from "../../draw/dom";
import { neutral } from "../../draw/palette";
import type { Picture } from "./picture";

const MOST = 7;

/** A square for instances, a dashed frame for predictions. */
export function swatchOf(color: string, predicted: boolean): HTMLElement {
  if (!predicted) return h("span.nbl-swatch", { style: { backgroundColor: color } });
  return h("span.nbl-swatch.nbl-viewer-predicted", { style: { borderColor: color } });
}

export function legend(picture: Picture): HTMLElement[] {
  return [...masksLegend(picture), ...regionsLegend(picture)];
}

const REGIONS: Record<string, string> = {
  ignore: "ignored: neither trained on nor measured",
  done: "done: everything here is labeled",
};

/** One entry per kind of region on this image, and how many there are. */
function regionsLegend({ head }: Picture): HTMLElement[] {
  return Object.entries(REGIONS).flatMap(([kind, title]) => {
    const found = head.regions.filter((region) => region.kind === kind);
    if (!found.length) return [];
    const labels = new Set(found.map(({ label }) => label).filter((label) => label !== null));
    const about = labels.size ? ` (${[...labels].join(", ")})` : "";
    const swatch = h(`span.nbl-swatch.nbl-viewer-${kind}`);
    return [h("span.nbl-viewer-key", { title: title + about }, swatch, `${kind} ${found.length}${about}`)];
  });
}

function masksLegend(picture: Picture): HTMLElement[] {
  const { coloring, values, n } = picture;
  if (!n) return [];
  if (coloring.kind !== "category") return [scale(coloring.name, coloring.low, coloring.high, coloring.kind)];
  const counts = new Map<number, number>();
  for (const code of values) counts.set(code, (counts.get(code) ?? 0) + 1);
  const codes = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
  const entries = codes.slice(0, MOST).map((code) => {
    const text = coloring.categories[code] ?? "none";
    const backgroundColor = coloring.colors[code] ?? neutral;
    return h(
      "span.nbl-viewer-key",
      { title: text },
      h("span.nbl-swatch", { style: { backgroundColor } }),
      text,
    );
  });
  if (codes.length > MOST) entries.push(h("span.nbl-viewer-key", {}, `and ${codes.length - MOST} more`));
  return entries;
}

function scale(name: string, low: number, high: number, kind: "number" | "time"): HTMLElement {
  const stops = Array.from({ length: 9 }, (_, i) => `rgb(${viridis(i / 8).join(" ")})`);
  const bar = h("span.nbl-viewer-scale", {
    style: { backgroundImage: `linear-gradient(to right, ${stops.join(", ")})` },
  });
  const say = (value: number) =>
    kind === "time" ? new Date(value).toISOString().slice(0, 10) : String(Number(value.toPrecision(3)));
  return h("span.nbl-viewer-key", { title: name }, `${name} ${say(low)}`, bar, say(high));
}
