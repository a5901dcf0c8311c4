"""Confidence sequences for the share of right masks in a cluster, from masks drawn without replacement."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammaln

from ....core.errors import DataError, first

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Prior = tuple[float, float]

_NODES = 256
_EVEN = 0.05  # share of the prior that is uniform, so that no number of right masks has a prior near 0


def lower_bound(
    n_right: npt.ArrayLike, n_asked: npt.ArrayLike, size: npt.ArrayLike, alpha: float, prior: Prior = (1, 1)
) -> Doubles:
    """Lower bound of the share of right masks that holds after every answer with probability 1 - alpha.

    It rejects "at most m are right" where the likelihood of the answers, averaged by the prior over all
    numbers above m, is at least 1 / alpha times their likelihood under m. That ratio is a supermartingale if
    m or fewer masks are right, since every number above m predicts more right masks.

    Args:
        n_right: masks found right, any shape that broadcasts.
        n_asked: masks asked about, drawn uniformly without replacement.
        size: masks in the cluster, at least ``n_asked``.
        alpha: probability that the bound is ever too high.
        prior: Beta(a, b) of the share, fixed before the first answer. A good prior tightens the bound, a bad
            one never makes it wrong.

    Returns:
        0..1, float64 of the broadcast shape; the share itself where all were asked.

    Raises:
        DataError: not 0 <= n_right <= n_asked <= size, size 0, or alpha or prior out of range.

    Source: Waudby-Smith & Ramdas, Confidence sequences for sampling without replacement, NeurIPS 2020 (prior
        over posterior, here with the prior cut to the alternative).

    Example:
        >>> float(lower_bound(2, 2, 3, alpha=0.3))      # where two are right, two yes come with chance 1/3
        0.6666666666666666
    """
    right, asked, whole, shape = _checked(n_right, n_asked, size, alpha, prior)
    return (_fewest(right, asked, whole, alpha, prior) / whole).reshape(shape)


def upper_bound(
    n_right: npt.ArrayLike, n_asked: npt.ArrayLike, size: npt.ArrayLike, alpha: float, prior: Prior = (1, 1)
) -> Doubles:
    """Upper bound of the share of right masks; see `lower_bound`.

    Args:
        n_right: masks found right, any shape that broadcasts.
        n_asked: masks asked about, drawn uniformly without replacement.
        size: masks in the cluster.
        alpha: probability that the bound is ever too low.
        prior: Beta(a, b) of the share, fixed before the first answer.

    Returns:
        0..1, float64 of the broadcast shape.

    Raises:
        DataError: as `lower_bound`.

    Example:
        >>> float(upper_bound(0, 2, 4, alpha=0.05))    # no bound yet but the two that are wrong
        0.5
    """
    right, asked, whole, shape = _checked(n_right, n_asked, size, alpha, prior)
    wrong = _fewest(asked - right, asked, whole, alpha, (prior[1], prior[0]))
    return ((whole - wrong) / whole).reshape(shape)


def expected_answers(
    mean: npt.ArrayLike, size: npt.ArrayLike, target: float, alpha: float, overhead: float = 1.0
) -> Doubles:
    """Approximate number of answers until a bound passes the target.

    Log capital grows per answer by the Kullback-Leibler divergence of the two shares. Drawing without
    replacement reduces the number n of answers to n / (1 + n / size).

    Args:
        mean: expected share of right masks, 0..1.
        size: masks in the cluster.
        target: share that the lower bound must reach (mean above it) or the upper bound fall below (mean
            below it), within 0..1.
        alpha: of that one-sided bound.
        overhead: log capital lost because the mean is not known beforehand.

    Returns:
        Answers, float64 of the broadcast shape; ``size`` where mean and target are equal.

    Example:
        >>> expected_answers([1.0, 0.95, 0.85, 0.5], 1000, target=0.85, alpha=0.05).round().tolist()
        [24.0, 73.0, 1000.0, 12.0]
    """
    p, n = np.broadcast_arrays(np.asarray(mean, np.float64), np.asarray(size, np.float64))
    p = np.clip(p, 1e-9, 1 - 1e-9)
    gain = p * np.log(p / target) + (1 - p) * np.log((1 - p) / (1 - target))
    need = (np.log(1 / alpha) + overhead) / np.maximum(gain, 1e-12)
    return need / (1 + need / n)


def _checked(
    n_right: npt.ArrayLike, n_asked: npt.ArrayLike, size: npt.ArrayLike, alpha: float, prior: Prior
) -> tuple[Ints, Ints, Ints, tuple[int, ...]]:
    right, asked, whole = np.broadcast_arrays(
        np.asarray(n_right, np.int64), np.asarray(n_asked, np.int64), np.asarray(size, np.int64)
    )
    bad = np.flatnonzero(~((right >= 0) & (right <= asked) & (asked <= whole) & (whole > 0)))
    if len(bad):
        i = bad[0]
        raise DataError(
            f"0 <= n_right <= n_asked <= size and size > 0 must hold; at {first(bad.tolist())} it does not: "
            f"{right.flat[i]}, {asked.flat[i]}, {whole.flat[i]} at {i}"
        )
    if not 0 < alpha < 1 or min(prior) <= 0:
        raise DataError(f"alpha must lie between 0 and 1 and prior above 0, got {alpha} and {prior}")
    return right.reshape(-1), asked.reshape(-1), whole.reshape(-1), right.shape


def _likelihood(number: Ints, right: Ints, asked: Ints, size: Ints) -> Doubles:
    """Log likelihood of the answers if ``number`` masks are right, ``number`` of any shape ``(m, ...)``."""
    rest, wrong = number - right, size - number - (asked - right)
    possible = (rest >= 0) & (wrong >= 0)
    rest, wrong = np.where(possible, rest, 0), np.where(possible, wrong, 0)
    value = _choose(size - asked, rest) - _choose(size, np.clip(number, 0, size))
    return np.where(possible, value, -np.inf)


def _choose(n: Ints, k: Ints) -> Doubles:
    return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)


def _fewest(right: Ints, asked: Ints, size: Ints, alpha: float, prior: Prior) -> Ints:
    """Smallest number of right masks that is not rejected, ``(m,)``."""
    r, n, whole = right[:, None], asked[:, None], size[:, None]
    at, above = _averages(r, n, whole, prior)
    # Between two nodes the alternatives are equal; the likelihood rises to its mode, which is not rejected.
    mode = np.minimum(np.where(n > 0, r * (whole + 1) // np.maximum(n, 1), 0), whole)
    low, high = np.maximum(at[:, :-1], r), np.minimum(at[:, 1:] - 1, mode)
    bar = above[:, 1:] + np.log(alpha)
    stands = ((_likelihood(high, r, n, whole) > bar) | (high >= mode)) & (low <= high)
    rows, gap = np.arange(len(right)), np.argmax(stands, axis=1)
    most = np.where(stands.any(axis=1), high[rows, gap], mode[:, 0])
    least = np.where(stands.any(axis=1), low[rows, gap], mode[:, 0])
    return _bisect(np.minimum(least, most), most, bar[rows, gap], right, asked, size)


def _averages(r: Ints, n: Ints, whole: Ints, prior: Prior) -> tuple[Ints, Doubles]:
    """Grid of alternatives (numbers of right masks), and the log mean likelihood from each one upwards."""
    j = np.arange(_NODES + 1)
    at = np.minimum(np.where(whole <= _NODES, j, np.rint(whole * _cosine(j))), whole).astype(np.int64)
    edge = np.arange(_NODES + 2)
    edge = np.where(whole <= _NODES, np.minimum(edge / (whole + 1), 1.0), _cosine(edge - 0.5))
    mass = (1 - _EVEN) * np.diff(betainc(*map(float, prior), edge), axis=1) + _EVEN * np.diff(edge, axis=1)
    value = _likelihood(at, r, n, whole)
    peak = np.maximum(value.max(axis=1, keepdims=True), -1e300)  # where no node is possible
    total = np.cumsum((mass * np.exp(value - peak))[:, ::-1], axis=1)[:, ::-1]
    held = np.cumsum(mass[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return at, np.where(held > 0, np.log(total) - np.log(held), -np.inf) + peak


def _cosine(j: npt.NDArray[np.number[Any]]) -> Doubles:
    """Shares 0..1 that lie denser near 0 and 1, where targets are, for j within 0..`_NODES`."""
    return np.asarray((1 - np.cos(np.pi * np.clip(j / _NODES, 0, 1))) / 2, np.float64)


def _bisect(low: Ints, high: Ints, bar: Doubles, right: Ints, asked: Ints, size: Ints) -> Ints:
    """First number in low..high whose likelihood passes the bar; high where none before it does."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        passes = _likelihood(middle, right, asked, size) > bar
        high = np.where(passes, middle, high)
        low = np.where(passes, low, np.minimum(middle + 1, high))
    return low
