/** The tree of clusters as a small map: the state of each, and the one asked about. */

import { type Cluster, type ClusterState, clusterAt, layout, type Rect } from "../../core/space/icicle";
import { counted, formatCount } from "../../core/values/format";
import { cleared } from "../../draw/canvas";
import { h } from "../../draw/dom";
import { glow, green, neutral, orange, vermilion } from "../../draw/palette";
import { readTheme, type Theme } from "../../draw/theme";
import { hear } from "../elements";
import { whole } from "./gauge";

const COLORS: Record<ClusterState, string> = {
  open: "",
  accepted: green,
  rejected: vermilion,
  split: neutral,
  skipped: orange,
};
const SHOWN: ClusterState[] = ["accepted", "rejected", "skipped", "open", "split"];

export class Tree {
  readonly root: HTMLElement;
  readonly #canvas = h("canvas.nbl-verify-map", { role: "img" });
  readonly #tip = h("div.nbl-verify-tip", { role: "status", "aria-live": "off" });
  readonly #legend = h("div.nbl-verify-legend");
  #clusters: Cluster[] = [];
  #rects: Rect[] = [];
  #total = 0;
  #current = "";
  #things = "mask";
  #hover = -1;

  constructor(signal: AbortSignal) {
    this.root = h(
      "section.nbl-verify-tree",
      {},
      h("h4", {}, "Clusters"),
      this.#canvas,
      this.#legend,
      this.#tip,
    );
    const at = (event: MouseEvent) => {
      const { left, top } = this.#canvas.getBoundingClientRect();
      this.#point(clusterAt(this.#rects, event.clientX - left, event.clientY - top));
    };
    hear(this.#canvas, "pointermove", at, { signal });
    hear(this.#canvas, "pointerleave", () => this.#point(-1), { signal });
  }

  /** @param total number of masks. @param current name of the cluster asked about. @param things what they are. */
  show(clusters: Cluster[], total: number, current: string, things: string): void {
    this.#things = things;
    this.#clusters = clusters;
    this.#total = clusters.reduce((most, { stop }) => Math.max(most, stop), total);
    this.#current = current;
    const n = (state: ClusterState) => clusters.filter((one) => one.state === state).length;
    const said = SHOWN.map((state) => [state, n(state)] as const).filter(([, count]) => count);
    const text = said.map(([state, count]) => `${formatCount(count)} ${state}`).join(", ");
    this.#canvas.setAttribute("aria-label", `tree of clusters: ${text || "none looked at yet"}`);
    this.#legend.replaceChildren(
      ...said.map(([state, count]) =>
        h("span", {}, h("i", { "data-state": state }), `${formatCount(count)} ${state}`),
      ),
    );
    this.#point(-1);
    this.draw();
  }

  draw(): void {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = window.devicePixelRatio || 1;
    const context = cleared(canvas);
    const view = canvas.closest<HTMLElement>(".nbl");
    if (!context || !view) return;
    const theme = readTheme(view);
    const patterns = new Map(SHOWN.map((state) => [state, pattern(state, theme, ratio)]));
    this.#rects = layout(this.#clusters, this.#total, width, height).rects;
    const over: number[] = [];
    for (const [i, cluster] of this.#clusters.entries()) {
      const { x, y, w, h: tall } = this.#rects[i];
      const inset = w > 3 ? 0.5 : 0;
      const box = [x * ratio, y * ratio, (w - inset) * ratio, Math.max(tall - 1, 1) * ratio] as const;
      context.fillStyle = patterns.get(cluster.state) ?? theme.muted;
      context.fillRect(...box);
      if (cluster.state === "open" && w > 2) {
        context.strokeStyle = theme.muted;
        context.lineWidth = ratio;
        context.strokeRect(box[0] + ratio / 2, box[1] + ratio / 2, box[2] - ratio, box[3] - ratio);
      }
      if (nameOf(cluster) === this.#current || i === this.#hover) over.push(i);
    }
    for (const i of over) {
      const { x, y, w, h: tall } = this.#rects[i];
      const wide = Math.max(w, 4);
      context.strokeStyle = theme.background;
      context.lineWidth = 4 * ratio;
      const edge = [x * ratio, y * ratio, wide * ratio, Math.max(tall - 1, 3) * ratio] as const;
      context.strokeRect(...edge);
      context.strokeStyle = i === this.#hover ? theme.text : theme.accent;
      context.lineWidth = 2 * ratio;
      context.strokeRect(...edge);
    }
  }

  #point(i: number): void {
    if (i === this.#hover && i >= 0) return;
    const redraw = i !== this.#hover;
    this.#hover = i;
    const found = this.#clusters.findIndex((one) => nameOf(one) === this.#current);
    const cluster = this.#clusters[i >= 0 ? i : found];
    this.#tip.textContent = cluster ? describe(cluster, this.#things) : "";
    if (redraw) this.draw();
  }
}

export function nameOf({ start, stop }: Cluster): string {
  return `${start}-${stop}`;
}

export function describe(cluster: Cluster, things = "mask"): string {
  const { start, stop, label, yes, no, estimate, state } = cluster;
  const parts = [label, nameOf(cluster), counted(stop - start, things), state];
  if (yes || no) parts.push(`${formatCount(yes)} yes, ${formatCount(no)} no`);
  if (!Number.isNaN(estimate)) parts.push(`about ${whole(estimate)} right`);
  return parts.filter(Boolean).join(" · ");
}

/** States differ by texture, too: plain, diagonal stripes, horizontal stripes, empty, dots. */
function pattern(state: ClusterState, theme: Theme, ratio: number): string | CanvasPattern {
  const color = COLORS[state] || theme.background;
  if (state === "accepted" || state === "open") return color;
  const size = Math.round(6 * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return color;
  pen.fillStyle = state === "split" ? theme.background : color;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = state === "split" ? color : glow;
  pen.fillStyle = color;
  pen.lineWidth = 1.5 * ratio;
  pen.beginPath();
  if (state === "rejected")
    for (const by of [-size, 0, size]) {
      pen.moveTo(by, size);
      pen.lineTo(by + size, 0);
    }
  else if (state === "skipped") {
    pen.moveTo(0, size / 2);
    pen.lineTo(size, size / 2);
  }
  pen.stroke();
  if (state === "split") pen.fillRect(size / 3, size / 3, size / 3, size / 3);
  return pen.createPattern(tile, "repeat") ?? color;
}
