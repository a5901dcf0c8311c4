"""Exact bounds of a probability from counts."""

from __future__ import annotations

from scipy.stats import beta


def clopper_pearson(k: int, n: int, alpha: float) -> tuple[float, float]:
    """One-sided lower and upper bound of a probability, each at alpha, from ``k`` successes in ``n`` trials.

    Source: Clopper & Pearson, Biometrika 1934.

    Example:
        >>> lower, upper = clopper_pearson(0, 10, 0.05)        # 0.05 = (1 - upper) ** 10
        >>> lower, round(upper, 3)
        (0.0, 0.259)
    """
    lower = float(beta.ppf(alpha, k, n - k + 1)) if k else 0.0
    upper = float(beta.ppf(1 - alpha, k + 1, n - k)) if k < n else 1.0
    return lower, upper
