/** Facts beside the mask. */
import { formatNumber, formatTime, NOTHING } from "../../core/values/format";
import { h } from "../../draw/dom";
import type { Item } from "./crops";

const WORDS: Record<string, string> = { iou: "IoU" };
const UNITS: Record<string, string> = { area: " px" };

export class Panel {
  readonly root = h("dl.nbl-review-facts");

  show(item: Item | null, color: string): void {
    this.root.replaceChildren();
    if (!item) return;
    const { facts, below, id } = item.head;
    const rows = facts.filter(([, value]) => value !== null);
    const share = below && `${Math.round(below.iou * 100)} %`;
    const warning = below && `It overlaps ${below.label} ${below.id}: IoU ${share}`;
    this.root.append(
      warning ? h("dd.nbl-review-warning", {}, warning) : "",
      ...rows.flatMap(([name, value, kind]) =>
        fact(name, text(value, kind) + (UNITS[name] ?? ""), name === "label" ? color : ""),
      ),
      ...fact("id", String(id)),
    );
  }
}

function fact(name: string, value: string, color = ""): HTMLElement[] {
  const swatch = color && h("i.nbl-swatch", { style: { background: color } });
  const about = { "data-fact": name };
  return [h("dt", about, WORDS[name] ?? name), h("dd", { ...about, title: value }, swatch || "", value)];
}

function text(value: string | number | null, kind: string): string {
  if (value === null) return NOTHING;
  if (typeof value === "string") return value;
  return kind === "time" ? formatTime(value) : formatNumber(value, kind === "whole");
}
