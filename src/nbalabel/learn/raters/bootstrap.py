"""Intervals by drawing images again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_BLOCK = 1 << 22  # weights at one time


@dataclass(frozen=True)
class Measured:
    """A value and its 95% interval.

    Attributes:
        value: over all images; NaN where nothing can be compared.
        low: 2.5% of the draws of images lie below.
        high: 2.5% of the draws lie above; NaN with fewer than two images, as ``low``.

    Example:
        >>> Measured(0.812, 0.79, 0.836)
        0.812 (0.790 to 0.836)
    """

    value: float
    low: float
    high: float

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        if np.isnan(self.value):
            return "unknown"
        known = not np.isnan(self.low)
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})" if known else f"{self.value:.3f}"


def measured(
    of: Callable[[Floats | None], Floats], n_images: int, draws: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Values and their 95% intervals over draws of images with replacement.

    Args:
        of: what is measured: from weights ``(n_draws, n_images)`` to ``(n_draws, k)``; with None of all
            images, ``(1, k)``.
        n_images: number of images.
        draws: number of draws.
        seed: of the draws; the same images are drawn for the same seed.

    Returns:
        Value, low and high, ``(k,)`` each.

    Source: B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 1979; percentile
        interval.
    """
    value = of(None)[0]
    if n_images < 2 or draws < 1:
        nothing = np.full(len(value), np.nan)
        return value, nothing, nothing
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // n_images)
    found = [of(_weights(rng, min(step, draws - done), n_images)) for done in range(0, draws, step)]
    every = np.concatenate(found)
    none = np.isnan(every).all(axis=0)
    low, high = np.nanpercentile(np.where(none, 0.0, every), [2.5, 97.5], axis=0)
    return value, np.where(none, np.nan, low), np.where(none, np.nan, high)


def _weights(rng: np.random.Generator, draws: int, n_images: int) -> Floats:
    """How often each image is drawn, ``(draws, n_images)``."""
    drawn = rng.integers(n_images, size=(draws, n_images)) + np.arange(draws)[:, None] * n_images
    return np.bincount(drawn.ravel(), minlength=draws * n_images).reshape(draws, n_images).astype(np.float64)
