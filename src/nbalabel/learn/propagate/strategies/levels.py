"""Which nested sets of masks an audit tests: sure ones first, then those that its answers may just prove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..audit.forecast import Standing, forecast

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

FEW = 300
"""Answers left up to which sets are tested in order, the one that is best by the plan first."""
_SIZES = 28  # sizes compared
_BINS = 16
_GATES = (0.7,)  # sizes of the gates, as shares of the largest that is surely good enough
_MARGIN = 0.03  # expected share right of a gate, above the target
_AROUND = (0.8, 0.87, 0.93, 1.0, 1.05, 1.1, 1.16, 1.23, 1.3, 1.4, 1.55, 1.75, 2.1, 2.6)
_WIDTH = 0.12  # how far, as a share, the best size is believed to be from the one planned
_DOUBT = 0.1  # weight of sizes far from the planned one, which halves about every quarter of it
_LEAST = 20  # masks in the smallest set
_STEP = 1.25  # from one set of a ladder to the next
_TOP = 6.0  # the largest of a ladder, beside the best one
_BELOW = (0.35, 0.6)  # smaller sets, in case that the first of the ladder fails, beside it
_FALL = 0.2  # weight of these


@dataclass(frozen=True)
class Levels:
    """Sizes of nested sets, most certain masks first.

    Attributes:
        sizes: masks of each set, rising, ``(k,)`` int64; empty where no audit is worth its answers.
        gates: how many of them, the first ones, are tested in order.
        ladder: how many, the last ones, are tested in order.
        hopes: weight of each of the others, the last one that of the whole ladder,
            ``(k - gates - ladder + 1,)``.
        best: the size that is best by the plan; 0 where no audit is worth its answers.
        answers: what the best one is expected to take.
        kept: masks that it is expected to leave.
    """

    sizes: Ints
    gates: int
    ladder: int
    hopes: Doubles
    best: int
    answers: float
    kept: float


def levels(chance: Doubles, n_right: int, *, target: float, alpha: float, left: float, rate: float) -> Levels:
    """The sets to test, for the most masks that the answers left can certify.

    Args:
        chance: chance of each mask to be right, falling, ``(n,)``.
        n_right: masks known to be right already, which count with every set.
        target: share of right masks to prove.
        alpha: error probability of the audit.
        left: answers left; inf without a limit.
        rate: masks that an answer must bring, as many as verifying one by one would.
    """
    sizes, took, stay = costs(chance, n_right, target=target, alpha=alpha)
    gain = np.where(np.isfinite(took) & (took <= left), stay - rate * np.minimum(took, 1e12), -np.inf)
    at = int(np.argmax(gain)) if len(gain) else 0
    if not len(gain) or gain[at] <= 0:
        return Levels(np.zeros(0, np.int64), 0, 0, np.zeros(0), 0, np.inf, 0.0)
    best, answers, kept = int(sizes[at]), float(took[at]), float(stay[at])
    if left <= FEW:
        return Levels(*_ladder(best, len(chance)), best, answers, kept)
    tops = np.unique(np.minimum(np.array(_AROUND) * best, len(chance)).astype(np.int64))
    tops = tops[tops >= min(_LEAST, best)]
    quality = (np.cumsum(chance) + n_right) / (np.arange(1, len(chance) + 1) + n_right)
    sure = int(np.count_nonzero(quality >= target + _MARGIN))
    gates = np.unique((np.array(_GATES) * min(sure, tops[0])).astype(np.int64))
    gates = gates[(gates >= _LEAST) & (gates < tops[0])]
    far = np.abs(np.log(tops / best))
    hopes = np.exp(-((far / _WIDTH) ** 2) / 2) + _DOUBT * np.exp(-far / 0.4)
    hopes /= hopes.sum()
    return Levels(np.concatenate([gates, tops]), len(gates), 1, hopes, best, answers, kept)


def _ladder(best: int, most: int) -> tuple[Ints, int, int, Doubles]:
    """Sizes, gates, ladder and hopes where answers are few: the best size by the plan is tested first."""
    steps = _STEP ** np.arange(np.log(_TOP) / np.log(_STEP))
    up = np.unique(np.minimum(steps * best, most).astype(np.int64))
    low = np.unique((np.array(_BELOW) * best).astype(np.int64))
    low = low[(low >= _LEAST) & (low < up[0])]
    hopes = np.append(np.full(len(low), _FALL / max(len(low), 1)), 1 - _FALL if len(low) else 1.0)
    return np.concatenate([low, up]), 0, len(up), hopes


def costs(chance: Doubles, n_right: int, *, target: float, alpha: float) -> tuple[Ints, Doubles, Doubles]:
    """What sets of the most certain masks take to certify.

    Args:
        chance: chance of a yes for each mask, in order, falling or rising, ``(n,)``.
        n_right: masks known to be right already, which count with every set.
        target: share of right masks to prove.
        alpha: error probability of the audit.

    Returns:
        Sizes, ``(k,)`` rising; answers that each is expected to take, inf where none suffice; masks that are
        expected to stay, those known to be right included.
    """
    sizes = np.unique(np.geomspace(min(_LEAST, max(len(chance), 1)), max(len(chance), 1), _SIZES).astype(int))
    sizes = sizes[sizes <= len(chance)]
    doubt = 1 - chance
    until = np.zeros(len(doubt) + 1)
    np.cumsum(doubt, out=until[1:])
    found = [_takes(doubt[:size], until, n_right, target, alpha) for size in sizes.tolist()]
    took, stay = (np.array([one[i] for one in found], np.float64) for i in (0, 1))
    return sizes, took, stay


def _takes(doubt: Doubles, until: Doubles, n_right: int, target: float, alpha: float) -> tuple[float, float]:
    """Answers that are expected to certify a set, and the masks that they leave of it.

    Args:
        doubt: chance of each of its masks to be answered no, rising or falling.
        until: sums of the doubt of the first 0, 1, ... masks.
        n_right: masks known to be right already.
        target: share of right masks to prove.
        alpha: error probability of the audit.
    """
    left, mean = in_bins(doubt, until)
    n = len(doubt) + n_right
    found = forecast(
        Standing(left, mean, n, 0),
        lambda wrong: int((1 - target) * (n - wrong) + wrong),
        lambda _: 0.0,
        float(np.log(1 / alpha)) + 0.5,
    )
    return found.answers, n - found.found


def in_bins(doubt: Doubles, until: Doubles) -> tuple[Ints, Doubles]:
    """How many masks lie in each bin that holds some, and their mean doubt; bins are equal in the root of it.

    Args:
        doubt: rising or falling, ``(n,)`` with n > 0.
        until: sums of the first 0, 1, ... of it and perhaps more, ``(> n,)``.

    Example:
        >>> [a.tolist() for a in in_bins(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]))]
        [[2, 1], [0.0, 1.0]]
    """
    turned = doubt[0] > doubt[-1]  # where answers are wrong more often than right
    rising = doubt[::-1] if turned else doubt
    low, high = np.sqrt(rising[[0, -1]])
    edges = low + np.arange(1, _BINS) * max(high - low, 1e-9) / _BINS
    ends = np.concatenate([[0], np.searchsorted(rising, edges**2), [len(doubt)]])
    ends = len(doubt) - ends if turned else ends
    left = np.abs(np.diff(ends))
    here = left > 0
    return left[here], np.abs(np.diff(until[ends]))[here] / left[here]
