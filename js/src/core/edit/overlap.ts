/** Masks of one image that must not overlap; the kernel does the same to the tables. */
import { type Raster, subtract } from "./raster";

/** allow: nothing happens; overwrite: the others lose what the new mask has; behind: it loses what they have. */
export type Overlap = "allow" | "overwrite" | "behind";

/** A new mask and those that are there, after one has yielded to the other. Masks left without pixels are kept. */
export function placed(
  mask: Raster,
  others: readonly Raster[],
  mode: Overlap,
): { mask: Raster; others: Raster[] } {
  if (mode === "overwrite") return { mask, others: others.map((other) => subtract(other, mask)) };
  if (mode === "behind") return { mask: others.reduce(subtract, mask), others: [...others] };
  return { mask, others: [...others] };
}
