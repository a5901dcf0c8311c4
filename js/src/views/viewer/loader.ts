/**
 * Images from the kernel; recent ones and the next ones are kept decoded. The promises of an entry end in a value
 * or an error; failed entries are dropped, so that another call asks the kernel again.
 */

import { asBytes } from "../../wire/codec";
import { Cancelled, type Rpc, said } from "../../wire/rpc";
import { type Coloring, type Head, Picture } from "./picture";

export interface Pixels {
  bitmap: ImageBitmap;
  /** Size of the file's image, pixels. */
  width: number;
  height: number;
  /** Whether the bitmap has all of them. */
  whole: boolean;
  /** Whether auto contrast changed them. */
  auto: boolean;
}

/** The reply that comes with the bytes of an image. */
export interface PixelsHead extends Omit<Pixels, "bitmap"> {
  rev: number;
  row: number;
  mime: string;
}

/** The reply that comes with the values to color masks by. */
export interface Recolored {
  rev: number;
  row: number;
  color: Coloring;
}

export interface Entry {
  row: number;
  picture: Promise<Picture>;
  pixels: Promise<Pixels>;
  /** Set when they are loaded. */
  masks?: Picture;
  image?: Pixels;
  problem?: unknown;
  /** When the masks arrived, performance.now(). */
  arrived: number;
}

const MOST = 12; // entries
const MOST_PIXELS = 100_000_000; // pixels of all bitmaps, 4 bytes each

export class Loader {
  #entries = new Map<number, Entry>();

  readonly #rpc: Rpc;
  readonly #current: () => { rev: number; colorBy: string };
  readonly #signal: AbortSignal;

  constructor(rpc: Rpc, current: () => { rev: number; colorBy: string }, signal: AbortSignal) {
    this.#rpc = rpc;
    this.#current = current;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.clear(), { once: true });
  }

  /** An image, from the cache if it is there. @param key of requests with one key, only the newest counts. */
  load(row: number, key: string): Entry {
    const known = this.#entries.get(row);
    if (known) {
      this.#entries.delete(row);
      this.#entries.set(row, known);
      return known;
    }
    const { colorBy } = this.#current();
    const entry = this.#entry(
      row,
      this.#masks({ row, color_by: colorBy }, `masks ${key}`),
      this.#pixels(row, key),
    );
    this.#entries.set(row, entry);
    this.#trim(row);
    return entry;
  }

  /** The entry's image as in the current tables, with the pixels it has; null if the image is gone. */
  async reload(entry: Entry, imageId: number): Promise<Entry | null> {
    const { colorBy } = this.#current();
    const picture = await this.#masks({ image_id: imageId, color_by: colorBy }, "masks shown");
    if (!picture) return null;
    const { row } = picture.head;
    const fresh = this.#entry(row, Promise.resolve(picture), entry.pixels);
    const inTheWay = this.#entries.get(row);
    if (inTheWay && inTheWay.pixels !== entry.pixels) drop(inTheWay);
    this.#entries.set(row, fresh);
    await fresh.picture;
    return fresh;
  }

  /** Request the pixels of an entry again; the old ones stay until the new ones arrive. */
  retry(entry: Entry): void {
    delete entry.problem;
    entry.pixels = this.#pixels(entry.row, "shown");
    this.#follow(entry);
  }

  /** Drop everything but the pixels of one entry, which the caller still shows. */
  clear(except?: Entry): void {
    for (const entry of this.#entries.values()) if (entry.pixels !== except?.pixels) drop(entry);
    this.#entries.clear();
  }

  /** Load numbers or codes to color the masks of an image by. */
  async colors(entry: Entry, colorBy: string): Promise<void> {
    const { result, buffers } = await this.#rpc.request<Recolored>(
      "colors",
      { row: entry.row, color_by: colorBy },
      { key: "colors" },
    );
    this.#check(result.rev);
    entry.masks?.recolor(result.color, buffers);
  }

  /** Drop all entries but this one. */
  forgetOthers(entry: Entry | null): void {
    for (const [row, other] of this.#entries)
      if (other !== entry) {
        this.#entries.delete(row);
        drop(other);
      }
  }

  #entry(row: number, masks: Promise<Picture | null>, pixels: Promise<Pixels>): Entry {
    const picture = masks.then((found) => {
      if (!found) throw new Cancelled("the image is gone");
      return found;
    });
    const entry: Entry = { row, picture, pixels, arrived: 0 };
    this.#follow(entry);
    return entry;
  }

  #follow(entry: Entry): void {
    entry.picture.then(
      (picture) => {
        entry.masks = picture;
        entry.arrived = performance.now();
      },
      () => this.#forget(entry),
    );
    const { pixels } = entry;
    pixels.then(
      (image) => {
        if (entry.pixels === pixels) {
          if (entry.image !== image) entry.image?.bitmap.close();
          entry.image = image;
        } else image.bitmap.close();
        this.#trim(entry.row);
      },
      (error) => {
        if (entry.pixels !== pixels) return;
        entry.problem = error;
        if (error instanceof Cancelled) this.#forget(entry);
      },
    );
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.row) === entry) this.#entries.delete(entry.row);
  }

  async #masks(params: object, key: string): Promise<Picture | null> {
    const { result, buffers } = await this.#rpc.request<Head>("masks", params, { key });
    this.#check(result.rev);
    return result.row < 0 ? null : new Picture(result, buffers);
  }

  async #pixels(row: number, key: string): Promise<Pixels> {
    const { result, buffers } = await this.#rpc.request<PixelsHead>(
      "pixels",
      { row },
      { key: `pixels ${key}` },
    );
    this.#check(result.rev);
    const bitmap = await decode(asBytes(buffers[0]), result.mime);
    if (this.#signal.aborted) {
      bitmap.close();
      throw new Cancelled("the view was closed");
    }
    const { width, height, whole, auto } = result;
    return { bitmap, width, height, whole, auto };
  }

  /** Cancel a reply on other tables than those on the page: its row numbers mean other rows. */
  #check(rev: number): void {
    if (rev !== this.#current().rev) throw new Cancelled("the tables have changed meanwhile");
  }

  #trim(keep: number): void {
    let pixels = 0;
    for (const { image } of this.#entries.values())
      if (image) pixels += image.bitmap.width * image.bitmap.height;
    for (const [row, entry] of this.#entries) {
      if (this.#entries.size <= 3 || (this.#entries.size <= MOST && pixels <= MOST_PIXELS)) return;
      if (row === keep) continue;
      if (entry.image) pixels -= entry.image.bitmap.width * entry.image.bitmap.height;
      this.#entries.delete(row);
      drop(entry);
    }
  }
}

/** EXIF must not rotate the image: masks refer to the pixels as they are stored. */
export async function decode(bytes: Uint8Array<ArrayBuffer>, mime: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes], { type: mime }), {
      imageOrientation: "none",
      colorSpaceConversion: "none",
    });
  } catch (error) {
    throw new Error(`the browser cannot decode this ${mime}: ${said(error)}`);
  }
}

function drop(entry: Entry): void {
  entry.pixels.then(
    ({ bitmap }) => bitmap.close(),
    () => {},
  );
}
