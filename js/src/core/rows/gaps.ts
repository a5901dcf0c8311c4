/** Whole numbers in few bytes: seven bits a byte, the high bit set where more follow (LEB128). */

function eachOf(bytes: Uint8Array, take: (number: number) => void): void {
  let [number, scale] = [0, 1];
  for (const byte of bytes) {
    number += (byte & 127) * scale;
    scale *= 128;
    if (byte & 128) continue;
    take(number);
    [number, scale] = [0, 1];
  }
}

/** Ascending row numbers from the gaps between them. */
export function fromGaps(bytes: Uint8Array, n: number): Int32Array {
  const rows = new Int32Array(n);
  let [at, row] = [0, 0];
  eachOf(bytes, (gap) => {
    row += gap;
    rows[at++] = row;
  });
  return rows;
}

/** Numbers from runs of equal ones: the step from the run before (2 k for k, 2 k - 1 for -k), and the length. */
export function fromRuns(bytes: Uint8Array, n: number): Int32Array {
  const out = new Int32Array(n);
  let [at, value, step] = [0, 0, -1];
  eachOf(bytes, (number) => {
    if (step < 0) step = number;
    else {
      value += step % 2 ? -(step + 1) / 2 : step / 2;
      out.fill(value, at, at + number);
      at += number;
      step = -1;
    }
  });
  return out;
}

/** Position of a row among ascending rows, -1 if it is not among them. */
export function indexIn(rows: Int32Array, row: number): number {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rows[middle] < row) from = middle + 1;
    else to = middle;
  }
  return rows[from] === row ? from : -1;
}
