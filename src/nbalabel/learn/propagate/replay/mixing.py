"""Questions as a person sees them: masks whose answer is known, or was given before, are mixed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ....core.question import Question
from ..state.ledger import NO, UNKNOWN, YES, Ledger

Ints = npt.NDArray[np.int64]

OWN, HONEYPOT, REPEAT = 0, 1, 2
WRONG = 0.75  # share of honeypots that are wrong masks: a mistaken yes costs more than a mistaken no


@dataclass(frozen=True, eq=False)
class Shown:
    """A question as a person sees it.

    Attributes:
        question: the question with everything mixed in.
        own: the strategy's own question.
        what: OWN, HONEYPOT or REPEAT, of each row shown, ``(k,)`` int8.
    """

    question: Question
    own: Question
    what: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Mixing:
    """How often honeypots and repeats are mixed in, per mask of a question.

    Attributes:
        honeypots: chance of a mask whose answer is known, 0..1.
        repeats: chance of a mask that was answered before, 0..1.
        seed: the same seed, question and answers give the same mix.
        wrong: share of honeypots that are wrong masks, as far as there are any, 0..1.
    """

    honeypots: float
    repeats: float
    seed: int
    wrong: float = WRONG

    def mix(self, own: Question, ledger: Ledger, ids: Ints, room: int | None, n_tests: int = 0) -> Shown:
        """Mix honeypots and repeats into a question, at random places.

        Masks of the question's labels are preferred, because others would stand out. No mask is a honeypot
        twice: whoever errs about it once is likely to err again.

        Args:
            own: the strategy's own question.
            ledger: what is known and answered.
            ids: ids of all rows.
            room: how many rows may be added; None for any number.
            n_tests: honeypots wanted in total; until then a question gets one per own mask.
        """
        rng = np.random.default_rng((self.seed, own.number, 7))
        size, space = len(own.rows), np.inf if room is None else room
        n = rng.binomial(size, self.honeypots) if self.honeypots > 0 else 0
        if self.honeypots > 0:
            n = max(n, min(n_tests - int(ledger.tested.sum()), size))
        tests = _tests(own.rows, ledger, int(min(n, space)), self.wrong, rng)
        n = rng.binomial(size, self.repeats) if self.repeats > 0 else 0
        before = (ledger.answer != UNKNOWN) & (ledger.known == UNKNOWN)
        again = _pick(before, own.rows, ledger.labels, int(min(n, space - len(tests))), rng)
        rows = np.concatenate([own.rows, tests, again])
        codes = np.repeat(np.array([OWN, HONEYPOT, REPEAT], np.int8), [size, len(tests), len(again)])
        order = _interleaved(len(own.rows), len(rows), rng)
        shown = replace(own, rows=rows[order], ids=ids[rows[order]])
        return Shown(shown, own, codes[order])


def _tests(own: Ints, ledger: Ledger, n: int, share: float, rng: np.random.Generator) -> Ints:
    """Honeypots not asked yet, of which a share is wrong, as far as available."""
    n_wrong = int(np.ceil(share * n))
    wrong, right = (
        _pick((ledger.known == what) & ~ledger.tested, own, ledger.labels, n, rng) for what in (NO, YES)
    )
    n_right = min(n - min(n_wrong, len(wrong)), len(right))
    return rng.permutation(np.concatenate([wrong[: n - n_right], right[:n_right]]))


def _pick(pool: npt.NDArray[np.bool_], own: Ints, labels: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Random rows of a pool that are not in the question, those of its labels first."""
    if not n:
        return np.zeros(0, np.int64)
    free = pool.copy()
    free[own] = False
    rows = rng.permutation(np.flatnonzero(free))
    alike = np.isin(labels[rows], labels[own])
    return np.concatenate([rows[alike], rows[~alike]])[:n]


def _interleaved(n_own: int, n: int, rng: np.random.Generator) -> Ints:
    """A random order of ``n`` rows in which the first ``n_own`` keep their relative order."""
    order = np.zeros(n, np.int64)
    places = np.sort(rng.choice(n, n_own, replace=False))
    others = np.ones(n, np.bool_)
    others[places] = False
    order[places] = np.arange(n_own)
    order[others] = np.arange(n_own, n)
    return order
