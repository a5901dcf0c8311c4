/** Masks for the editor: those of the picture, with pending edits applied. */
import { fromMasks, type Raster } from "../../core/edit/raster";
import { neutral } from "../../draw/palette";
import type { MaskOf, Picture } from "../viewer/picture";
import type { Queue } from "./queue";

export interface Subject {
  /** "instances:12", or the name of a mask that has no id yet. */
  key: string;
  of: MaskOf;
  id: number | string;
  raster: Raster;
  label: string;
}

export function subjectAt(picture: Picture, mask: number, queue: Queue): Subject {
  const key = picture.key(mask);
  const label = picture.label(mask);
  const item = queue.find(key);
  // A prediction that was changed is an instance from then on.
  if (item?.token) return { key, of: "instances", id: item.token, raster: item.raster, label };
  const raster = item?.raster ?? fromMasks(picture.masks, mask);
  return { key, of: picture.of(mask), id: picture.ids[mask], raster, label };
}

export function subjectOf(picture: Picture, key: string, queue: Queue): Subject | undefined {
  const mask = maskOf(picture, queue.key(key));
  if (mask >= 0) return subjectAt(picture, mask, queue);
  const item = queue.find(key);
  if (!item || item.imageId !== picture.head.imageId) return undefined;
  return { key, of: "instances", id: item.token || item.key, raster: item.raster, label: item.label ?? "" };
}

/** The rows whose questions the form asks: the instances in hand, and the image. */
export function asked(picture: Picture | undefined, subjects: readonly Subject[]) {
  const ids = subjects.filter(({ of }) => of === "instances").map(({ id }) => id);
  const instances = ids.filter((id) => typeof id === "number");
  const why = subjects.length
    ? "Questions are asked of instances: accept the prediction first (M)."
    : "Point at an instance to answer its questions.";
  const images = picture ? [picture.head.imageId] : [];
  return instances.length ? { instances, images } : { instances, images, why };
}

/** The mask of the picture with a key; -1 for none. */
export function maskOf(picture: Picture, key: string): number {
  for (let mask = 0; mask < picture.n; mask++) if (picture.key(mask) === key) return mask;
  return -1;
}

export function labelColor({ head }: Picture, label: string): string {
  const { colors, instances } = head.label;
  return colors[instances.indexOf(label)] ?? neutral;
}
