// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { boxRaster } from "../../src/core/edit/fill";
import { equal, fromCounts } from "../../src/core/edit/raster";
import { type Edit, Queue } from "../../src/views/edit/queue";
import type { Rpc } from "../../src/wire/rpc";

const edit = (key: string, more: Partial<Edit> = {}): Edit => ({
  imageId: 3,
  height: 20,
  width: 30,
  key,
  token: key,
  of: "instances",
  id: null,
  raster: boxRaster(2, 3, 9, 9, 20, 30),
  label: "fish",
  overlap: "allow",
  color: "#ff0000",
  ...more,
});

/** A kernel that answers when it is told to. */
function played() {
  const asked: { params: Record<string, unknown>; buffers: Uint8Array[]; answer(a: object | Error): void }[] =
    [];
  const said: string[] = [];
  const refused: unknown[] = [];
  const rpc = {
    request: (_: string, params: Record<string, unknown>, { buffers }: { buffers: Uint8Array[] }) =>
      new Promise((resolve, reject) => {
        const answer = (a: object | Error) =>
          a instanceof Error ? reject(a) : resolve({ result: a, buffers: [] });
        asked.push({ params, buffers, answer });
      }),
  } as unknown as Rpc;
  const queue = new Queue(rpc, {
    changed: () => {},
    said: (note) => said.push(note),
    refused: (error) => refused.push(error),
  });
  return { queue, asked, said, refused };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("queue of edits", () => {
  it("sends the mask as COCO's bytes, and shows it until the tables with it are on the page", async () => {
    const { queue, asked, said } = played();
    queue.send(edit("new-1"));
    expect(asked[0].params).toEqual({
      image_id: 3,
      of: "instances",
      id: null,
      token: "new-1",
      label: "fish",
      overlap: "allow",
    });
    expect(equal(fromCounts(asked[0].buffers[0], 20, 30), boxRaster(2, 3, 9, 9, 20, 30))).toBe(true);
    expect(queue.waiting).toBe(1);
    asked[0].answer({ id: 12, note: "drew fish", rev: 5 });
    await settled();
    expect(said).toEqual(["drew fish"]);
    expect(queue.waiting).toBe(0);
    expect(queue.arrived(4)).toEqual([]);
    expect(queue.find("new-1")?.known).toBe(12);
    expect(queue.arrived(5).map(({ known }) => known)).toEqual([12]);
    expect(queue.items).toEqual([]);
  });

  it("sends edits in the order they were made, without waiting, by the names of those not numbered yet", () => {
    const { queue, asked } = played();
    queue.send(edit("new-1"));
    queue.send(edit("new-1", { id: "new-1", label: null, raster: boxRaster(0, 0, 5, 5, 20, 30) }));
    expect(asked.map(({ params }) => [params.id, params.token])).toEqual([
      [null, "new-1"],
      ["new-1", ""],
    ]);
    expect(queue.find("new-1")?.raster).toMatchObject({ x: 0, y: 0 });
    expect(queue.waiting).toBe(2);
  });

  it("knows a new mask by its number once the kernel has given it one, also its edits under way", async () => {
    const { queue, asked } = played();
    queue.send(edit("new-1"));
    queue.send(edit("new-1", { id: "new-1", raster: boxRaster(0, 0, 5, 5, 20, 30) }));
    asked[0].answer({ id: 12, note: "", rev: 5 });
    await settled();
    queue.arrived(5);
    expect(queue.find("instances:12")?.raster).toMatchObject({ x: 0, y: 0 });
  });

  it("takes a refused edit from the page and says why; the one before stands", async () => {
    const { queue, asked, refused } = played();
    queue.send(edit("instances:7", { id: 7 }));
    queue.send(edit("instances:7", { id: 7, raster: boxRaster(0, 0, 5, 5, 20, 30) }));
    asked[1].answer(new Error("instance 7 is gone"));
    await settled();
    expect(refused).toEqual([new Error("instance 7 is gone")]);
    expect(queue.find("instances:7")?.raster).toMatchObject({ x: 2, y: 3 });
  });
});
