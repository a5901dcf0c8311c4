/** Polygons that people draw: rounded and simplified first, so that the kernel tests with the same corners. */

/** Corners x0, y0, x1, y1, … of a polygon that closes itself. */
export type Ring = readonly number[];

/** Simplify (Ramer, Douglas and Peucker), with a growing tolerance until at most `most` corners are left. */
export function simplify(ring: Ring, tolerance: number, most = 200): number[] {
  let out = thin(ring, tolerance);
  for (let coarser = tolerance || 1e-9; out.length / 2 > most; coarser *= 1.5) out = thin(ring, coarser);
  return out;
}

/** A number rounded to as few digits as keep the error within about `step`. */
export function rounded(value: number, step: number): number {
  const digits = Math.floor(-Math.log10(step)) + 1;
  if (!Number.isFinite(digits) || digits > 18) return value;
  const unit = 10 ** Math.abs(digits);
  return (digits > 0 ? Number(value.toFixed(digits)) : Math.round(value / unit) * unit) + 0;
}

/** Twice the signed area; 0 for a ring that holds nothing. */
export function area2(ring: Ring): number {
  let sum = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2)
    sum += ring[j] * ring[i + 1] - ring[i] * ring[j + 1];
  return sum;
}

/** Whether a point is inside by the even-odd rule; exactly as `nbalabel.core.geometry.outlines.inside`. */
export function contains(ring: Ring, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2)
    if (crosses(ring[i], ring[i + 1], ring[j], ring[j + 1], x, y)) inside = !inside;
  return inside;
}

/** Whether the ray from (x, y) to the right crosses an edge; lower ends belong to edges, upper ones do not. */
export function crosses(xi: number, yi: number, xj: number, yj: number, x: number, y: number): boolean {
  return yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi;
}

function thin(ring: Ring, tolerance: number): number[] {
  const n = ring.length / 2;
  if (n < 4) return [...ring];
  const keep = new Uint8Array(n);
  keep[0] = keep[n - 1] = 1;
  const spans: [number, number][] = [[0, n - 1]];
  while (spans.length) {
    const [from, to] = spans.pop()!;
    let [far, most] = [-1, tolerance * tolerance];
    for (let i = from + 1; i < to; i++) {
      const away = distance2(ring, i, from, to);
      if (away > most) [far, most] = [i, away];
    }
    if (far < 0) continue;
    keep[far] = 1;
    spans.push([from, far], [far, to]);
  }
  const out: number[] = [];
  for (let i = 0; i < n; i++) if (keep[i]) out.push(ring[2 * i], ring[2 * i + 1]);
  return out;
}

/** Squared distance of corner `i` from the line between two others. */
export function distance2(ring: ArrayLike<number>, i: number, from: number, to: number): number {
  const [ax, ay] = [ring[2 * from], ring[2 * from + 1]];
  const [dx, dy] = [ring[2 * to] - ax, ring[2 * to + 1] - ay];
  const [px, py] = [ring[2 * i] - ax, ring[2 * i + 1] - ay];
  const along = dx * dx + dy * dy;
  const t = along ? Math.min(Math.max((px * dx + py * dy) / along, 0), 1) : 0;
  return (px - t * dx) ** 2 + (py - t * dy) ** 2;
}
