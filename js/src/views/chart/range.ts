/** Ends of a range as inputs have them: numbers in few digits, times as UTC without a zone. */

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
