/** Colors as numbers, and the color of a number. Colors with a name are in palette.ts. */

export function toRgb(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

// Viridis at 33 evenly spaced places (van der Walt and Smith, 2015; CC0), six hex digits each.
const VIRIDIS =
  "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e21918c" +
  "1f988b1fa08822a78528ae8032b67a3fbc734ec36b5ec96270cf5784d44b98d83eaddc30c2df23d8e219ece51bfde725";

/** Color of a number from 0 to 1: dark blue, green, yellow; even steps look even, to color-blind readers too. */
export function viridis(t: number): [number, number, number] {
  const place = Math.min(Math.max(t, 0), 1) * 32 || 0;
  const at = Math.min(Math.floor(place), 31);
  const [from, to] = [at, at + 1].map((i) => toRgb(`#${VIRIDIS.slice(6 * i, 6 * i + 6)}`));
  const mix = (i: 0 | 1 | 2) => Math.round(from[i] + (to[i] - from[i]) * (place - at));
  return [mix(0), mix(1), mix(2)];
}

/** The part of viridis that stands out from a dark or a light background: its ends come close to either. */
export function legible(t: number, dark: boolean): [number, number, number] {
  return viridis(dark ? 0.38 + 0.62 * t : 0.8 * t);
}
