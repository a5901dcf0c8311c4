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

_ROUNDS = 500
_SMALL = 1e-8  # change of sensitivities and specificities from which the rounds end


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
    start = np.flatnonzero(np.diff(unit, prepend=-1))
    there = present[unit]
    inside = (covered & there).sum(axis=1) / there.sum(axis=1)
    prior = (_total(inside * pixels, start) / _total(pixels, start))[unit]
    sure, last = np.ones((2, *present.shape)), np.zeros((2, *present.shape))
    for _ in range(_ROUNDS):
        within, without = inside * pixels, (1 - inside) * pixels
        sure = np.stack(
            [
                _ratio(_total(within[:, None] * covered, start), _total(within, start)),
                _ratio(_total(without[:, None] * ~covered, start), _total(without, start)),
            ]
        )
        if np.abs(sure - last).max(initial=0) < _SMALL:
            break
        last = sure
        of_in, of_out = sure[0][unit], sure[1][unit]
        a = prior * np.prod(np.where(there, np.where(covered, of_in, 1 - of_in), 1), axis=1)
        b = (1 - prior) * np.prod(np.where(there, np.where(covered, 1 - of_out, of_out), 1), axis=1)
        inside = np.divide(a, a + b, out=np.zeros(len(a)), where=a + b > 0)
    return Stapled(inside, np.where(present, sure[0], 1.0), np.where(present, sure[1], 1.0))


def _total(value: Floats, start: Ints) -> Floats:
    return np.asarray(np.add.reduceat(value, start, axis=0)) if len(start) else value[:0]


def _ratio(above: Floats, below: Floats) -> Floats:
    """Shares, 1 where there is nothing to divide by."""
    return np.divide(above, below[:, None], out=np.ones_like(above), where=below[:, None] > 0)
