// @vitest-environment jsdom
/** The display that views share, and the wheel that they leave to the notebook. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DisplaySetting } from "../../src/views/display";
import { onWheel } from "../../src/views/wheel";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";

const PLAIN = { auto: null, brightness: 0, contrast: 0, gamma: 1 };

let channel: FakeChannel;
let closing: AbortController;
let held: object;
let changed: () => void;
let setting: DisplaySetting;
let calls: string[];

beforeEach(() => {
  vi.useFakeTimers();
  closing = new AbortController();
  channel = new FakeChannel();
  held = PLAIN;
  calls = [];
  const model = {
    get: () => held,
    on: (_: string, callback: () => void) => {
      changed = callback;
    },
    off: () => {},
  };
  setting = new DisplaySetting(
    model,
    new Rpc(channel, closing.signal),
    () => calls.push("failed"),
    closing.signal,
  );
  setting.watch(
    () => calls.push("live"),
    () => calls.push("settled"),
  );
});

afterEach(() => {
  closing.abort();
  vi.useRealTimers();
});

function answer(kind: "result" | "error", result: object): void {
  const { client, id, key } = channel.sent.shift()!.message as never as Record<string, never>;
  channel.arrive({ kind, client, id, key, [kind]: result });
}

test("a change counts at once here, and pictures are fetched when the kernel has taken it", async () => {
  setting.set({ gamma: 2 });
  expect(setting.value).toEqual({ ...PLAIN, gamma: 2 });
  expect([calls, setting.version]).toEqual([["live"], 0]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(calls).toEqual(["live"]); // a busy kernel: nothing is fetched that it would make as before
  answer("result", { ...PLAIN, gamma: 2 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(calls).toEqual(["live", "live", "settled"]);
  expect(setting.version).toBe(1);
});

test("a drag of a slider is one request at a time, and one fetch when it rests", async () => {
  for (let i = 1; i <= 30; i++) setting.set({ brightness: i / 100 });
  expect(channel.sent.length).toBe(1);
  answer("result", { ...PLAIN, brightness: 0.01 });
  await vi.advanceTimersByTimeAsync(1);
  expect(channel.sent.length).toBe(1);
  expect(setting.value.brightness).toBe(0.3);
  answer("result", { ...PLAIN, brightness: 0.3 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(calls.filter((call) => call === "settled").length).toBe(1);
});

test("what others set is followed, but not while this view's own is on its way", async () => {
  held = { ...PLAIN, contrast: 0.5 };
  changed();
  expect(setting.value.contrast).toBe(0.5);
  setting.set({ contrast: 0.7 });
  held = { ...PLAIN, contrast: 0.6 };
  changed(); // an echo of something older: the slider must not jump back
  expect(setting.value.contrast).toBe(0.7);
  answer("result", { ...PLAIN, contrast: 0.7 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(setting.value.contrast).toBe(0.7);
});

test("what the kernel refuses is taken back and said", async () => {
  setting.set({ gamma: 2 });
  answer("error", { type: "DataError", message: "no" });
  await vi.advanceTimersByTimeAsync(1000);
  expect(calls).toContain("failed");
  expect(setting.value).toEqual(PLAIN);
});

test("the wheel zooms by Ctrl or in a view that has the keyboard, and while there is more to zoom", () => {
  const root = document.createElement("div");
  root.tabIndex = 0;
  const element = document.createElement("div");
  root.append(element);
  document.body.replaceChildren(root);
  let [more, zoomed] = [true, 0];
  onWheel(
    element,
    root,
    () => {
      zoomed++;
      return more;
    },
    closing.signal,
  );
  const turn = (options: WheelEventInit = {}, on: Element = element) => {
    const event = new WheelEvent("wheel", { deltaY: 50, bubbles: true, cancelable: true, ...options });
    on.dispatchEvent(event);
    return event.defaultPrevented;
  };
  vi.advanceTimersByTime(1000);
  const hint = element.querySelector<HTMLElement>(".nbl-wheel-hint")!;
  expect([turn(), zoomed, hint.hidden]).toEqual([false, 0, false]);
  expect([turn({ ctrlKey: true }), zoomed, hint.hidden]).toEqual([true, 1, true]);
  expect([turn({ metaKey: true }), zoomed]).toEqual([true, 2]);
  root.focus();
  expect([turn(), zoomed]).toEqual([true, 3]);
  more = false;
  expect([turn(), zoomed]).toEqual([false, 4]); // at its end the notebook scrolls on
});
