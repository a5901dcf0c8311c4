"""Separate objects from the background: a direction in colour space, and a global or local threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

GRAY = (0.299, 0.587, 0.114)
FINE, COARSE = 0.04, 0.1
"""Smoothing to try, as a share of the side of a typical object; the fine one first."""

_BINS = 128


@dataclass(frozen=True)
class Threshold:
    """One way to separate objects from the background.

    Attributes:
        direction: weights of red, green and blue; objects lie above the threshold.
        smoothing: standard deviation of the Gaussian applied first, pixels.
        window: side of the square whose mean is the local threshold, pixels; 0 takes Otsu's threshold.
        offset: added to the threshold, in standard deviations of the picture.
    """

    direction: tuple[float, float, float]
    smoothing: float
    window: int
    offset: float

    def foreground(self, pixels: Floats) -> Bools:
        """Which pixels belong to objects, ``(h, w)``; small holes are filled.

        Args:
            pixels: ``(h, w, 3)``, 0..1.

        Source: N. Otsu, "A threshold selection method from gray-level histograms" (1979).
        """
        value = ndimage.gaussian_filter(pixels @ np.asarray(self.direction, np.float32), self.smoothing)
        base = ndimage.uniform_filter(value, self.window, mode="reflect") if self.window else otsu(value)
        return _filled(value > base + self.offset * float(value.std()))

    def scaled(self, factor: float) -> Threshold:
        """The same threshold for pictures ``factor`` times as wide and high."""
        window = max(3, int(self.window * factor) | 1) if self.window else 0
        return replace(self, smoothing=self.smoothing * factor, window=window)


def candidates(directions: list[tuple[float, float, float]], side: float) -> list[Threshold]:
    """Thresholds that the search tries first, with the fine smoothing.

    Args:
        directions: directions in colour space, each tried with both signs.
        side: side of a typical object, pixels.
    """
    both = [tuple(sign * part for part in direction) for direction in directions for sign in (1.0, -1.0)]
    kinds = [(0, -0.4), (0, 0.0), (0, 0.4)]
    kinds += [(int(side * wide) | 1, offset) for wide in (2.5, 6) for offset in (0.1, 0.4, 0.9)]
    return [Threshold((a, b, c), FINE * side, w, o) for (a, b, c), (w, o) in product(both, kinds)]


def otsu(value: Floats) -> float:
    """Otsu's threshold: it maximises the variance between the two groups of values."""
    low, high = float(value.min()), float(value.max())
    if high <= low:
        return high
    counts, edges = np.histogram(value, _BINS, (low, high))
    centres = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    apart = sums[:-1] / np.maximum(below, 1) - (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    between = below * above * apart**2
    return float(edges[1:-1][between >= between.max() * (1 - 1e-9)].mean())  # halfway through a gap


def _filled(foreground: Bools) -> Bools:
    """Fill holes that are smaller than a hundredth of the picture."""
    holes, n = ndimage.label(~foreground)
    size = np.bincount(holes.ravel(), minlength=n + 1)
    edge = np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]])
    small = size < foreground.size / 100
    small[edge] = False
    small[0] = False
    return foreground | small[holes]
