/** Contents of stage and list, from the picture, the settings, and the active and hovered masks. */
import type { Visibility } from "../../core/masks/visibility";
import type { Marked } from "../../draw/overlay";
import type { ListState } from "./list_row";
import { type Context, isAllowed, isShown, looksOf, maskColor } from "./looks";
import type { Picture } from "./picture";
import type { Scene } from "./stage";

const WHITE = 0xffffffff;
const SHADE = 0xb0000000;

/** @param unit device pixels per CSS pixel. */
export function sceneOf(
  picture: Picture,
  bitmap: ImageBitmap | null,
  context: Context,
  visibility: Visibility,
  unit: number,
): Scene {
  const { settings } = context;
  const looks = looksOf(picture, context);
  return {
    picture,
    looks,
    bitmap: settings.get("show_image") ? bitmap : null,
    marked: marked(picture, context, looks.shown, unit),
    adjustment: context.adjustment,
    outlines: settings.get("outlines"),
    locked: (mask) => visibility.locked.has(picture.key(mask)),
  };
}

export function listStateOf(picture: Picture, context: Context, visibility: Visibility): ListState {
  return {
    picture,
    active: context.active,
    hover: context.hover,
    color: (mask) => maskColor(picture, mask),
    shown: (mask) => isShown(picture, mask, context),
    allowed: (mask) => isAllowed(picture, mask, context.allowed),
    hidden: (mask) => visibility.hidden.has(picture.key(mask)),
    locked: (mask) => visibility.locked.has(picture.key(mask)),
  };
}

function marked(picture: Picture, { active, hover }: Context, shown: Uint8Array, unit: number): Marked[] {
  const out: Marked[] = [];
  const add = (mask: number, innerWidth: number) => {
    const ring = { inner: WHITE, outer: SHADE, innerWidth, outerWidth: unit };
    out.push({ mask, box: picture.box(mask), ring });
  };
  if (hover >= 0 && hover !== active && shown[hover]) add(hover, unit);
  if (active >= 0 && shown[active]) add(active, 2 * unit);
  return out;
}
