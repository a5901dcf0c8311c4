"""Sampling weights of an audit: reject "n rows are wrong" with as few answers as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

# grid of v = 1 / (share of the capital that an error costs), v log(1 - 1/v), and its slope, falling in v
_V = 1 + np.geomspace(1e-3, 1e3, 400)
_GAIN = _V * np.log1p(-1 / _V)
_SLOPE = np.log1p(-1 / _V) + 1 / (_V - 1)
_RATES = np.geomspace(1e-5, 10, 40)


@dataclass(frozen=True)
class Design:
    """Sampling weights of the cells, and the growth of capital that they give.

    Attributes:
        weight: relative weight of each row of a cell, ``(c,)`` float64.
        growth: expected gain of log capital per answer; 0 where no design gains.
        most: its gain by an answer right.
    """

    weight: Doubles
    growth: float
    most: float = 0.0


def best_design(size: npt.NDArray[np.number[Any]], chance: Doubles, wrong: float) -> Design:
    """The weights and the bet whose capital grows fastest against "``wrong`` rows are wrong".

    A row of weight v is drawn with probability v / sum of weights; where it is wrong, the bet loses the share
    1 / v of the capital. Log capital is expected to gain -log(1 - s wrong) - s sum(size chance v
    log(1 / (1 - 1 / v))) per answer, s = 1 / sum(size v). At the maximum, v depends on the chance alone, up
    to one number: v is about the root of the chance (Neyman allocation), but never below its value at
    chance 0, because the hypothesis allows errors among rows that seem right, too.

    Args:
        size: rows of each cell that can still be drawn, ``(c,)``.
        chance: expected share of wrong rows in each cell, ``(c,)``, 0..1.
        wrong: number of wrong rows under the hypothesis.

    Returns:
        The design; growth 0 and equal weights where ``wrong`` rows or more are expected to be wrong.

    Example:
        >>> import numpy as np
        >>> design = best_design(np.array([100, 100]), np.array([0.0, 0.1]), wrong=30.0)
        >>> bool(design.weight[1] > 1.5 * design.weight[0]), round(design.growth, 3)
        (True, 0.062)
    """
    if wrong <= 0 or (size * chance).sum() >= wrong:
        return Design(np.ones(len(size)), 0.0)
    ratio = _RATES[:, None] / np.maximum(chance, 1e-9)
    weight = np.interp(-ratio, -_SLOPE, _V)
    gain = np.interp(weight, _V, _GAIN)
    s = 1 / np.maximum(weight @ size, wrong * (1 + 1e-9))
    growth = -np.log1p(-s * wrong) + s * (gain @ (size * chance))
    best = int(np.argmax(growth))
    return Design(weight[best], max(float(growth[best]), 0.0), float(-np.log1p(-s[best] * wrong)))
