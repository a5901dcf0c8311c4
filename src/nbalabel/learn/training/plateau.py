"""Whether a curve of measurements still rises, and how long it may go on rising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_PATIENCE = 0.35  # share of the steps
_LEAST = 15  # measurements
_GAIN = 0.01
_SPAN = 0.15
_TIMES = np.geomspace(0.05, 20, 60)


@dataclass(frozen=True)
class Forecast:
    """Forecast of a rising curve.

    Attributes:
        level: value at which it levels off.
        steps: further steps until it has made 95% of the remaining gain.
    """

    level: float
    steps: int


def smoothed(steps: Sequence[float], values: Sequence[float]) -> Floats:
    """At each point the mean of the values of the last 15% of the steps up to there, ``(n,)``.

    Single measurements on a few images vary by more than a training gains between them.

    Args:
        steps: where it was measured, rising, ``(n,)``.
        values: what was measured, ``(n,)``.
    """
    at, y = np.asarray(steps, np.float64), np.asarray(values, np.float64)
    first = np.searchsorted(at, at * (1 - _SPAN), side="left")
    sums = np.concatenate([[0.0], np.cumsum(y)])
    n = np.arange(1, len(y) + 1)
    return np.asarray((sums[n] - sums[first]) / (n - first))


def is_level(steps: Sequence[float], values: Sequence[float]) -> bool:
    """Whether the smoothed curve has stopped rising.

    It has when the median of its last part is no more than 1% above its best before that part: the last 35%
    of the steps, at least 15 measurements. The part grows with the length, since curves of training flatten
    with the logarithm of their length.

    Args:
        steps: where it was measured, rising, ``(n,)``.
        values: what was measured, ``(n,)``; higher is better.
    """
    at = np.asarray(steps, np.float64)
    if len(at) <= _LEAST:
        return False
    recent = at > at[-1] * (1 - _PATIENCE)
    recent[-_LEAST:] = True
    if recent.all():
        return False
    curve = smoothed(steps, values)
    earlier = float(curve[~recent].max())
    return earlier > 0 and float(np.median(curve[recent])) <= earlier * (1 + _GAIN)


def forecast(steps: Sequence[float], values: Sequence[float]) -> Forecast | None:
    """At what value a curve will level off, and when; None with too few points or no rise.

    A saturating exponential, ``level - gap * exp(-steps / time)``, fitted to the second half of the smoothed
    curve by least squares: for each of 60 times, level and gap in closed form.

    Args:
        steps: where it was measured, rising, ``(n,)``.
        values: what was measured, ``(n,)``; higher is better.
    """
    at = np.asarray(steps, np.float64)
    if len(at) < 8:
        return None
    half = at >= at[-1] / 2
    x, y = at[half], smoothed(steps, values)[half]
    best: tuple[float, float, float, float] | None = None
    for time in _TIMES * at[-1]:
        basis = np.stack([np.ones_like(x), np.exp(-(x - x[0]) / time)], axis=1)
        (level, slope), *_ = np.linalg.lstsq(basis, y, rcond=None)
        error = float(((basis @ [level, slope] - y) ** 2).sum())
        if slope < 0 and (best is None or error < best[0]):
            best = error, float(level), float(slope * np.exp(-(x[-1] - x[0]) / time)), float(time)
    if best is None or best[2] > -0.02 * abs(best[1]):
        return None
    return Forecast(best[1], int(best[3] * np.log(20)))
