"""Perimeters of masks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .runs import Runs, from_ones, overlaps, parse_blocks
from .strings import Rles
from .varints import Ints


def perimeters(rles: Rles, heights: npt.ArrayLike) -> Ints:
    """Number of pixel edges between inside and outside, holes and the image border included, ``(n,)`` int64.

    Args:
        rles: compressed masks, ``(n,)``.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.

    Raises:
        MaskError: a mask is malformed.

    Example:
        >>> perimeters([b"112", b"04"], 2).tolist()
        [4, 8]
    """
    height = np.asarray(heights, np.int64)
    parts = [of_runs(runs, height[rows] if height.ndim else height) for rows, runs in parse_blocks(rles)]
    return np.concatenate([np.empty(0, np.int64), *parts])


def of_runs(runs: Runs, height: Ints) -> Ints:
    """The same of parsed masks: two ends per run of a column, and two sides per pixel but those it shares.

    Args:
        runs: ``n`` masks.
        height: height of each mask's image, ``(n,)`` or one number, pixels.
    """
    n = len(runs)
    height = np.broadcast_to(height, n)
    begin, end, offsets = runs.ones()
    of_run = np.repeat(height, np.diff(offsets))
    row = np.repeat(np.arange(n), np.diff(offsets))
    stretches = np.bincount(row, (end - 1) // of_run - begin // of_run + 1, n).astype(np.int64)
    wide = runs.totals() + height  # one more column, for the mask shifted right by one
    beside = overlaps(
        from_ones(begin, end, offsets, wide), from_ones(begin + of_run, end + of_run, offsets, wide)
    )
    return np.asarray(2 * (stretches + runs.areas() - beside))
