/** Values as short texts. Numbers: at most three decimals, commas between thousands, as the kernel writes them. */

export const NOTHING = "–";

/** @param whole all values of its column are whole. */
export function formatNumber(value: number, whole = Number.isInteger(value)): string {
  if (!Number.isFinite(value)) return NOTHING;
  if (whole) return grouped(value.toFixed(0));
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e12)) return signed(value.toExponential(2));
  if (size >= 1000) return grouped(value.toFixed(size >= 100_000 ? 0 : 1));
  return signed(value.toFixed(3));
}

/** Milliseconds since 1970 as ISO 8601, the time of day only where there is one. */
export function formatTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return NOTHING;
  const iso = date.toISOString().replace(/Z$/, "");
  if (iso.endsWith("T00:00:00.000")) return iso.slice(0, -13);
  return iso.replace("T", " ").replace(/(:00)?\.000$/, "");
}

export function formatCount(n: number): string {
  return grouped(String(n));
}

/** "12 rows", "1 row". */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** A number as an editor shows it, without the rounding noise of float32. */
export function editable(value: number): string {
  const short = Number(value.toPrecision(7));
  return String(Math.fround(short) === Math.fround(value) && Math.fround(value) === value ? short : value);
}

function grouped(digits: string): string {
  const [whole, rest] = digits.split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return signed(rest === undefined ? text : `${text}.${rest}`);
}

function signed(text: string): string {
  return text.replace(/^-/, "\u2212");
}
