"""Confidence sequence for the share of right masks, by betting on each answer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ....core.errors import DataError
from .wager import bets

Doubles = npt.NDArray[np.float64]

_GRID = 2000


def betting_bounds(answers: npt.ArrayLike, size: int, alpha: float) -> tuple[Doubles, Doubles]:
    """Bounds after each answer that hold for all answers at once with probability 1 - alpha.

    Every number m of right masks has two test martingales, one against "m or fewer are right" and one against
    "m or more are right"; each bets as if the rest were like the answers so far. Kept as a reference for
    `lower_bound`, which needs no order of the answers, is tighter where nearly all or hardly any masks are
    right, and is about as tight elsewhere (``benchmarks/bounds.py``).

    Args:
        answers: whether each mask is right, in the order drawn uniformly without replacement, ``(t,)`` bool.
        size: masks in the cluster.
        alpha: probability that the share ever leaves the bounds.

    Returns:
        lower, upper: running bounds, 0..1, ``(t,)`` float64 each.

    Raises:
        DataError: more answers than masks, or alpha out of range.

    Source: Waudby-Smith & Ramdas, Estimating means of bounded random variables by betting, JRSS B 2023
        (section 5, sampling without replacement).

    Example:
        >>> lower, upper = betting_bounds([True] * 30, 1000, alpha=0.05)
        >>> bool(0.8 < lower[-1] < 0.9), upper[-1]
        (True, np.float64(1.0))
    """
    said = np.asarray(answers, np.bool_)
    if not 0 < alpha < 1 or len(said) > size:
        raise DataError(f"alpha must lie between 0 and 1 and answers be {size} at most: {alpha}, {len(said)}")
    return 1 - _most(~said, size, alpha / 2) / size, _most(said, size, alpha / 2) / size


def _most(hits: npt.NDArray[np.bool_], size: int, alpha: float) -> Doubles:
    """Upper bound of the number of hits after each answer, ``(t,)``."""
    number = np.unique(np.linspace(1, size, min(size, _GRID)).astype(np.int64))
    log, peak = np.zeros(len(number)), np.zeros(len(number))
    bound = np.zeros(len(hits))
    found = 0
    for t, hit in enumerate(hits.tolist()):
        rest = np.full(len(number), float(size - t))
        left = (number - found).astype(np.float64)
        expected = rest * (0.5 + found) / (1 + t)
        log += np.log1p(bets(left, expected, rest, rest) * (left - (rest if hit else 0.0)))
        found += hit
        peak = np.maximum(peak, log)
        standing = np.flatnonzero(peak < -np.log(alpha))
        above = standing[-1] + 1 if len(standing) else 0
        most = number[above] - 1 if above < len(number) else size
        bound[t] = max(min(most, found + size - t - 1), found)
    return np.minimum.accumulate(bound)
