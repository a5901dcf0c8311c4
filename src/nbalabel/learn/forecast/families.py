"""Four families of growth curves: mAP over the number of labels, never falling, rising ever more slowly.

Each family is a grid of shapes. A curve is ``lift * shape(n) + level``; in the two families that end at a
given height, ``lift`` is 1. Level and lift are least squares in closed form, so that the best curve of
hundreds of draws is one table of errors, without a solver that can fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_TINY = 1e-12


@dataclass(frozen=True)
class Family:
    """One family of curves.

    Attributes:
        name: as in tables.
        formula: of the mAP (0..1) over the number of labels n.
        shapes: ``(n, largest n measured) -> (g, len(n))``, one row per point of the grid.
        free: whether the lift is fitted; otherwise it is 1.
    """

    name: str
    formula: str
    shapes: Callable[[Floats, float], Floats]
    free: bool


@dataclass(frozen=True, eq=False)
class Fits:
    """The best curve of a family for each draw.

    Attributes:
        at: row of the grid, ``(d,)``.
        lift: ``(d,)``, 0 or more.
        level: ``(d,)``.
        error: weighted sum of squared errors, ``(d,)``.
    """

    at: npt.NDArray[np.int64]
    lift: Floats
    level: Floats
    error: Floats

    def curves(self, shapes: Floats) -> Floats:
        """The mAP where the shapes were computed, ``(d, len(n))``, at most 1."""
        return np.minimum(self.lift[:, None] * shapes[self.at] + self.level[:, None], 1.0)


def fit(family: Family, n: Floats, values: Floats, weight: Floats) -> Fits:
    """Fit every row of values.

    Args:
        family: the family.
        n: numbers of labels, ``(k,)``.
        values: mAP, ``(d, k)``.
        weight: of each point, one over its variance, ``(k,)``.
    """
    shapes, total = family.shapes(n, float(n.max())), weight.sum()
    mean_shape = shapes @ weight / total
    mean_value = values @ weight / total
    centred, around = shapes - mean_shape[:, None], values - mean_value[:, None]
    spread = (centred**2 @ weight)[:, None]
    together = (centred * weight) @ around.T
    lift = np.clip(together / np.maximum(spread, _TINY), 0, None) if family.free else np.ones_like(together)
    error = (around**2 @ weight)[None] - 2 * lift * together + lift**2 * spread
    at, draw = error.argmin(axis=0), np.arange(len(values))
    best = lift[at, draw]
    return Fits(at, best, mean_value - best * mean_shape[at], np.maximum(error[at, draw], 0))


def _power(n: Floats, _: float) -> Floats:
    below, above = -np.geomspace(0.02, 3, 40), np.linspace(0.02, 0.98, 25)
    return np.concatenate([-(n[None] ** below[:, None]), n[None] ** above[:, None]])


def _logarithmic(n: Floats, largest: float) -> Floats:
    shift = np.concatenate([[0.0], largest * np.geomspace(1e-3, 30, 60)])
    return np.log(n[None] + shift[:, None])


def _arctan(n: Floats, largest: float) -> Floats:
    speed, start = np.meshgrid(np.geomspace(1e-3, 100, 60) / largest, np.linspace(0, 1, 30) ** 2 * 20)
    return 2 / np.pi * np.arctan(speed.ravel()[:, None] * np.pi / 2 * n[None] + start.ravel()[:, None])


def _root(n: Floats, _: float) -> Floats:
    end, power = np.meshgrid(np.geomspace(1, 100, 40), np.geomspace(0.04, 3, 60))
    power = power.ravel()[:, None]
    # In logarithms: the power of a sum overflows where the exponent is small.
    return np.exp(np.log(n[None]) - np.log1p((end.ravel()[:, None] * n[None]) ** power) / power)


FAMILIES = (
    Family("power law", "a * n**b + c", _power, free=True),
    Family("logarithmic", "a * log(n + b) + c", _logarithmic, free=True),
    Family("arctan", "2/pi * arctan(a * pi/2 * n + b) + c", _arctan, free=False),
    Family("algebraic root", "n / (1 + |a * n|**b)**(1/b) + c", _root, free=False),
)
"""Power law, arctan, logarithmic and algebraic root, as Mahmood et al. (2022) name them; mAP there in
percent."""
