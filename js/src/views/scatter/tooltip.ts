/** A tooltip beside a point: its id at once, its picture and fields when the kernel has sent them. No HTML. */

import { h } from "../../draw/dom";
import { asBytes } from "../../wire/codec";
import type { Rpc } from "../../wire/rpc";

export interface Tooltip {
  /** @param head lines known without the kernel; x, y in pixels of the parent. */
  show(row: number, rev: number, head: readonly string[], x: number, y: number): void;
  hide(): void;
  /** The display has changed: drop all pictures. */
  forget(): void;
}

export interface Detail {
  rev: number;
  row: number;
  fields: [string, string][];
  problem: string;
}

const REST = 60; // milliseconds the pointer rests before the kernel is asked
const KEPT = 60; // details kept
const AWAY = 14; // pixels from the point

export function createTooltip(parent: HTMLElement, rpc: Rpc, signal: AbortSignal): Tooltip {
  const lines = h("div");
  const image = h("img", { alt: "", hidden: true });
  const fields = h("div.nbl-scatter-fields");
  const element = h(
    "div.nbl-popover.nbl-scatter-tip",
    { role: "tooltip", hidden: true },
    lines,
    image,
    fields,
  );
  parent.append(element);
  const known = new Map<string, { detail: Detail; url: string }>();
  let now = "";
  let timer = 0;
  let at: [number, number] = [0, 0];

  const put = () => {
    const { offsetWidth: w, offsetHeight: t } = element;
    const [x, y] = at;
    const left = x + AWAY + w < parent.clientWidth ? x + AWAY : Math.max(x - AWAY - w, 2);
    const top = Math.min(Math.max(y - t / 2, 2), Math.max(parent.clientHeight - t - 2, 2));
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  };
  const fill = ({ detail, url }: { detail: Detail; url: string }) => {
    image.hidden = !url;
    if (url) image.src = url;
    const rows = detail.fields.flatMap(([name, text]) => [
      h("span.nbl-muted", {}, name),
      h("span", {}, text || "–"),
    ]);
    if (detail.problem)
      rows.push(h("span.nbl-muted", {}, "picture"), h("span.nbl-scatter-problem", {}, detail.problem));
    fields.replaceChildren(...rows);
    put();
  };
  const ask = async (row: number, rev: number, key: string) => {
    try {
      const { result, buffers } = await rpc.request<Detail>("detail", { row, rev }, { key: "hover", signal });
      const bytes = buffers[0] ? asBytes(buffers[0]) : new Uint8Array();
      const url = bytes.length ? URL.createObjectURL(new Blob([bytes])) : "";
      known.set(key, { detail: result, url });
      for (const [oldest, { url: stale }] of known) {
        if (known.size <= KEPT) break;
        URL.revokeObjectURL(stale);
        known.delete(oldest);
      }
      if (now === key) fill(known.get(key)!);
    } catch {
      // A newer request replaced this one, or the kernel is gone: the tooltip stays as it is.
    }
  };
  image.addEventListener("load", put);
  const forget = () => {
    window.clearTimeout(timer);
    for (const { url } of known.values()) URL.revokeObjectURL(url);
    known.clear();
  };
  signal.addEventListener("abort", forget, { once: true });
  return {
    forget,
    show(row, rev, head, x, y) {
      const key = `${rev}:${row}`;
      at = [x, y];
      element.hidden = false;
      if (key === now) return put();
      now = key;
      lines.replaceChildren(...head.map((line, i) => h(i ? "div" : "b", {}, line)));
      image.hidden = true;
      fields.replaceChildren();
      put();
      window.clearTimeout(timer);
      const there = known.get(key);
      if (there) fill(there);
      else timer = window.setTimeout(() => void ask(row, rev, key), REST);
    },
    hide() {
      now = "";
      window.clearTimeout(timer);
      element.hidden = true;
    },
  };
}
