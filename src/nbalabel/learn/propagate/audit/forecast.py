"""How many further answers certify a prefix of an audit, and from where to draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .allocation import Design, best_design

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_OVERHEAD = 1.35  # answers of an audit, relative to what its growth rate alone predicts
_STEPS = 7  # halvings of the number of answers, on a logarithmic scale
_LEAST = 0.02


@dataclass(frozen=True)
class Forecast:
    """What it takes to certify a prefix.

    Attributes:
        answers: expected number of further answers.
        found: wrong rows that these are expected to find.
        design: sampling weights of the cells of the prefix.
    """

    answers: float
    found: float
    design: Design


@dataclass(frozen=True)
class Standing:
    """Where the test of one prefix stands.

    Attributes:
        left: rows of each of its cells that can still be drawn, ``(c,)`` int64.
        chance: expected share of wrong rows among them, ``(c,)``.
        size: rows that it counts, known ones included.
        found: wrong rows found so far.
    """

    left: Ints
    chance: Doubles
    size: int
    found: int

    def drawn(self, answers: float) -> Doubles:
        """Rows of each cell that ``answers`` draws are expected to take, ``(c,)``."""
        weight = np.sqrt(np.maximum(self.chance, _LEAST)) * self.left
        return np.minimum(self.left, weight * (answers / max(float(weight.sum()), 1e-9)))

    def even(self) -> Design:
        """Weights by the root of the chance, with which nothing is expected to be certified."""
        return Design(np.sqrt(np.maximum(self.chance, _LEAST)), 0.0)


def forecast(
    standing: Standing, allowed: Callable[[float], int], against: Callable[[int], float], bar: float
) -> Forecast:
    """The answers that are expected to certify a prefix, wrong rows found on the way removed from it.

    Args:
        standing: where the test stands.
        allowed: most wrong rows that the prefix may have held, from how many were found.
        against: log capital against at least so many wrong rows.
        bar: log capital that certifies.

    Returns:
        The forecast; as many answers as rows are left where only asking about all of them would do, inf where
        not even that would.

    Example:
        >>> sure = Standing(np.array([1000]), np.array([0.02]), 1000, 0)
        >>> soon = forecast(sure, lambda found: int(0.15 * (1000 - found) + found), lambda _: 0.0, 3.0)
        >>> 20 < soon.answers < 60
        True
    """
    total = float(standing.left.sum())

    def enough(answers: float) -> tuple[bool, float]:
        drawn = standing.drawn(answers)
        found = float(drawn @ standing.chance)
        limit = allowed(standing.found + found) + 1
        wrong = limit - standing.found - found / 2
        growth = best_design(standing.left - drawn / 2, standing.chance, wrong).growth
        return against(limit) + answers * growth / _OVERHEAD >= bar, found

    most = standing.found + float(standing.left @ standing.chance)  # wrong rows, once all were asked about
    if total < 1 or allowed(most) < int(most):
        return Forecast(np.inf, 0.0, standing.even())
    low, high = 0.0, np.log(total)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(float(np.exp(middle)))[0] else (middle, high)
    answers = float(np.exp(high))
    found = enough(answers)[1]
    design = best_design(standing.left, standing.chance, allowed(standing.found + found) + 1 - standing.found)
    return Forecast(answers, found, design if design.growth > 0 else standing.even())
