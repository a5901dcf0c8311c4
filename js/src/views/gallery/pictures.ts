/** Pictures of tiles as bitmaps, closed when dropped; those with and those without masks are kept apart. */
import { Pictures } from "../rows/fetch";
import type { GalleryState } from "./state";

const PIXELS = 24_000_000; // pixels of bitmaps kept, 4 bytes each; more if three screens of tiles need them

export class TilePictures {
  #kinds: [Bitmaps, Bitmaps];

  readonly #state: GalleryState;

  /** @param size of a picture. @param version see PictureOptions. @param inView number of tiles in view. */
  constructor(
    state: GalleryState,
    size: () => number,
    version: () => number,
    inView: () => number,
    arrived: () => void,
  ) {
    this.#state = state;
    const options = {
      size,
      version,
      make: (file: Blob) => createImageBitmap(file),
      free: (bitmap: ImageBitmap) => bitmap.close(),
      limit: () => Math.max(3 * inView(), Math.floor(PIXELS / size() ** 2)),
    };
    const make = (overlays: boolean) =>
      new Bitmaps(
        state,
        {
          ...options,
          arrived: () => {
            if (overlays === state.get("overlays")) arrived();
          },
        },
        state.signal,
      );
    this.#kinds = [make(false), make(true)];
    state.renumbered = (to) => {
      for (const kind of this.#kinds) kind.renumber(to);
    };
  }

  /** A picture; until the right one arrives, the other kind (with or without masks). */
  get(row: number) {
    return this.#now.get(row) ?? this.#other.get(row);
  }

  anyAuto(rows: readonly number[]): boolean {
    return this.#now.anyAuto(rows);
  }

  want(rows: readonly number[]): void {
    this.#now.want(rows);
    this.#other.want([]);
  }

  get #now(): Bitmaps {
    return this.#kinds[Number(this.#state.get("overlays"))];
  }

  get #other(): Bitmaps {
    return this.#kinds[1 - Number(this.#state.get("overlays"))];
  }
}

class Bitmaps extends Pictures<ImageBitmap> {
  /** Rows have new numbers; null if the new numbers are unknown. */
  renumber(to: ((row: number) => number) | null): void {
    const kept = [...this.kept];
    for (const [row] of kept) if (!to || to(row) < 0) this.drop(row);
    if (!to) return;
    const moved = [...this.kept].map(([row, picture]) => [to(row), picture] as const);
    this.kept.clear();
    for (const [row, picture] of moved) this.kept.set(row, picture);
  }
}
