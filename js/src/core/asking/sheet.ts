/**
 * The answers to one question: a yes or no for each mask, a page of masks at a time. Sheets are immutable; each
 * action returns a new one.
 */

/** null: not answered yet. */
export type Answer = boolean | null;

export interface Sheet {
  readonly answers: readonly Answer[];
  /** The framed mask. */
  readonly current: number;
  /** Masks per page. */
  readonly batch: number;
  /** The state before each answer, oldest first. */
  readonly past: readonly (readonly [current: number, answers: readonly Answer[]])[];
}

/** @param answers those given before; null where there is none. */
export function newSheet(answers: readonly Answer[], batch: number): Sheet {
  const open = answers.indexOf(null);
  return { answers: [...answers], current: Math.max(open, 0), batch: Math.max(batch, 1), past: [] };
}

/** Masks per page: about `batch`, but the same on all pages, so that the last page is not nearly empty. */
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

/** Toggle a mask's answer: none, yes, no, yes … */
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

/** The next mask without an answer, after the current one and then from the start; -1 if all have one. */
export function nextOpen({ answers, current }: Sheet): number {
  const n = answers.length;
  for (let step = 1; step <= n; step++) {
    const place = (current + step) % n;
    if (answers[place] === null) return place;
  }
  return -1;
}

/** All answers; null if a mask has none. */
export function complete({ answers }: Sheet): boolean[] | null {
  return answers.length && !answers.includes(null) ? (answers as boolean[]).slice() : null;
}

function given(sheet: Sheet, places: readonly number[], answer: boolean): Sheet {
  const answers = [...sheet.answers];
  for (const place of places) answers[place] = answer;
  return { ...sheet, answers, past: [...sheet.past, [sheet.current, sheet.answers]] };
}
