// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bitset } from "../../src/core/rows/bitset";
import type { Plot } from "../../src/views/scatter/plot";
import type { Limits } from "../../src/views/scatter/tile";
import { readPicture, suffices, type WindowHead, Windows, wanted } from "../../src/views/scatter/windows";
import { Cancelled, Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";

const head = (window: Limits, more: Partial<WindowHead> = {}): WindowHead => ({
  rev: 0,
  window,
  columns: 2,
  rows: 1,
  most: 9,
  drawn: 3,
  complete: false,
  counts: [0, 0, 10, 0],
  tally: null,
  ...more,
});
const parts = (): ArrayBufferView[] => [
  new Uint8Array(0),
  Uint8Array.of(255, 3),
  new Uint8Array(0),
  new Uint8Array(0),
  Uint8Array.of(4, 1, 5), // rows 4, 5, 10
  Uint16Array.of(0, 65_535, 13_107),
  Uint16Array.of(0, 0, 65_535),
  Uint8Array.of(1, 2, 0),
];
const views = () => parts().map((part) => new DataView(part.buffer));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Windows on a plot that shows `now.view`, and a kernel that answers when told to. */
function open() {
  const now = { view: [-0.05, -0.05, 1.05, 1.05] as Limits };
  const shown: number[] = [];
  const errors: unknown[] = [];
  const plot = {
    width: 600,
    height: 300,
    get view() {
      return now.view;
    },
    cloud: { x: Float32Array.of(0, 1, 0.2), y: Float32Array.of(0, 0, 1) },
    placement: () => ({ kx: 600, ky: -300, bx: 0, by: 300 }),
    show: (_: unknown, tiles: unknown[]) => shown.push(tiles.length),
    drawOver: vi.fn(),
    moved: () => {},
    away: [] as number[][],
  };
  const channel = new FakeChannel();
  const closing = new AbortController();
  const rpc = new Rpc(channel, closing.signal);
  const took = vi.fn();
  const windows = new Windows(
    { plot: plot as unknown as Plot, rpc, took, fail: (error) => errors.push(error) },
    closing.signal,
  );
  const requests = (method: string) => channel.sent.filter(({ message }) => message.method === method);
  const answer = async (more: Partial<WindowHead> = {}) => {
    const { message } = requests("window").at(-1)!;
    const { client, id, key, params } = message as never as Record<string, { limits: Limits }>;
    channel.arrive({ kind: "result", client, id, key, result: head(params.limits, more) } as never, parts());
    await vi.advanceTimersByTimeAsync(0);
  };
  return { now, plot, windows, took, shown, errors, requests, answer, channel, closing };
}

test("a picture has the rows, places and colors of its points, in 0..1", () => {
  const { rows, x, y, color, tile } = readPicture({ result: head([0.2, 0, 0.7, 1]), buffers: views() });
  expect([...rows]).toEqual([4, 5, 10]);
  expect([...x].map((at) => Number(at.toFixed(4)))).toEqual([0.2, 0.7, 0.3]);
  expect([...y]).toEqual([0, 0, 1]);
  expect([...color]).toEqual([1, 2, 0]);
  expect(tile.layers.map((layer) => layer?.length ?? null)).toEqual([null, 2, null]);
});

test("two bytes a color, and no counts below points that are all drawn", () => {
  const buffers = views();
  buffers[7] = new DataView(Uint16Array.of(300, 2, 0).buffer);
  const { color, tile } = readPicture({ result: head([0, 0, 1, 1], { complete: true }), buffers });
  expect([...color]).toEqual([300, 2, 0]);
  expect(tile.layers).toEqual([]);
});

test("a little more than what is in view is asked for, and nothing beyond the points", () => {
  expect(wanted([-0.1, -0.1, 1.1, 1.1])).toEqual([0, 0, 1, 1]);
  expect(wanted([0.4, 0.4, 0.6, 0.5]).map((at) => Number(at.toFixed(3)))).toEqual([0.38, 0.39, 0.62, 0.51]);
});

test("a picture suffices while it is fine enough, and one of all points at any zoom", () => {
  const view: Limits = [0.4, 0.4, 0.6, 0.6];
  expect(suffices(head([0.38, 0.38, 0.62, 0.62]), view)).toBe(true);
  expect(suffices(head([0, 0, 1, 1]), view)).toBe(false);
  expect(suffices(head([0, 0, 1, 1], { complete: true }), view)).toBe(true);
  expect(suffices(head([0.5, 0.4, 0.6, 0.6], { complete: true }), view)).toBe(false);
});

test("it asks for the window in view once it rests, and keeps what it shows until then", async () => {
  const { now, plot, windows, requests, answer, shown } = open();
  void windows.ask(0);
  expect(requests("window")[0].message.params).toMatchObject({
    limits: [0, 0, 1, 1],
    columns: 512,
    rows: 256,
  });
  await answer();
  expect(shown).toEqual([2]);
  for (const zoom of [0.3, 0.2, 0.1]) {
    now.view = [0.5 - zoom, 0.5 - zoom, 0.5 + zoom, 0.5 + zoom];
    plot.moved();
    vi.advanceTimersByTime(60);
  }
  expect(requests("window")).toHaveLength(1);
  vi.advanceTimersByTime(120);
  expect(requests("window")).toHaveLength(2);
  expect(windows.picture!.head.window).toEqual([0, 0, 1, 1]);
  plot.moved(); // what was asked for is what is in view
  vi.advanceTimersByTime(500);
  expect(requests("window")).toHaveLength(2);
  await answer();
  expect(windows.picture!.head.window[0]).toBeCloseTo(0.38);
  now.view = [0.45, 0.45, 0.55, 0.55];
  plot.moved();
  vi.advanceTimersByTime(500);
  expect(requests("window")).toHaveLength(3);
});

test("the last of several windows wins", async () => {
  const { now, windows, requests, answer, errors, took } = open();
  void windows.ask(0);
  await answer();
  now.view = [0.1, 0.1, 0.2, 0.2];
  void windows.ask(0);
  now.view = [0.8, 0.8, 0.9, 0.9];
  void windows.ask(0);
  await answer(); // of the first of them, which nobody waits for
  expect(took).toHaveBeenCalledTimes(1);
  expect(requests("window")).toHaveLength(3);
  await answer();
  expect(windows.picture!.head.window[0]).toBeCloseTo(0.79);
  expect(errors.every((error) => error instanceof Cancelled)).toBe(true);
});

test("another selection in the kernel is asked for at once", async () => {
  const { windows, channel, requests, answer } = open();
  channel.arrive({ kind: "event", name: "focus", payload: {} } as never, []);
  expect(requests("window")).toHaveLength(0); // nothing is shown yet
  void windows.ask(0);
  await answer();
  windows.stale = true;
  channel.arrive({ kind: "event", name: "focus", payload: {} } as never, []);
  expect(requests("window")).toHaveLength(2);
  await answer();
  expect(windows.stale).toBe(false);
});

test("points drawn follow the pointer while a shape is drawn", async () => {
  const { windows, answer } = open();
  void windows.ask(0);
  await answer();
  windows.follow("box", [-10, 200, 300, 310], "set", null);
  expect([...windows.preview!.rows()]).toEqual([0]);
  windows.follow("box", [-10, 200, 300, 310], "add", Bitset.of(12, [5, 7]));
  expect([...windows.preview!.rows()]).toEqual([0, 1]);
  windows.follow("box", [-10, 200, 300, 310], "remove", Bitset.of(12, [4, 5]));
  expect([...windows.preview!.rows()]).toEqual([1]);
});

test("rings are around points drawn; where others lie is asked for once", async () => {
  const { windows, plot, channel, requests, answer } = open();
  void windows.ask(0);
  await answer();
  expect(windows.pointed([5, 7], true)).toEqual([1]);
  windows.pointed([5, 7], true);
  expect(requests("places").map(({ message }) => (message.params as { rows: number[] }).rows)).toEqual([[7]]);
  const { client, id, key } = requests("places")[0].message as Record<string, never>;
  channel.arrive({ kind: "result", client, id, key, result: { rev: 0, places: [[0.5, 0.25]] } }, []);
  await vi.advanceTimersByTimeAsync(0);
  expect(plot.away).toEqual([[0.5, 0.25]]);
  windows.pointed([4], true);
  expect(plot.away).toEqual([]);
});
