"""Shares in percent, rounded so that what is said of them stays true."""

from __future__ import annotations

import math


def at_least(share: float) -> str:
    """A share in percent, rounded down to a tenth: for "at least", and for "with probability".

    Example:
        >>> at_least(0.9797), at_least(0.85), at_least(1.0)
        ('97.9%', '85%', '100%')
    """
    return f"{math.floor(1000 * share + 1e-6) / 10:g}%"


def at_most(share: float) -> str:
    """A share in percent, rounded up to a tenth.

    Example:
        >>> at_most(0.9791), at_most(0.5)
        ('98%', '50%')
    """
    return f"{math.ceil(1000 * share - 1e-6) / 10:g}%"
