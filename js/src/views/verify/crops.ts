/** Crops from the kernel, with decoded pictures and traced outlines. */
import { contours } from "../../core/edit/contour";
import { fromCounts } from "../../core/edit/raster";
import { asBytes } from "../../wire/codec";
import { said } from "../../wire/rpc";
import { decode } from "../viewer/loader";
import type { CropHead } from "./wire";

export interface Crop {
  head: CropHead;
  bitmap: ImageBitmap | null;
  /** The mask with its holes, pixels of the image. */
  path: Path2D;
  /** Version of the display. */
  version?: number;
}

/**
 * Unpack the crops of a message. Every crop arrives; if its picture or mask cannot be read, its `problem` says so.
 *
 * @param buffers all masks concatenated, and all pictures.
 * @param arrived called with each when its picture is decoded.
 */
export async function unpackCrops(
  heads: readonly CropHead[],
  [masks, pictures]: readonly DataView[],
  arrived: (i: number, crop: Crop) => void,
): Promise<void> {
  let [from, start] = [0, 0];
  const parts = heads.map((head) => {
    const [mask, picture] = head.bytes;
    const part = {
      head,
      mask: asBytes(masks).subarray(from, from + mask),
      picture: asBytes(pictures).subarray(start, start + picture),
    };
    from += mask;
    start += picture;
    return part;
  });
  await Promise.all(
    parts.map(async ({ head, mask, picture }, i) => {
      const problems = head.problem ? [head.problem] : [];
      const wrong = (error: unknown) => {
        problems.push(said(error));
        return null;
      };
      const bitmap = picture.length ? await decode(picture, "image/jpeg").catch(wrong) : null;
      const path = attempt(() => outline(head, mask), wrong) ?? new Path2D();
      arrived(i, { head: { ...head, problem: problems.join("; ") }, bitmap, path });
    }),
  );
}

function attempt<T>(work: () => T, wrong: (error: unknown) => null): T | null {
  try {
    return work();
  } catch (error) {
    return wrong(error);
  }
}

/** The mask of a box, perhaps scaled down, as a path in the image. */
function outline({ box, mask: [width, height] }: CropHead, counts: Uint8Array): Path2D {
  const [left, top, right, bottom] = box;
  const [sx, sy] = [(right - left) / width, (bottom - top) / height];
  const path = new Path2D();
  for (const ring of contours(fromCounts(counts, height, width))) {
    for (let i = 0; i < ring.length; i += 2) {
      const [x, y] = [left + ring[i] * sx, top + ring[i + 1] * sy];
      if (i) path.lineTo(x, y);
      else path.moveTo(x, y);
    }
    path.closePath();
  }
  return path;
}
