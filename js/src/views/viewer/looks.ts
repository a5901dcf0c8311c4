/** How each mask of the image looks now: colors, layers, what is hidden, what the selection leaves out. */

import { type Looks, newLooks } from "../../core/masks/composite";
import type { Bitset } from "../../core/rows/bitset";
import type { Adjustment } from "../../core/values/adjust";
import { toRgb, viridis } from "../../draw/colors";
import { neutral } from "../../draw/palette";
import type { Settings } from "./options";
import type { MaskOf, Picture } from "./picture";

export interface Context {
  settings: Settings;
  /** Of the picture below the masks. */
  adjustment: Adjustment;
  /** Rows the selection allows, null for all. */
  allowed: Record<MaskOf, Bitset | null>;
  /** Keys of masks hidden one by one. */
  hidden: ReadonlySet<string>;
  /** Groups hidden by the legend. */
  off: ReadonlySet<string>;
  active: number;
  hover: number;
}

const DIMMED = 0.25;
const PREDICTED = 0.6; // fainter, as they mostly overlap instances

export function looksOf(picture: Picture, context: Context): Looks {
  const { settings, active, hover } = context;
  const looks = newLooks(picture.n);
  const fill = settings.get("fill") ? settings.get("opacity") : 0;
  for (let mask = 0; mask < picture.n; mask++) {
    const allowed = isAllowed(picture, mask, context.allowed);
    looks.color[mask] = packedColor(maskColor(picture, mask));
    looks.shown[mask] = isShown(picture, mask, context) ? 1 : 0;
    const opacity = mask < picture.nLabels ? fill : fill * PREDICTED;
    const strong = mask === active || mask === hover;
    looks.fill[mask] = strong
      ? Math.min(opacity * 1.35 + 0.05, 1) * Number(opacity > 0)
      : opacity * (allowed ? 1 : DIMMED);
    looks.line[mask] = allowed || strong ? 1 : DIMMED;
    looks.dashed[mask] = mask >= picture.nLabels ? 1 : 0;
  }
  return looks;
}

/** What the legend hides a mask with: column and text; null where colors stand for numbers. */
export function groupOf({ coloring, values }: Picture, mask: number): string | null {
  return coloring.kind === "category" ? `${coloring.name}:${coloring.categories[values[mask]] ?? ""}` : null;
}

/** All groups of the colors, those that are not on this image, too. */
export function groupsOf({ coloring }: Picture): string[] {
  if (coloring.kind !== "category") return [];
  return ["", ...coloring.categories].map((text) => `${coloring.name}:${text}`);
}

/** Whether the layer, the score, the selection, the legend and the person show a mask. */
export function isShown(picture: Picture, mask: number, context: Context): boolean {
  const { settings, hidden, off, allowed } = context;
  if (hidden.has(picture.key(mask))) return false;
  if (off.size && off.has(groupOf(picture, mask) ?? "")) return false;
  if (settings.get("only_selected") && !isAllowed(picture, mask, allowed)) return false;
  if (mask < picture.nLabels) return settings.get("show_labels");
  return settings.get("show_predictions") && !(picture.score[mask] < settings.get("min_score"));
}

export function isAllowed(picture: Picture, mask: number, allowed: Context["allowed"]): boolean {
  return allowed[picture.of(mask)]?.has(picture.rows[mask]) ?? true;
}

/** "#rrggbb". */
export function maskColor({ coloring, values }: Picture, mask: number): string {
  const value = values[mask];
  if (coloring.kind === "category") return coloring.colors[value] ?? neutral;
  if (Number.isNaN(value)) return neutral;
  const { low, high } = coloring;
  const [r, g, b] = viridis(high > low ? (value - low) / (high - low) : 0.5);
  return `#${((r << 16) | (g << 8) | b).toString(16).padStart(6, "0")}`;
}

function packedColor(color: string): number {
  const [r, g, b] = toRgb(color);
  return (b << 16) | (g << 8) | r;
}
