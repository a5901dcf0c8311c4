"""How many there are if two looked independently: capture and recapture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class Recaptured:
    """A number of things, estimated from two looks at them.

    Attributes:
        number: estimated number of things.
        lower: lower bound of it, one-sided at the level asked for; at least what both looks found together.
        upper: upper bound of it.
    """

    number: float
    lower: float
    upper: float


def chapman(first: float, second: float, both: float, alpha: float) -> Recaptured:
    """Number of things from how many the first look found, the second one, and both.

    If the second look finds a thing with the same chance whether or not the first found it, then the share of
    the first look's things that the second found is the share that it found of all. Where things that are
    hard to see are missed by both, there are more than this says: a lower bound.

    Args:
        first: things that the first look found.
        second: things that the second look found; an expected number is allowed.
        both: things found by both.
        alpha: probability that the number lies below ``lower``, and that it lies above ``upper``, each.

    Source: D. Chapman, Some properties of the hypergeometric distribution with applications to zoological
        sample censuses, 1951; the variance: G. Seber, The effects of trap response on tag recapture
        estimates, Biometrics 1970.

    Example:
        >>> found = chapman(200, 180, 170, alpha=0.05)
        >>> round(found.number, 1), round(found.lower, 1)
        (211.8, 210.0)
    """
    number = (first + 1) * (second + 1) / (both + 1) - 1
    spread = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    wide = float(norm.ppf(1 - alpha)) * float(np.sqrt(max(spread, 0.0)))
    seen = float(first + second - both)
    return Recaptured(max(number, seen), max(number - wide, seen), max(number + wide, seen))
