/** "More like this": the kernel selects some rows and what looks like them, as one clause for all views. */
import type { Bitset } from "../core/rows/bitset";
import type { Of, SelectionStore } from "../core/rows/selection";
import type { Rpc } from "../wire/rpc";
import type { Frame } from "./frame";

export const KEY: [string, string] = ["K", "more like this: select what looks like it, nearest first"];

const SOURCE = "similar"; // as in widgets/workspace/alike.py

/** Ask for look-alikes of rows; an error shows in the frame. */
export async function moreLike(
  view: { rpc: Rpc; store: SelectionStore; frame: Pick<Frame, "fail" | "settle"> },
  of: Of,
  rows: Bitset | null,
): Promise<void> {
  if (!rows || rows.first() < 0 || view.rpc.lost) return;
  try {
    const sent = { buffers: [rows.toBytes()], key: "similar" };
    await view.rpc.request("similar", { of, rev: view.store.rev }, sent);
    view.frame.settle();
  } catch (error) {
    view.frame.fail(error);
  }
}

/** Take the look-alikes away; returns whether there were some. */
export function leaveAlike(store: SelectionStore, by: string): boolean {
  if (!store.clauses.has(SOURCE)) return false;
  store.set(SOURCE, null, by);
  return true;
}
