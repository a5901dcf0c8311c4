/** A place on the picture that a comment is about: shown, and asked for.
 *
 * Whoever knows of one, such as the line above the work, sends `SPOT` to the view. The view sends `SPOT_ASKED`
 * when it shows another image.
 */
import { type Camera, type Point, type Size, toImage, toScreen } from "../core/space/camera";
import { h } from "../draw/dom";
import { hear } from "./elements";

export const SPOT = "nbl-spot";
export const SPOT_ASKED = "nbl-spot-asked";

export interface Spotted {
  /** Id of the image that it is on. */
  image: number;
  /** Pixels of the image; null for no place. */
  at: Point | null;
  /** Gets each pixel that is clicked; null: clicks are for the tools. */
  pick: ((at: Point) => void) | null;
}

/** The picture's place on the page. */
interface Ground {
  readonly el: HTMLElement;
  readonly front: HTMLElement;
  readonly camera: Camera;
  readonly ratio: number;
  readonly imageSize: Size | null;
}

const NONE: Spotted = { image: -1, at: null, pick: null };

export class Spot {
  readonly #pin = h("div.nbl-viewer-spot", {
    hidden: true,
    role: "img",
    "aria-label": "place of the comment",
  });
  #now = NONE;
  #image = -1;

  constructor(
    private stage: Ground,
    private root: HTMLElement,
    signal: AbortSignal,
  ) {
    stage.front.append(this.#pin);
    hear(root, SPOT as "click", (event) => this.#told((event as unknown as CustomEvent<Spotted>).detail), {
      signal,
    });
    hear(stage.el, "pointerdown", (event) => this.#picked(event), { signal, capture: true });
  }

  /** Another image is shown; -1 for none. */
  shows(image: number): void {
    this.#image = image;
    this.place();
    this.root.dispatchEvent(new CustomEvent(SPOT_ASKED, { bubbles: true }));
  }

  /** Camera or size changed. */
  place(): void {
    const { at, image, pick } = this.#now;
    const here = image === this.#image;
    this.stage.el.classList.toggle("nbl-viewer-picking", here && pick !== null);
    this.#pin.hidden = !here || at === null;
    if (at === null) return;
    const [x, y] = toScreen(this.stage.camera, at[0], at[1]);
    const { ratio } = this.stage;
    this.#pin.style.transform = `translate(${x / ratio}px, ${y / ratio}px)`;
  }

  #told(spotted: Spotted): void {
    this.#now = spotted;
    this.place();
  }

  #picked(event: PointerEvent): void {
    const { pick, image } = this.#now;
    const size = this.stage.imageSize;
    const onButton = (event.target as HTMLElement).closest?.("button, a, .nbl-viewer-minimap");
    if (!pick || !size || image !== this.#image || event.button !== 0 || onButton) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const box = this.stage.el.getBoundingClientRect();
    const { ratio, camera } = this.stage;
    const [x, y] = toImage(camera, (event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio);
    if (x >= 0 && y >= 0 && x <= size.width && y <= size.height) pick([x, y]);
  }
}
