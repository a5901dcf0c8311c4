// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import { createFrame } from "../../src/views/frame";
import { Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "../wire/channel";

afterEach(() => vi.useRealTimers());

test("a view says at once that it waits for the kernel, and shows it when that takes long", async () => {
  vi.useFakeTimers();
  const { signal } = new AbortController();
  const channel = new FakeChannel();
  const rpc = new Rpc(channel, signal);
  const { root } = createFrame(document.body, rpc, signal, "Bar");
  const spinner = root.querySelector<HTMLElement>(".nbl-busy")!;
  const asked = rpc.request("rows");
  expect([root.hasAttribute("data-waits"), spinner.hidden]).toEqual([true, true]);
  vi.advanceTimersByTime(500);
  expect(spinner.hidden).toBe(false);
  const { client, id, key } = channel.sent[0].message;
  channel.arrive({ kind: "result", client, id, key, result: 1 });
  await asked;
  expect([root.hasAttribute("data-waits"), spinner.hidden]).toEqual([false, true]);
});
