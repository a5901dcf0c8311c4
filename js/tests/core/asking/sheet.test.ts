import { expect, test } from "vitest";
import {
  complete,
  counts,
  evenly,
  moveTo,
  newSheet,
  nextOpen,
  page,
  rest,
  type Sheet,
  say,
  turn,
  undo,
} from "../../../src/core/asking/sheet";
import { random } from "../../random";

const fresh = (n: number, batch = 15) => newSheet(new Array(n).fill(null), batch);

test("an answer goes on to the next mask without one, around the end", () => {
  let sheet = moveTo(fresh(4), 2);
  sheet = say(sheet, true);
  sheet = say(sheet, false);
  expect([sheet.answers, sheet.current]).toEqual([[null, null, true, false], 0]);
});

test("where all have an answer, the next of the page is next, and the last stays", () => {
  let sheet = moveTo(newSheet([true, true, true], 15), 1);
  sheet = say(sheet, false);
  expect(sheet.current).toBe(2);
  sheet = say(sheet, false);
  expect([sheet.current, sheet.answers]).toEqual([2, [true, false, false]]);
});

test("all yes leaves the answers that are there, and other pages, alone", () => {
  let sheet = say(fresh(5, 3), false);
  sheet = rest(sheet, true);
  expect(sheet.answers).toEqual([false, true, true, null, null]);
  expect(complete(sheet)).toBeNull();
  sheet = rest(moveTo(sheet, nextOpen(sheet)), true);
  expect(complete(sheet)).toEqual([false, true, true, true, true]);
  expect(rest(sheet, false)).toBe(sheet);
});

test("pages hold a batch each, the last what is left", () => {
  const sheet = fresh(7, 3);
  expect([0, 3, 6].map((place) => page(moveTo(sheet, place)))).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  expect(moveTo(sheet, 7)).toBe(sheet);
});

test("pages are about as large as asked for, and none has a mask alone", () => {
  expect([15, 16, 22, 23, 30, 60].map((n) => evenly(n, 15))).toEqual([15, 16, 22, 12, 15, 15]);
  expect([evenly(5, 1), evenly(1, 100), evenly(0, 15)]).toEqual([1, 1, 1]);
});

test("a click turns an answer and takes the frame", () => {
  let sheet = turn(fresh(3), 1);
  expect([sheet.answers[1], sheet.current]).toEqual([true, 1]);
  sheet = turn(sheet, 1);
  expect(sheet.answers[1]).toBe(false);
});

test("answers given before are there, and the frame is on the first without one", () => {
  const sheet = newSheet([true, null, false, null], 15);
  expect([sheet.current, counts(sheet)]).toEqual([1, { yes: 1, no: 1, left: 2 }]);
  expect(undo(sheet)).toBe(sheet);
});

test("undoing as often as was answered gives the sheet there was, whatever was done", () => {
  const next = random(4);
  for (let round = 0; round < 200; round++) {
    const start = fresh(1 + Math.floor(next() * 20), 1 + Math.floor(next() * 8));
    let sheet: Sheet = start;
    for (let step = 0; step < 12; step++) {
      const place = Math.floor(next() * start.answers.length);
      const what = Math.floor(next() * 4);
      if (what === 0) sheet = say(sheet, next() < 0.5);
      else if (what === 1) sheet = rest(sheet, next() < 0.5);
      else if (what === 2) sheet = turn(sheet, place);
      else sheet = moveTo(sheet, place);
      expect(sheet.answers.length).toBe(start.answers.length);
      expect(page(sheet)).toContain(sheet.current);
    }
    while (sheet.past.length) sheet = undo(sheet);
    expect(sheet.answers).toEqual(start.answers);
  }
});
