import { expect, test } from "vitest";
import { Bitset } from "../../../src/core/rows/bitset";
import { random } from "../../random";

const SIZES = [0, 1, 7, 8, 31, 32, 33, 64, 100, 1000];

function some(n: number, seed: number): number[] {
  const draw = random(seed);
  return Array.from({ length: n }, (_, row) => row).filter(() => draw() < 0.4);
}

test.each(SIZES)("a set of %i rows holds what was put in, and says so in every way", (n) => {
  const rows = some(n, n + 1);
  const set = Bitset.of(n, rows);
  expect([...set.rows()]).toEqual(rows);
  expect(set.count()).toBe(rows.length);
  expect(set.first()).toBe(rows[0] ?? -1);
  for (let row = 0; row < n; row++) expect(set.has(row)).toBe(rows.includes(row));
});

test.each(SIZES)("and, or, andNot of %i rows are those of sets", (n) => {
  const [a, b] = [some(n, 5), some(n, 6)];
  const [x, y] = [Bitset.of(n, a), Bitset.of(n, b)];
  expect([...x.and(y).rows()]).toEqual(a.filter((row) => b.includes(row)));
  expect([...x.or(y).rows()]).toEqual([...new Set([...a, ...b])].sort((p, q) => p - q));
  expect([...x.andNot(y).rows()]).toEqual(a.filter((row) => !b.includes(row)));
  expect([...Bitset.all(n).andNot(x).rows()]).toEqual(
    Array.from({ length: n }, (_, row) => row).filter((row) => !a.includes(row)),
  );
});

test.each(SIZES)("bytes of %i rows come back as the same rows", (n) => {
  const set = Bitset.of(n, some(n, 9));
  const bytes = set.toBytes();
  expect(bytes.byteLength).toBe(Math.ceil(n / 8));
  expect(Bitset.fromBytes(n, bytes).equals(set)).toBe(true);
});

test("row i is bit i % 8 of byte i >> 3, as numpy packs with bitorder little", () => {
  expect([...Bitset.of(11, [0, 3, 9]).toBytes()]).toEqual([0b1001, 0b10]);
  expect(Bitset.of(11, [0]).toBytes().buffer.byteLength).toBe(2); // JupyterLab sends the whole buffer
});

test("a clone does not follow its original", () => {
  const set = Bitset.of(40, [1, 39]);
  const copy = set.clone();
  set.delete(39);
  expect([...copy.rows()]).toEqual([1, 39]);
  expect([...set.rows()]).toEqual([1]);
});

test("sets of different sizes do not mix", () => {
  expect(() => new Bitset(3).and(new Bitset(4))).toThrow("expected a set of 3 rows, got 4");
});
