/**
 * The answers to one question: a yes or no for each mask, a page of masks at a time. Sheets are values; what a person
 * does makes another one.
 */

/** null: not answered yet. */
export type Answer = boolean | null;

export interface Sheet {
  readonly answers: readonly Answer[];
  /** The mask with the frame. */
  readonly current: number;
  /** Masks a page. */
  readonly batch: number;
  /** What it was before each answer, oldest first. */
  readonly past: readonly (readonly [current: number, answers: readonly Answer[]])[];
}

/** @param answers given before, as far as there are. */
export function newSheet(answers: readonly Answer[], batch: number): Sheet {
  const open = answers.indexOf(null);
  return { answers: [...answers], current: Math.max(open, 0), batch: Math.max(batch, 1), past: [] };
}

/** Masks a page where each has about so many: none is left alone on a last page. */
export function evenly(n: number, batch: number): number {
  return Math.max(Math.ceil(n / Math.max(Math.round(n / batch), 1)), 1);
}

/** Places on the page of the current mask. */
export function page({ answers, current, batch }: Sheet): number[] {
  const from = Math.floor(current / batch) * batch;
  return answers.slice(from, from + batch).map((_, i) => from + i);
}

export function counts({ answers }: Sheet): { yes: number; no: number; left: number } {
  const of = (answer: Answer) => answers.filter((one) => one === answer).length;
  return { yes: of(true), no: of(false), left: of(null) };
}

/** Answer the current mask, and go to the next one without an answer; else to the next on the page. */
export function say(sheet: Sheet, answer: boolean): Sheet {
  const { current } = sheet;
  const said = given(sheet, [current], answer);
  const open = nextOpen(said);
  if (open >= 0) return { ...said, current: open };
  return page(said).includes(current + 1) ? { ...said, current: current + 1 } : said;
}

/** Answer all masks of the page that have no answer. */
export function rest(sheet: Sheet, answer: boolean): Sheet {
  const open = page(sheet).filter((place) => sheet.answers[place] === null);
  return open.length ? given(sheet, open, answer) : sheet;
}

/** Turn a mask's answer: none, yes, no, yes … */
export function turn(sheet: Sheet, place: number): Sheet {
  return { ...given({ ...sheet, current: place }, [place], !sheet.answers[place]), current: place };
}

/** Take the last answer back; the same sheet where there is none. */
export function undo(sheet: Sheet): Sheet {
  const last = sheet.past.at(-1);
  if (!last) return sheet;
  return { ...sheet, current: last[0], answers: last[1], past: sheet.past.slice(0, -1) };
}

export function moveTo(sheet: Sheet, place: number): Sheet {
  const n = sheet.answers.length;
  return place >= 0 && place < n && place !== sheet.current ? { ...sheet, current: place } : sheet;
}

/** The next mask without an answer after the current one, around the end; -1 where all have one. */
export function nextOpen({ answers, current }: Sheet): number {
  const n = answers.length;
  for (let step = 1; step <= n; step++) {
    const place = (current + step) % n;
    if (answers[place] === null) return place;
  }
  return -1;
}

/** All answers, where each mask has one. */
export function complete({ answers }: Sheet): boolean[] | null {
  return answers.length && !answers.includes(null) ? (answers as boolean[]).slice() : null;
}

function given(sheet: Sheet, places: readonly number[], answer: boolean): Sheet {
  const answers = [...sheet.answers];
  for (const place of places) answers[place] = answer;
  return { ...sheet, answers, past: [...sheet.past, [sheet.current, sheet.answers]] };
}
