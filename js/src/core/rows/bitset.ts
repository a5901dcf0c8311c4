/** A set of row numbers 0..n-1, one bit each: the rows of clauses, in memory and on the wire. */
export class Bitset {
  readonly n: number;
  readonly words: Uint32Array;

  /** @param words 32 rows per word, the lowest bit first; bits from n on must be 0. */
  constructor(n: number, words: Uint32Array = new Uint32Array(Math.ceil(n / 32))) {
    this.n = n;
    this.words = words;
  }

  static all(n: number): Bitset {
    const set = new Bitset(n);
    set.words.fill(0xffffffff);
    if (n % 32) set.words[set.words.length - 1] = 2 ** (n % 32) - 1;
    return set;
  }

  static of(n: number, rows: Iterable<number>): Bitset {
    const set = new Bitset(n);
    for (const row of rows) set.add(row);
    return set;
  }

  /** From bytes as the kernel packs them: row i is bit i % 8 of byte i >> 3. */
  static fromBytes(n: number, bytes: Uint8Array): Bitset {
    const set = new Bitset(n);
    new Uint8Array(set.words.buffer).set(bytes.subarray(0, Math.ceil(n / 8)));
    return set;
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    // A buffer of its own: JupyterLab sends the whole buffer of a view.
    return new Uint8Array(this.words.slice().buffer.slice(0, Math.ceil(this.n / 8)));
  }

  has(row: number): boolean {
    return (this.words[row >>> 5] & (1 << (row & 31))) !== 0;
  }

  add(row: number): void {
    this.words[row >>> 5] |= 1 << (row & 31);
  }

  delete(row: number): void {
    this.words[row >>> 5] &= ~(1 << (row & 31));
  }

  clone(): Bitset {
    return new Bitset(this.n, this.words.slice());
  }

  and(other: Bitset): Bitset {
    return this.zip(other, (a, b) => a & b);
  }

  or(other: Bitset): Bitset {
    return this.zip(other, (a, b) => a | b);
  }

  andNot(other: Bitset): Bitset {
    return this.zip(other, (a, b) => a & ~b);
  }

  equals(other: Bitset): boolean {
    return this.n === other.n && this.words.every((word, i) => word === other.words[i]);
  }

  count(): number {
    let total = 0;
    for (let word of this.words) {
      word -= (word >>> 1) & 0x55555555;
      word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
      total += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
    }
    return total;
  }

  /** The rows in it, ascending. */
  rows(): Int32Array {
    const out = new Int32Array(this.count());
    let at = 0;
    for (let i = 0; i < this.words.length; i++) {
      let word = this.words[i];
      while (word) {
        const low = word & -word;
        out[at++] = (i << 5) + 31 - Math.clz32(low);
        word ^= low;
      }
    }
    return out;
  }

  /** The lowest row, -1 if there is none. */
  first(): number {
    const at = this.words.findIndex((word) => word !== 0);
    if (at < 0) return -1;
    const word = this.words[at];
    return (at << 5) + 31 - Math.clz32(word & -word);
  }

  private zip(other: Bitset, join: (a: number, b: number) => number): Bitset {
    if (other.n !== this.n) throw new RangeError(`expected a set of ${this.n} rows, got ${other.n}`);
    const out = new Bitset(this.n);
    for (let i = 0; i < out.words.length; i++) out.words[i] = join(this.words[i], other.words[i]);
    return out;
  }
}
