/** Ends of a range as texts of inputs: numbers in few digits, times as UTC without a zone. */

export type Kind = "number" | "time";

export function inputOf(value: number, kind: Kind): string {
  if (kind === "number") return String(Number(value.toPrecision(6)));
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return "";
  return date.toISOString().slice(0, date.getTime() % 60_000 ? 19 : 16);
}

export function fromInput(text: string, kind: Kind): number | null {
  if (!text.trim()) return null;
  const value = kind === "number" ? Number(text) : Date.parse(`${text}Z`);
  return Number.isFinite(value) ? value : null;
}

/** A range as a short text: "0.2 – 0.5", "≥ 3", "2024-03-01 – 2024-04-01". */
export function rangeText(lo: number | null, hi: number | null, kind: Kind): string {
  const [from, to] = [lo, hi].map((value) => (value === null ? "" : shortOf(value, kind)));
  if (lo === null) return hi === null ? "" : `≤ ${to}`;
  return hi === null ? `≥ ${from}` : `${from} – ${to}`;
}

function shortOf(value: number, kind: Kind): string {
  return kind === "number" ? String(Number(value.toPrecision(4))) : inputOf(value, kind).slice(0, 10);
}
