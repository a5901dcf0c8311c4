import { expect, test } from "vitest";
import { ACCEPTED, CORRECTED, Deck, type Given, GONE, OPEN, REJECTED } from "../../../src/core/asking/deck";
import { looked, Pace } from "../../../src/core/asking/pace";
import { random } from "../../random";

function deck(...states: number[]): Deck {
  const ids = Float64Array.from(states, (_, i) => 100 + i);
  const made = new Deck(
    ids,
    Uint8Array.from(states),
    Int32Array.from(states, (_, i) => i),
  );
  made.advance();
  return made;
}

const accept = { what: "accept" } as const;
const reject = { what: "reject" } as const;

test("what was answered before or is gone is not asked", () => {
  const one = deck(ACCEPTED, GONE, OPEN, REJECTED, OPEN);
  expect(one.current).toBe(2);
  expect(one.upcoming(3)).toEqual([4]);
  expect(one.counts).toEqual({
    total: 4,
    answered: 2,
    accepted: 1,
    rejected: 1,
    corrected: 0,
    skipped: 0,
    left: 2,
  });
});

test("an answer counts at once and is pending until it is acknowledged", () => {
  const one = deck(OPEN, OPEN);
  const given = one.answer(accept);
  expect([one.advance(), one.pending, one.counts.accepted]).toEqual([1, 1, 1]);
  one.acknowledge(given.place);
  expect(one.pending).toBe(0);
});

test("where the kernel ranks them, the first of its order is next, whatever is shown", () => {
  const open = Uint8Array.of(OPEN, OPEN, OPEN, OPEN);
  const rows = Int32Array.of(0, 1, 2, 3);
  const one = new Deck(Float64Array.of(7, 8, 9, 10), open, rows, Int32Array.of(2, 0, 3, 1));
  expect(one.advance()).toBe(2);
  expect(one.upcoming(9)).toEqual([0, 3, 1]);
  const given = one.answer(accept);
  expect(one.advance()).toBe(0);
  one.acknowledge(given.place);
  one.settle(Uint8Array.of(OPEN, OPEN, ACCEPTED, OPEN), rows, Int32Array.of(3, 1, 0, 2));
  expect([one.current, ...one.upcoming(9)]).toEqual([0, 3, 1]); // what is shown stays
  one.skip();
  expect([one.current, ...one.upcoming(9)]).toEqual([3, 1]);
  one.settle(open, rows);
  expect(one.upcoming(9)).toEqual([1, 2]);
});

test("skipped ones come last, when they are asked for", () => {
  const one = deck(OPEN, OPEN, OPEN);
  expect(one.skip()).toBe(1);
  one.answer(accept);
  one.advance();
  one.answer(reject);
  expect([one.advance(), one.counts.skipped]).toEqual([-1, 1]);
  expect(one.unskip()).toBe(0);
});

test("back goes to what was shown before, past what is gone", () => {
  const one = deck(OPEN, OPEN, OPEN, OPEN);
  one.skip();
  one.skip();
  one.skip();
  one.settle(Uint8Array.of(OPEN, OPEN, GONE, OPEN), Int32Array.of(0, 1, -1, 2));
  expect([one.back(), one.back(), one.back()]).toEqual([1, 0, 0]);
  expect([one.skip(), one.skip()]).toEqual([3, -1]); // the others were skipped
});

test("undo and redo show the item and turn its state", () => {
  const one = deck(OPEN, OPEN, OPEN);
  one.answer(accept);
  one.advance();
  one.answer(reject);
  one.advance();
  expect(one.undo()?.place).toBe(1);
  expect([one.current, one.state(1)]).toEqual([1, OPEN]);
  expect(one.undo()?.place).toBe(0);
  expect(one.redo()?.place).toBe(0);
  expect([one.state(0), one.canRedo]).toEqual([ACCEPTED, true]);
  one.goTo(2);
  one.answer(accept);
  expect(one.canRedo).toBe(false);
});

test("the undo of a second answer brings the first one back", () => {
  const one = deck(OPEN);
  one.answer(accept);
  one.answer(reject);
  expect(one.state(0)).toBe(REJECTED);
  one.undo();
  expect(one.state(0)).toBe(ACCEPTED);
});

test("a refused answer comes back and is no longer there to undo", () => {
  const one = deck(OPEN, OPEN, OPEN);
  const given = one.answer(accept);
  one.advance();
  one.refuse(given);
  expect([one.current, one.state(0), one.canUndo, one.pending]).toEqual([0, OPEN, false, 0]);
});

test("what the kernel says waits for answers under way", () => {
  const one = deck(OPEN, OPEN);
  const given = one.answer(reject);
  expect(one.settle(Uint8Array.of(OPEN, OPEN), Int32Array.of(0, 1))).toBe(false);
  expect(one.state(0)).toBe(REJECTED);
  one.acknowledge(given.place);
  expect(one.settle(Uint8Array.of(REJECTED, OPEN), Int32Array.of(-1, 0))).toBe(true);
  expect([one.state(0), one.rows[1]]).toEqual([REJECTED, 0]);
});

test("the same answer once more is known as such", () => {
  const one = deck(OPEN, OPEN);
  one.answer({ what: "relabel", label: "cod" });
  expect(one.answered({ what: "relabel", label: "cod" })).toBe(true);
  expect(one.answered({ what: "relabel", label: "ling" })).toBe(false);
  one.advance();
  expect(one.answered(accept)).toBe(false);
});

test("however people go about it, a kernel that follows has the same states", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const next = random(seed);
    const one = deck(...Array.from({ length: 12 }, () => OPEN));
    const kernel = new Uint8Array(12);
    const stacks: number[][] = Array.from({ length: 12 }, () => []);
    const apply = (given: Given | null, undoing: boolean) => {
      if (!given) return;
      const stack = stacks[given.place];
      if (undoing) stack.pop();
      else stack.push(given.verdict.what === "reject" ? REJECTED : ACCEPTED);
      kernel[given.place] = stack.at(-1) ?? OPEN;
      one.acknowledge(given.place);
    };
    for (let step = 0; step < 120; step++) {
      const choice = Math.floor(next() * 6);
      if (choice < 2 && one.current >= 0) {
        apply(one.answer(choice ? accept : reject), false);
        one.advance();
      } else if (choice === 2) one.skip();
      else if (choice === 3) one.back();
      else if (choice === 4) apply(one.undo(), true);
      else apply(one.redo(), false);
    }
    expect(one.pending).toBe(0);
    for (let place = 0; place < 12; place++) expect(one.state(place)).toBe(kernel[place]);
    const { answered, left, total } = one.counts;
    expect(answered + left).toBe(total);
  }
});

test("pace leaves pauses out and looks at the last twenty", () => {
  const pace = new Pace(0);
  let now = 0;
  const after = (milliseconds: number) => {
    now += milliseconds;
    return now;
  };
  for (let i = 0; i < 30; i++) pace.answered(after(10_000));
  for (let i = 0; i < 20; i++) pace.answered(after(2_000));
  pace.answered(after(600_000));
  expect(pace.perMinute).toBeCloseTo(30);
  expect(pace.minutes(15)).toBeCloseTo(0.5);
  expect(new Pace(0).minutes(3)).toBeNaN();
});

test("a look counts thirty seconds at most", () => {
  expect([looked(0, 1500), looked(0, 90_000), looked(5, 0)]).toEqual([1.5, 30, 0]);
});

test("a correction answers all the items that it touches, and undo asks all of them again", () => {
  const one = deck(OPEN, OPEN, OPEN);
  const given = one.answer({ what: "correct", word: "Join 2 masks", along: [1] });
  expect([one.advance(), one.counts.corrected, one.counts.answered, one.pending]).toEqual([2, 2, 2, 1]);
  one.acknowledge(given.place);
  one.settle(Uint8Array.of(CORRECTED, CORRECTED, OPEN), Int32Array.of(0, -1, 2));
  expect(one.undo()).toBe(given);
  expect([one.state(0), one.state(1), one.counts.left]).toEqual([OPEN, OPEN, 3]);
});

test("a refused correction leaves nothing behind", () => {
  const one = deck(OPEN, OPEN);
  const given = one.answer({ what: "correct", word: "Join 2 masks", along: [1] });
  expect(one.advance()).toBe(-1);
  one.refuse(given);
  expect([one.current, one.state(0), one.state(1)]).toEqual([0, OPEN, OPEN]);
});
