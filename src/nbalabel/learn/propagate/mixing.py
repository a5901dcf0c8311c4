"""Questions as they are shown: with masks mixed in whose answer is known, or was given before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...core.question import Question
from .ledger import UNKNOWN, Ledger

Ints = npt.NDArray[np.int64]

OWN, HONEYPOT, REPEAT = 0, 1, 2


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

    def mix(self, own: Question, ledger: Ledger, ids: Ints, room: int | None) -> Shown:
        """Mix into a question, at random places; masks of its label come first, so as not to stand out.

        Args:
            own: as the strategy put it.
            ledger: what is known and answered.
            ids: of all rows.
            room: how many rows may be added; None for any number.
        """
        rng = np.random.default_rng((self.seed, own.number, 7))
        parts, what = [own.rows], [np.full(len(own.rows), OWN, np.int8)]
        pools = (
            (HONEYPOT, self.honeypots, ledger.known != UNKNOWN),
            (REPEAT, self.repeats, (ledger.answer != UNKNOWN) & (ledger.known == UNKNOWN)),
        )
        for code, rate, pool in pools:
            n = int(rng.binomial(len(own.rows), rate)) if rate > 0 else 0
            n = n if room is None else min(n, room)
            found = _pick(pool, own.rows, ledger.labels, n, rng)
            room = None if room is None else room - len(found)
            parts.append(found)
            what.append(np.full(len(found), code, np.int8))
        rows, codes = np.concatenate(parts), np.concatenate(what)
        order = _interleaved(len(own.rows), len(rows), rng)
        shown = replace(own, rows=rows[order], ids=ids[rows[order]])
        return Shown(shown, own, codes[order])


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
