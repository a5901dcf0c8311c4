/** Resolves overlaps between masks of one image; the kernel does the same in the tables. */
import { type Raster, subtract } from "./raster";

/** allow: keep overlaps; overwrite: the others lose the pixels of the new mask; behind: it loses theirs. */
export type Overlap = "allow" | "overwrite" | "behind";

/** The new mask and the others without overlaps. Masks left without pixels are kept. */
export function placed(
  mask: Raster,
  others: readonly Raster[],
  mode: Overlap,
): { mask: Raster; others: Raster[] } {
  if (mode === "overwrite") return { mask, others: others.map((other) => subtract(other, mask)) };
  if (mode === "behind") return { mask: others.reduce(subtract, mask), others: [...others] };
  return { mask, others: [...others] };
}
