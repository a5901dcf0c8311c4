/** Ascending row numbers from their differences: seven bits a byte, the high bit set where more follow (LEB128). */
export function fromGaps(bytes: Uint8Array, n: number): Int32Array {
  const rows = new Int32Array(n);
  let [at, row, gap, shift] = [0, 0, 0, 0];
  for (const byte of bytes) {
    gap |= (byte & 127) << shift;
    shift += 7;
    if (byte & 128) continue;
    row += gap;
    rows[at++] = row;
    gap = shift = 0;
  }
  return rows;
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
