"""STAPLE: what several masks of one thing were probably drawn after, and how far each can be relied on.

Pixels that the same annotators cover are alike for STAPLE. So its sums run over kinds of pixels, at most
2 ** k, and not over pixels; and over all units at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_ROUNDS = 12  # in a row, before units that no longer move are left alone
_STRETCHES = 50
_SMALL = 1e-8  # change of sensitivities and specificities from which a unit no longer moves


@dataclass(frozen=True, eq=False)
class Stapled:
    """What STAPLE found.

    Attributes:
        inside: probability that pixels of each kind are inside, ``(n,)``.
        sensitivity: share of what is inside that each mask covers, ``(n_units, k)``; 1 where there is none.
        specificity: share of what is outside that each mask leaves out, likewise.
    """

    inside: Floats
    sensitivity: Floats
    specificity: Floats


def staple(unit: Ints, covered: Bools, pixels: Floats, present: Bools) -> Stapled:
    """Estimate what is inside, and the reliability of each mask, by expectation maximisation.

    Args:
        unit: unit of each kind of pixels, ``(n,)``, ascending; every unit occurs.
        covered: which masks cover pixels of that kind, ``(n, k)``.
        pixels: how many there are in the crop, ``(n,)``; those that no mask covers are a kind, too.
        present: whether a unit has a k-th mask, ``(n_units, k)``.

    Source: S. Warfield, K. Zou, W. Wells, Simultaneous truth and performance level estimation (STAPLE), IEEE
        TMI 2004, equations 16 to 20; the prior is the mean share of the crop that masks cover.

    Example:
        >>> kinds = np.array([[False, False], [True, True]])
        >>> found = staple(np.array([0, 0]), kinds, np.array([90.0, 10.0]), np.array([[True, True]]))
        >>> found.inside.round(6).tolist(), found.sensitivity.round(6).tolist()
        ([0.0, 1.0], [[1.0, 1.0]])
    """
    there = present[unit]
    inside = (covered & there).sum(axis=1) / there.sum(axis=1)
    start = np.flatnonzero(np.diff(unit, prepend=-1))
    prior = (_total(inside * pixels, start) / _total(pixels, start))[unit]
    sure, moving = np.ones((2, *present.shape)), np.ones(len(present), bool)
    for _ in range(_STRETCHES):
        if not moving.any():
            break
        rows = np.flatnonzero(moving[unit])
        kinds = _Kinds(unit[rows], covered[rows], there[rows], pixels[rows], prior[rows])
        inside[rows], sure[:, moving], moved = kinds.rounds(inside[rows])
        moving[moving] = moved > _SMALL
    return Stapled(inside, np.where(present, sure[0], 1.0), np.where(present, sure[1], 1.0))


class _Kinds:
    """Kinds of pixels of the units that still move."""

    def __init__(self, unit: Ints, covered: Bools, there: Bools, pixels: Floats, prior: Floats) -> None:
        self.start = np.flatnonzero(np.diff(unit, prepend=-1))
        self.unit = np.repeat(np.arange(len(self.start)), np.diff(self.start, append=len(unit)))
        self.covered, self.there, self.pixels, self.prior = covered, there, pixels, prior

    def rounds(self, inside: Floats) -> tuple[Floats, Floats, Floats]:
        """Some rounds: inside, sensitivities and specificities, and how far those of each unit moved last."""
        sure = self._reliability(inside)
        last = sure
        for _ in range(_ROUNDS):
            last, inside = sure, self._inside(sure)
            sure = self._reliability(inside)
        return inside, sure, np.abs(sure - last).max(axis=(0, 2))

    def _reliability(self, inside: Floats) -> Floats:
        """Sensitivity and specificity of each mask, ``(2, n_units, k)``."""
        within, without = inside * self.pixels, (1 - inside) * self.pixels
        hit, spared = _total(within[:, None] * self.covered, self.start), without[:, None] * ~self.covered
        return np.stack(
            [
                _ratio(hit, _total(within, self.start)),
                _ratio(_total(spared, self.start), _total(without, self.start)),
            ]
        )

    def _inside(self, sure: Floats) -> Floats:
        """Probability of each kind of pixels to be inside."""
        p, q = sure[0][self.unit], sure[1][self.unit]
        of_in = np.where(self.there, np.where(self.covered, p, 1 - p), 1)
        of_out = np.where(self.there, np.where(self.covered, 1 - q, q), 1)
        a, b = self.prior * of_in.prod(axis=1), (1 - self.prior) * of_out.prod(axis=1)
        return np.asarray(np.divide(a, a + b, out=np.zeros(len(a)), where=a + b > 0))


def _total(value: Floats, start: Ints) -> Floats:
    return np.asarray(np.add.reduceat(value, start, axis=0)) if len(start) else value[:0]


def _ratio(above: Floats, below: Floats) -> Floats:
    """Shares, 1 where there is nothing to divide by."""
    return np.divide(above, below[:, None], out=np.ones_like(above), where=below[:, None] > 0)
