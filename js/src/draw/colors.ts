/** Colors of labels, categories and numbers: those of `nbalabel.core.overlay.palette`, sent by the kernel where it knows. */

/** Okabe and Ito (2008), told apart by color-blind readers too. */
export const OKABE_ITO: readonly string[] = [
  "#e69f00",
  "#56b4e9",
  "#009e73",
  "#f0e442",
  "#d55e00",
  "#cc79a7",
  "#0072b2",
];

export function toRgb(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
