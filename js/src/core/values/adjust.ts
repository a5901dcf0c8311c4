/** Brightness, contrast and gamma of the image on the screen; the file does not change. */

export interface Adjustment {
  /** -1..1, added; 0 changes nothing. */
  brightness: number;
  /** -1..1, around middle gray; 0 changes nothing. */
  contrast: number;
  /** 0.2..5, above 1 lightens the dark parts; 1 changes nothing. */
  gamma: number;
}

export const PLAIN: Readonly<Adjustment> = { brightness: 0, contrast: 0, gamma: 1 };

export function isPlain({ brightness, contrast, gamma }: Adjustment): boolean {
  return brightness === 0 && contrast === 0 && gamma === 1;
}

/** The new value of each of the 256 values of a channel. */
export function adjustmentTable({ brightness, contrast, gamma }: Adjustment): Uint8Array {
  const table = new Uint8Array(256);
  const slope = contrast >= 0 ? 1 / Math.max(1 - contrast, 0.02) : 1 + contrast;
  for (let value = 0; value < 256; value++) {
    const curved = (value / 255) ** (1 / gamma);
    table[value] = Math.round(255 * Math.min(Math.max((curved - 0.5) * slope + 0.5 + brightness, 0), 1));
  }
  return table;
}

/** Change RGBA pixels in place; alpha stays. */
export function adjust(pixels: Uint8ClampedArray, table: Uint8Array): void {
  for (let i = 0; i < pixels.length; i += 4) {
    pixels[i] = table[pixels[i]];
    pixels[i + 1] = table[pixels[i + 1]];
    pixels[i + 2] = table[pixels[i + 2]];
  }
}
