/** Everything the editor draws over the viewer's masks. */

import { contours } from "../../core/edit/contour";
import { fromMasks, type Raster } from "../../core/edit/raster";
import type { Draft, Drafts } from "../../draw/draft";
import { Guides } from "../../draw/guides";
import type { Prompting } from "../../tools/assist";
import type { Boxing } from "../../tools/box";
import type { Painting } from "../../tools/brush";
import { boxOf } from "../../tools/gesture";
import type { Drawing, Route } from "../../tools/pen";
import type { Reshaping } from "../../tools/reshape";
import type { Picture } from "../viewer/picture";
import type { Stage } from "../viewer/stage";
import type { EditSettings } from "./options";
import type { Pending, Queue } from "./queue";
import type { Strokes } from "./strokes";
import { labelColor, maskOf } from "./subject";
import type { InHand } from "./toolbox";

export interface Shown {
  picture: Picture | undefined;
  stage: Stage;
  settings: EditSettings;
  items: readonly Pending[];
  queue: Queue;
  found: Raster;
  strokes: Strokes;
  tool: string;
  state: InHand | null;
  picked: readonly string[];
  opacity: number;
  route: Route;
}

export function show(drafts: Drafts, shown: Shown): void {
  const { picture, stage, opacity } = shown;
  const { camera, view, ratio } = stage;
  const start = performance.now();
  drafts.draw(picture ? draftsOf(shown, picture) : [], camera, view, Math.max(opacity, 0.25));
  if (!picture) return;
  const color = labelColor(picture, shown.settings.get("label"));
  const guides = new Guides(drafts.canvas.getContext("2d")!, camera, ratio, color);
  for (const key of shown.picked) for (const ring of ringsOf(picture, key)) guides.path(ring, true, true);
  inHand(guides, shown);
  performance.measure("nbl:edit:draw", { start, end: performance.now() });
}

function draftsOf(shown: Shown, picture: Picture): Draft[] {
  const { items, queue, strokes, found, settings } = shown;
  const newest = new Map(items.map((item) => [queue.key(item.key), item]));
  const { subject } = strokes;
  if (strokes.under && subject) newest.delete(queue.key(subject.key));
  const out: Draft[] = [...newest.values()].map(({ raster, color, rev }) => ({
    raster,
    color,
    stroke: null,
    erase: false,
    waiting: rev === undefined,
  }));
  const color = labelColor(picture, settings.get("label"));
  if (strokes.under) {
    const { erase } = strokes;
    const raster = subject?.raster ?? (erase ? null : strokes.raster);
    const own = subject ? labelColor(picture, subject.label) : color;
    if (raster) out.push({ raster, stroke: strokes.raster, erase, color: own, waiting: false });
  }
  if (found.w) out.push({ raster: found, stroke: null, erase: false, color, waiting: false });
  return out;
}

function inHand(guides: Guides, { tool, state, settings, route, strokes }: Shown): void {
  if (tool === "pen" || tool === "scissors")
    drawing(guides, state as Drawing, tool === "scissors" ? route : null);
  else if (tool === "box" || tool === "cutout") {
    const { from, to } = state as Boxing;
    if (from && to) box(guides, boxOf(from, to));
  } else if (tool === "reshape") {
    const { rings, corner } = state as Reshaping;
    rings.forEach((ring, i) => {
      guides.path(ring, true);
      guides.corners(ring, corner?.ring === i ? corner.at : -1);
    });
  } else if (tool === "brush" || tool === "eraser") {
    const { tip, erase } = state as Painting;
    const erases = strokes.under ? erase : erase || tool === "eraser";
    if (tip) guides.brush(tip[0], tip[1], settings.get("brush_size"), settings.get("brush_shape"), erases);
  } else if (tool === "assist") {
    const { points, box: around, from, to } = state as Prompting;
    if (from && to) box(guides, boxOf(from.at, to));
    else if (around) box(guides, around);
    for (const [x, y, inside] of points) guides.point(x, y, inside === 1);
  }
}

function drawing(guides: Guides, { path, tip }: Drawing, route: Route | null): void {
  const last = path.slice(-2) as [number, number];
  const way = tip && path.length && route ? route(last, tip) : [];
  guides.path(tip && path.length ? [...path, ...way, ...tip] : path);
  if (path.length) guides.corner(path[0], path[1], path.length >= 6);
  if (path.length > 2) guides.corner(last[0], last[1]);
}

function box(guides: Guides, [x, y, w, h]: readonly [number, number, number, number]): void {
  guides.path([x, y, x + w, y, x + w, y + h, x, y + h], true, true);
}

function ringsOf(picture: Picture, key: string): Float64Array[] {
  const mask = maskOf(picture, key);
  return mask < 0 ? [] : contours(fromMasks(picture.masks, mask));
}
