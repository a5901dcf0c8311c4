/** A tree of clusters as a map: x is the place in the order of masks, y the depth. DOM-free. */

export const CLUSTER_STATES = ["open", "accepted", "rejected", "split", "skipped"] as const;
export type ClusterState = (typeof CLUSTER_STATES)[number];

export interface Cluster {
  parent: number;
  start: number;
  stop: number;
  depth: number;
  state: ClusterState;
  yes: number;
  no: number;
  label: string;
  /** 0..1; NaN where there is none. */
  estimate: number;
}

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

const [TALLEST, COLUMNS] = [18, 9];

/** @param table one column after the other, as `widgets/verify/state.py` packs them. */
export function unpack(table: Int32Array, n: number, names: readonly string[]): Cluster[] {
  if (table.length !== n * COLUMNS)
    throw new RangeError(`expected ${n * COLUMNS} numbers of ${n} clusters, got ${table.length}`);
  return Array.from({ length: n }, (_, i) => {
    const at = (column: number) => table[column * n + i];
    const thousandths = at(8);
    return {
      parent: at(0),
      start: at(1),
      stop: at(2),
      depth: at(3),
      state: CLUSTER_STATES[at(4)] ?? "open",
      yes: at(5),
      no: at(6),
      label: names[at(7)] ?? "",
      estimate: thousandths < 0 ? Number.NaN : thousandths / 1000,
    };
  });
}

/**
 * The rectangle of each cluster in a box, at least one pixel wide.
 *
 * @param total number of masks across the width.
 */
export function layout(
  clusters: readonly Cluster[],
  total: number,
  width: number,
  height: number,
): { rects: Rect[]; row: number } {
  const deepest = clusters.reduce((most, { depth }) => Math.max(most, depth), 0);
  const row = Math.min(height / (deepest + 1), TALLEST);
  const scale = width / Math.max(total, 1);
  const rects = clusters.map(({ start, stop, depth }) => ({
    x: Math.min(start * scale, width - 1),
    y: depth * row,
    w: Math.max((stop - start) * scale, 1),
    h: row,
  }));
  return { rects, row };
}

/** The cluster at a point, the last one if several overlap; -1 for none. */
export function clusterAt(rects: readonly Rect[], x: number, y: number): number {
  for (let i = rects.length - 1; i >= 0; i--) {
    const { x: left, y: top, w, h } = rects[i];
    if (x >= left && x < left + w && y >= top && y < top + h) return i;
  }
  return -1;
}
