import { expect, test } from "vitest";
import { asArray, asBytes, asText } from "../../src/wire/codec";

test("numbers are read where they lie in a larger buffer, aligned or not", () => {
  for (const offset of [0, 4, 1, 3]) {
    const bytes = new Uint8Array(offset + 8);
    bytes.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), offset);
    const view = new DataView(bytes.buffer, offset, 8);
    expect([...asArray(Float32Array, view)]).toEqual([1.5, -2]);
  }
});

test("half a number is an error that says what came", () => {
  expect(() => asArray(Int32Array, new DataView(new ArrayBuffer(6)))).toThrow(
    "expected a multiple of 4 bytes, got 6",
  );
});

test("text and bytes honour the offset too", () => {
  const bytes = new TextEncoder().encode("--käse");
  const view = new DataView(bytes.buffer, 2);
  expect(asText(view)).toBe("käse");
  expect(asBytes(view).byteLength).toBe(5);
});
