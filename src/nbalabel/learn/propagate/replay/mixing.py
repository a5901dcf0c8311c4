"""Questions as they are shown: with masks mixed in whose answer is known, or was given before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ....core.question import Question
from ..state.ledger import NO, UNKNOWN, YES, Ledger

Ints = npt.NDArray[np.int64]

OWN, HONEYPOT, REPEAT = 0, 1, 2
_WRONG = 0.75  # of honeypots: what a wrong yes costs weighs more than a wrong no


@dataclass(frozen=True, eq=False)
class Shown:
    """A question as a person sees it.

    Attributes:
        question: with everything mixed in.
        own: as the strategy put it.
        what: OWN, HONEYPOT or REPEAT, of each row shown, ``(k,)`` int8.
    """

    question: Question
    own: Question
    what: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Mixing:
    """How often something is mixed in, beside each mask of a question.

    Attributes:
        honeypots: chance of a mask whose answer is known, 0..1.
        repeats: chance of one that was answered before, 0..1.
        seed: the same seed, question and answers mix the same.
    """

    honeypots: float
    repeats: float
    seed: int

    def mix(self, own: Question, ledger: Ledger, ids: Ints, room: int | None, n_tests: int = 0) -> Shown:
        """Mix into a question, at random places; masks of its label come first, so as not to stand out.

        No mask is a honeypot twice, since somebody who errs about it once is likely to do so again.

        Args:
            own: as the strategy put it.
            ledger: what is known and answered.
            ids: of all rows.
            room: how many rows may be added; None for any number.
            n_tests: honeypots wanted in all; until then there are as many as masks of the question.
        """
        rng = np.random.default_rng((self.seed, own.number, 7))
        size, space = len(own.rows), np.inf if room is None else room
        n = rng.binomial(size, self.honeypots) if self.honeypots > 0 else 0
        if self.honeypots > 0:
            n = max(n, min(n_tests - int(ledger.tested.sum()), size))
        tests = _tests(own.rows, ledger, int(min(n, space)), rng)
        n = rng.binomial(size, self.repeats) if self.repeats > 0 else 0
        before = (ledger.answer != UNKNOWN) & (ledger.known == UNKNOWN)
        again = _pick(before, own.rows, ledger.labels, int(min(n, space - len(tests))), rng)
        rows = np.concatenate([own.rows, tests, again])
        codes = np.repeat(np.array([OWN, HONEYPOT, REPEAT], np.int8), [size, len(tests), len(again)])
        order = _interleaved(len(own.rows), len(rows), rng)
        shown = replace(own, rows=rows[order], ids=ids[rows[order]])
        return Shown(shown, own, codes[order])


def _tests(own: Ints, ledger: Ledger, n: int, rng: np.random.Generator) -> Ints:
    """Honeypots not asked yet: three wrong ones for each right one, as far as there are."""
    n_wrong = int(np.ceil(_WRONG * n))
    wrong, right = (
        _pick((ledger.known == what) & ~ledger.tested, own, ledger.labels, n, rng) for what in (NO, YES)
    )
    n_right = min(n - min(n_wrong, len(wrong)), len(right))
    return rng.permutation(np.concatenate([wrong[: n - n_right], right[:n_right]]))


def _pick(pool: npt.NDArray[np.bool_], own: Ints, labels: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Rows of a pool that the question does not hold already, those of its labels first."""
    if not n:
        return np.zeros(0, np.int64)
    free = pool.copy()
    free[own] = False
    rows = rng.permutation(np.flatnonzero(free))
    alike = np.isin(labels[rows], labels[own])
    return np.concatenate([rows[alike], rows[~alike]])[:n]


def _interleaved(n_own: int, n: int, rng: np.random.Generator) -> Ints:
    """An order of ``n`` rows that keeps the first ``n_own`` in theirs and puts the others anywhere."""
    order = np.zeros(n, np.int64)
    places = np.sort(rng.choice(n, n_own, replace=False))
    others = np.ones(n, np.bool_)
    others[places] = False
    order[places] = np.arange(n_own)
    order[others] = np.arange(n_own, n)
    return order
