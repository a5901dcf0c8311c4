"""An audit of nested sets: which set to draw for, what is certified, what answers mean."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ....core.question import Outlook
from ..audit.audit import Audit
from ..state.ledger import NO, UNKNOWN, YES
from .levels import Levels

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_FEWEST = 5  # masks of a question, where that many are left
_NEAR = 1.5  # a gate is aimed at where it needs at least this share of what the set behind it needs, inverted


class Nested:
    """An audit of the first masks of a pool, in sets of several sizes.

    Args:
        pool: masks, most certain first, ``(n,)``.
        plan: the sizes.
        make_audit: makes the audit from the strata.

    Attributes:
        pool: as given, up to the largest set.
        ends: masks of each set, rising.
        aim: the set that the open question draws for, counted from 1.
    """

    def __init__(self, pool: Ints, plan: Levels, make_audit: Callable[[list[Ints]], Audit]) -> None:
        self.ends = plan.sizes
        self.pool = pool[: self.ends[-1]]
        self.audit = make_audit(np.split(self.pool, self.ends[:-1]))
        self.aim = 0
        self._few = plan.ladder > 1

    def certified(self) -> Ints:
        """The masks of the largest set that is certified, those found wrong included; empty before any is."""
        done = self.audit.certified
        return self.pool[: self.ends[done - 1] if done else 0]

    def outside(self) -> Ints:
        """The other masks of the pool, most certain first."""
        return self.pool[len(self.certified()) :]

    def bounds(self) -> tuple[float, float]:
        """Estimate and lower bound of the share right of the certified set."""
        return self.audit.estimate(self.audit.certified), self.audit.lower(self.audit.certified)

    def costs(self) -> tuple[Doubles, Doubles]:
        """Answers that each larger set is expected to take, and masks expected to stay of it."""
        audit = self.audit
        k = range(audit.certified + 1, min(len(self.ends), audit.within_reach) + 1)
        return np.array([audit.expected_answers(i) for i in k]), np.array([audit.kept(i) for i in k])

    def choose(self, left: float, rate: float, few: int) -> bool:
        """Choose the set to draw for: the one with the most masks for its answers.

        Args:
            left: answers left; inf without a limit.
            rate: masks that an answer must bring.
            few: a gate that takes no more answers comes first.

        Returns:
            Whether some set is worth its answers.
        """
        if self._few:
            return self._choose_of_few(left, rate)
        audit, done, shut = self.audit, self.audit.certified, self.audit.shut
        k = np.arange(1, len(self.ends) + 1)
        need = np.array([audit.expected_answers(i) for i in k.tolist()])
        useful = shut is not None and audit.within_reach > max(done, shut - 1)
        if shut is not None and useful and need[shut - 1] <= min(few, left):
            self.aim = shut
            return True
        have = audit.kept(done) if done else 0.0
        kept = np.array([audit.kept(i) for i in k.tolist()])
        worth = (k > done) & (k <= audit.within_reach) & (need <= left)
        gain = np.where(worth, kept - have - rate * np.minimum(need, 1e9), -np.inf)
        best = int(np.argmax(gain)) + 1
        blocked = shut is not None and shut < best and need[best - 1] < _NEAR * need[shut - 1]
        self.aim = shut if blocked and shut is not None else best
        return bool(gain[best - 1] > 0)

    def _choose_of_few(self, left: float, rate: float) -> bool:
        """As `choose` where answers are few: masks times the probability that the answers left prove them."""
        audit, done = self.audit, self.audit.certified
        have = audit.kept(done) if done else 0.0
        gain = {
            k: audit.likely(k, left) * (audit.kept(k) - have)
            - rate * min(audit.expected_answers(k), left, 1e9)
            for k in range(done + 1, audit.within_reach + 1)
        }
        best = max(gain, key=lambda k: gain[k], default=0)
        self.aim = best or self.aim
        return gain.get(best, 0.0) > 0

    def draw(self, most: int) -> Ints:
        """The masks to ask about next, at most ``most``."""
        need = min(self.audit.expected_answers(self.aim), most)
        return self.audit.draw(int(min(np.clip(np.ceil(need), _FEWEST, max(most, _FEWEST)), most)), self.aim)

    def size(self) -> int:
        """Masks of the set that is drawn for."""
        return int(self.ends[self.aim - 1])

    def tell(self, rows: Ints, right: Bools) -> None:
        """Record answers about the masks drawn."""
        self.audit.tell(rows, right, self.aim)

    def outlook(self, rows: Ints, answers: npt.NDArray[np.int8]) -> Outlook:
        """What answers to the open question would lead to, those before the first that is missing."""
        trial = copy.deepcopy(self.audit)
        told = answers if UNKNOWN not in answers else answers[: int(np.argmax(answers == UNKNOWN))]
        if len(told):
            trial.tell(rows[: len(told)], told == YES, self.aim)
        outcome = "accept" if trial.certified >= self.aim else "more"
        left = self.size() - int((told == NO).sum())
        need = trial.expected_answers(self.aim)
        return Outlook(
            trial.estimate(self.aim),
            trial.lower(self.aim),
            1.0,
            outcome,
            {"accept": left},
            int(np.ceil(need)) if np.isfinite(need) else None,
        )
