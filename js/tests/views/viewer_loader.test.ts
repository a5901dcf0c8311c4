import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeCounts } from "../../src/core/masks/rle";
import { type Entry, Loader } from "../../src/views/viewer/loader";
import { Cancelled, Rpc } from "../../src/wire/rpc";

/** Bitmaps that are open; the browser holds their memory until they are closed. */
let open = 0;

beforeEach(() => {
  open = 0;
  vi.stubGlobal("createImageBitmap", async (_: Blob, options: ImageBitmapOptions) => {
    expect(options.imageOrientation).toBe("none");
    open++;
    return { width: 4000, height: 3000, close: () => open-- };
  });
});
afterEach(() => vi.unstubAllGlobals());

const view = (array: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }) =>
  new DataView(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);

/** What the kernel answers about an image with one label and one prediction. */
function maskReply(row: number, rev: number) {
  const table = (id: number) => {
    const mask = encodeCounts([1, 2, 3]);
    return [
      Int32Array.of(id),
      Float64Array.of(100 + id),
      Int32Array.of(mask.length),
      mask,
      Int32Array.of(0),
      Int32Array.of(0),
      Float32Array.of(Number.NaN),
      Int32Array.of(2),
      Float32Array.of(0, 1, 1, 2),
    ];
  };
  const buffers = [...table(7), ...table(9), Int32Array.of(0), Int32Array.of(-1)].map(view);
  const names = { instances: ["fish"], predictions: ["fish"] };
  const result = {
    rev,
    row,
    imageId: 50 + row,
    file: "a.jpg",
    width: 2,
    height: 3,
    state: null,
    columns: ["label"],
    label: names,
    source: { instances: ["human"], predictions: ["model"] },
    color: { name: "label", kind: "category", categories: ["fish"], colors: ["#ff0000"] },
    regions: [],
  };
  const noRegions = [new DataView(new ArrayBuffer(0)), new DataView(new ArrayBuffer(0))];
  return { result, buffers: [...buffers, ...noRegions] };
}

function kernel(rev = 0) {
  type Request = { client: string; id: number; key: string; method: string; params: Record<string, number> };
  let hear: (message: unknown, buffers: DataView[]) => void = () => {};
  const asked: Request[] = [];
  const channel = {
    send: (message: unknown) => asked.push(message as Request),
    on: (name: string, callback: (...args: never[]) => void) => {
      if (name === "msg:custom") hear = callback as never;
    },
    off: () => {},
  };
  const state = { rev, missing: new Set<number>() };
  const answer = async () => {
    for (const { client, id, key, method, params } of asked.splice(0)) {
      const head = { client, id, key };
      const row = params.row ?? params.image_id - 50;
      if (method === "pixels" && state.missing.has(row))
        hear({ kind: "error", ...head, error: { type: "ImageError", message: "a.jpg is missing" } }, []);
      else if (method === "pixels")
        hear(
          {
            kind: "result",
            ...head,
            result: { rev: state.rev, mime: "image/png", width: 2, height: 3, whole: true },
          },
          [new DataView(new ArrayBuffer(1))],
        );
      else {
        const { result, buffers } = maskReply(row, state.rev);
        hear({ kind: "result", ...head, result }, buffers);
      }
    }
    await new Promise((resolve) => setTimeout(resolve));
  };
  const control = new AbortController();
  const current = { rev, colorBy: "label" };
  const rpc = new Rpc(channel as never, control.signal);
  const loader = new Loader(rpc, () => current, control.signal);
  return { loader, current, state, answer, asked, control };
}

const quiet = (entry: Entry) => {
  entry.picture.catch(() => {});
  entry.pixels.catch(() => {});
  return entry;
};

describe("the loader", () => {
  it("asks once for an image and keeps it", async () => {
    const { loader, answer, asked } = kernel();
    const entry = loader.load(3, "shown");
    expect(asked.map(({ method }) => method)).toEqual(["masks", "pixels"]);
    await answer();
    expect(loader.load(3, "shown")).toBe(entry);
    expect(entry.masks?.head.imageId).toBe(53);
    expect(entry.image?.whole).toBe(true);
    expect(open).toBe(1);
  });

  it("numbers labels and predictions through, labels first", async () => {
    const { loader, answer } = kernel();
    const entry = loader.load(0, "shown");
    await answer();
    const picture = entry.masks!;
    expect([picture.n, picture.nLabels, [...picture.order]]).toEqual([2, 1, [0, 1]]);
    expect([picture.of(0), picture.of(1)]).toEqual(["instances", "predictions"]);
    expect([picture.find("instances", 7), picture.find("predictions", 9), picture.find("images", 0)]).toEqual(
      [0, 1, -1],
    );
    expect([picture.label(1), picture.source(1), picture.key(1)]).toEqual([
      "fish",
      "model",
      "predictions:109",
    ]);
    expect(picture.box(0)).toEqual([0, 1, 1, 2]);
  });

  it("drops what belongs to other tables than those on the page", async () => {
    const { loader, answer, state } = kernel();
    state.rev = 1;
    const entry = quiet(loader.load(3, "shown"));
    await answer();
    await expect(entry.picture).rejects.toBeInstanceOf(Cancelled);
    expect(entry.masks).toBeUndefined();
    expect(loader.load(3, "shown")).not.toBe(entry); // asks again
  });

  it("forgets an image that another took the place of before it came", async () => {
    const { loader, answer } = kernel();
    const first = quiet(loader.load(1, "shown"));
    quiet(loader.load(2, "shown"));
    const third = quiet(loader.load(3, "shown"));
    await answer();
    await answer();
    await expect(first.picture).rejects.toBeInstanceOf(Cancelled);
    expect(third.masks?.head.row).toBe(3);
  });

  it("keeps masks whose image is missing, and gets the image when asked once more", async () => {
    const { loader, answer, state } = kernel();
    state.missing.add(3);
    const entry = quiet(loader.load(3, "shown"));
    await answer();
    expect(entry.masks?.n).toBe(2);
    expect((entry.problem as Error).message).toBe("a.jpg is missing");
    state.missing.clear();
    loader.retry(entry);
    await answer();
    expect(entry.problem).toBeUndefined();
    expect(entry.image).toBeDefined();
  });

  it("closes the bitmaps of images that were not shown for long", async () => {
    const { loader, answer } = kernel();
    for (let row = 0; row < 30; row++) {
      quiet(loader.load(row, `n ${row}`));
      await answer();
    }
    expect(open).toBeLessThanOrEqual(9); // 100 million pixels
    expect(open).toBeGreaterThanOrEqual(3);
  });

  it("keeps the pixels of the image shown when the tables change", async () => {
    const { loader, answer, state, current } = kernel();
    const entry = loader.load(3, "shown");
    await answer();
    loader.load(4, "ahead");
    await answer();
    state.rev = current.rev = 1;
    loader.clear(entry);
    const promise = loader.reload(entry, 53);
    await answer();
    const fresh = await promise;
    expect(fresh?.image).toBe(entry.image);
    expect(fresh?.masks?.head.rev).toBe(1);
    expect(open).toBe(1);
  });

  it("closes everything when the view is closed, also what comes later", async () => {
    const { loader, answer, control } = kernel();
    for (const row of [1, 2]) {
      quiet(loader.load(row, `n ${row}`));
      await answer();
    }
    quiet(loader.load(3, "late"));
    control.abort();
    await answer();
    await answer();
    expect(open).toBe(0);
  });
});
