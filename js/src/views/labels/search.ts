/** Finding a label by what a person types. */

/** Text without case and without the accents of Latin, Greek and Cyrillic letters. */
export function folded(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
}

const IN_WORD = /[\p{L}\p{N}]/u;

/** Names to search in; folded once, so that a search over a thousand takes no time that one could feel. */
export class Names {
  /** Whether a name begins with a digit other than 0. */
  readonly numbered: boolean;
  /** The names above each, as one text, "animal › fish"; empty while they are unknown. */
  parents: readonly string[] = [];
  readonly #folded: readonly string[];
  #above: readonly string[] = [];

  constructor(readonly all: readonly string[]) {
    this.#folded = all.map(folded);
    this.numbered = all.some((name) => /^[1-9]/.test(name));
  }

  /** Say which names are above each, the coarsest first: they are found by these, too. */
  under(parents: readonly (readonly string[])[]): void {
    this.parents = parents.map((path) => path.join(" › "));
    this.#above = this.parents.map(folded);
  }

  /**
   * The names that hold the text: those that begin with it, then those with a word that does, then the others,
   * then those below a name that holds it; within each of these the recently used ones first, then as the dataset lists them.
   *
   * @param recent names, the one used last first.
   * @returns places in `all`.
   */
  find(text: string, recent: readonly string[]): number[] {
    const wanted = folded(text.trim());
    const used = new Map(recent.map((name, i) => [name, i]));
    const found: { at: number; rank: number; used: number }[] = [];
    this.#folded.forEach((name, at) => {
      const own = rankOf(name, wanted);
      const rank = own === NOWHERE && this.#above[at]?.includes(wanted) ? BELOW : own;
      if (rank !== NOWHERE) found.push({ at, rank, used: used.get(this.all[at]) ?? recent.length });
    });
    return found.sort((a, b) => a.rank - b.rank || a.used - b.used || a.at - b.at).map(({ at }) => at);
  }

  /** Whether a name is there, in any case of its letters. */
  has(text: string): boolean {
    const wanted = text.trim().toLowerCase();
    return this.all.some((name) => name.toLowerCase() === wanted);
  }
}

const [NOWHERE, BELOW] = [3, 4];

/** 0: the name begins with the text, 1: a word of it does, 2: it is inside a word, 3: it is nowhere. */
function rankOf(name: string, wanted: string): number {
  let at = name.indexOf(wanted);
  if (at <= 0) return at === 0 ? 0 : NOWHERE;
  for (; at > 0; at = name.indexOf(wanted, at + 1)) if (!IN_WORD.test(name[at - 1])) return 1;
  return 2;
}
