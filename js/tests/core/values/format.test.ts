import { expect, test } from "vitest";
import { counted, editable, formatCount, formatNumber, formatTime } from "../../../src/core/values/format";

test.each([
  [0.123456, "0.123"],
  [-2.5, "\u22122.500"],
  [1234567, "1,234,567"],
  [-1234, "\u22121,234"],
  [12345.678, "12,345.7"],
  [0.00001234, "1.23e-5"],
  [Number.NaN, "–"],
  [Number.POSITIVE_INFINITY, "–"],
])("%d is shown as %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test("in a column that has fractions whole numbers have digits, too", () => {
  expect(formatNumber(2, false)).toBe("2.000");
  expect(formatNumber(0, false)).toBe("0.000");
  expect(formatNumber(2, true)).toBe("2");
});

test("times are ISO, as short as they can be", () => {
  expect(formatTime(Date.UTC(2024, 4, 1))).toBe("2024-05-01");
  expect(formatTime(Date.UTC(2024, 4, 1, 7, 30))).toBe("2024-05-01 07:30");
  expect(formatTime(Date.UTC(2024, 4, 1, 7, 30, 5, 250))).toBe("2024-05-01 07:30:05.250");
  expect(formatTime(Number.NaN)).toBe("–");
});

test("float32's noise is cut off where a number is edited, and nothing else", () => {
  expect(editable(Math.fround(0.3))).toBe("0.3");
  expect(editable(0.1 + 0.2)).toBe("0.30000000000000004");
  expect(editable(123456789)).toBe("123456789");
});

test("counts", () => {
  expect(formatCount(999)).toBe("999");
  expect(counted(1, "row")).toBe("1 row");
  expect(counted(12000, "row")).toBe("12,000 rows");
});
