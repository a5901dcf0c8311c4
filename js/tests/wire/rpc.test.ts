import { beforeEach, expect, test } from "vitest";
import { Cancelled, RemoteError, Rpc } from "../../src/wire/rpc";
import { FakeChannel } from "./channel";

let channel: FakeChannel;
let controller: AbortController;
let rpc: Rpc;

beforeEach(() => {
  channel = new FakeChannel();
  controller = new AbortController();
  rpc = new Rpc(channel, controller.signal);
});

const head = (at: number) => {
  const { client, id, key } = channel.sent[at].message;
  return { client, id, key };
};
const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

test("a request ends in the result the kernel sends for it", async () => {
  const first = rpc.request("rows", { start: 5 });
  const second = rpc.request<number>("count");
  expect(channel.sent[0].message).toMatchObject({ kind: "request", method: "rows", params: { start: 5 } });
  channel.arrive({ kind: "result", ...head(1), result: 7 });
  channel.arrive({ kind: "result", ...head(0), result: "cells" }, [Uint8Array.of(1, 2)]);
  expect((await second).result).toBe(7);
  const reply = await first;
  expect(reply.result).toBe("cells");
  expect(reply.buffers[0].byteLength).toBe(2);
  expect(rpc.pending).toBe(0);
});

test("an error keeps its type and message", async () => {
  const answer = outcome(rpc.request("rows"));
  channel.arrive({ kind: "error", ...head(0), error: { type: "DataError", message: "no such column" } });
  const error = await answer;
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject({ type: "DataError", message: "no such column" });
});

test("answers to other pages are not ours", async () => {
  const answer = rpc.request("rows");
  channel.arrive({ kind: "result", ...head(0), client: "another", result: "theirs" });
  expect(rpc.pending).toBe(1);
  channel.arrive({ kind: "result", ...head(0), result: "ours" });
  expect((await answer).result).toBe("ours");
});

test("of requests with one key only the newest counts, and a busy kernel gets one at a time", async () => {
  const answers = [1, 2, 3].map((start) => outcome(rpc.request("rows", { start }, { key: "page" })));
  expect(channel.sent.length).toBe(1);
  expect(await answers[0]).toBeInstanceOf(Cancelled);
  expect(await answers[1]).toBeInstanceOf(Cancelled);
  channel.arrive({ kind: "result", ...head(0), result: "stale" });
  expect(channel.sent.length).toBe(2);
  expect(channel.sent[1].message).toMatchObject({ params: { start: 3 } });
  channel.arrive({ kind: "result", ...head(1), result: "fresh" });
  expect(await answers[2]).toMatchObject({ result: "fresh" });
  const later = rpc.request("rows", { start: 4 }, { key: "page" });
  channel.arrive({ kind: "result", ...head(2), result: "next" });
  expect((await later).result).toBe("next");
});

test("an error frees the key as a result does", async () => {
  const first = outcome(rpc.request("rows", {}, { key: "page" }));
  channel.arrive({ kind: "error", ...head(0), error: { type: "X", message: "" } });
  await first;
  rpc.request("rows", {}, { key: "page" }).catch(() => {});
  expect(channel.sent.length).toBe(2);
});

test("a signal cancels a request, whether sent or waiting", async () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const sent = outcome(rpc.request("rows", {}, { key: "page", signal: one.signal }));
  const waiting = outcome(rpc.request("rows", {}, { key: "page", signal: two.signal }));
  two.abort();
  expect(await waiting).toBeInstanceOf(Cancelled);
  one.abort();
  expect(await sent).toBeInstanceOf(Cancelled);
  channel.arrive({ kind: "result", ...head(0), result: "late" });
  expect(channel.sent.length).toBe(1);
  expect(rpc.pending).toBe(0);
});

test("closing the view cancels what is open and lets go of the channel", async () => {
  const answer = outcome(rpc.request("rows"));
  controller.abort();
  expect(await answer).toBeInstanceOf(Cancelled);
  expect(channel.listening).toBe(0);
});

test("events reach their handler", () => {
  const seen: unknown[] = [];
  rpc.on("refresh", (payload) => seen.push(payload));
  channel.arrive({ kind: "event", name: "refresh", payload: { rev: 3 } });
  channel.arrive({ kind: "event", name: "unknown", payload: {} });
  expect(seen).toEqual([{ rev: 3 }]);
});

test("a severed comm is said, and unsaid when the kernel speaks again", () => {
  let told = 0;
  rpc.watch(() => told++);
  channel.trigger("comm_live_update");
  expect(rpc.lost).toBe(true);
  channel.arrive({ kind: "event", name: "refresh", payload: {} });
  expect(rpc.lost).toBe(false);
  expect(told).toBe(2);
});

test("a request that cannot be sent ends at once, and the kernel counts as lost", async () => {
  channel.send = () => {
    throw new Error("Cannot send");
  };
  expect(await outcome(rpc.request("rows", {}, { key: "rows" }))).toBeInstanceOf(Cancelled);
  expect(await outcome(rpc.request("rows", {}, { key: "rows" }))).toBeInstanceOf(Cancelled);
  expect(rpc.pending).toBe(0);
  expect(rpc.lost).toBe(true);
});
