"""Which rows to draw how often, to show soonest that fewer are wrong than a hypothesis says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

# v = 1 / (share of the capital an error costs), and the slope of v log(1 - 1/v) there, falling in v
_V = 1 + np.geomspace(1e-3, 1e3, 400)
_GAIN = _V * np.log1p(-1 / _V)
_SLOPE = np.log1p(-1 / _V) + 1 / (_V - 1)
_RATES = np.geomspace(1e-5, 10, 40)


@dataclass(frozen=True)
class Design:
    """How often to draw from each cell, and what an answer is then worth.

    Attributes:
        weight: of each row of a cell, relative, ``(c,)`` float64.
        growth: expected gain of log capital an answer; 0 where no design gains.
    """

    weight: Doubles
    growth: float


def best_design(size: Ints, chance: Doubles, wrong: float) -> Design:
    """The draws and the bet whose capital grows fastest against the hypothesis that ``wrong`` rows are.

    A row of weight v is drawn with probability v / sum of weights. Against the hypothesis the bet that loses
    the share 1 / v of the capital where such a row is wrong gains -log(1 - s wrong) - s sum size chance v
    log(1 / (1 - 1 / v)), s = 1 / sum size v. At its maximum v depends on the chance alone, up to one number:
    about the root of the chance (Neyman allocation), but never below that of rows that are surely right,
    since the hypothesis allows the errors to be just there.

    Args:
        size: rows of each cell that can still be drawn, ``(c,)``.
        chance: expected share of wrong rows in each cell, ``(c,)``, 0..1.
        wrong: rows wrong under the hypothesis.

    Returns:
        The design; growth 0, and even weights, where more than ``wrong`` are expected to be wrong.

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
    return Design(weight[best], max(float(growth[best]), 0.0))
