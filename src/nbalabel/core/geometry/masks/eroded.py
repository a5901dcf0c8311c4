"""Masks without their outermost pixels, on run lengths alone: the cost follows the outline, not the area."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .groups import spans
from .runs import Ints, Runs, cumulative, from_ones


def eroded(runs: Runs, heights: npt.ArrayLike, steps: npt.ArrayLike) -> Runs:
    """The pixels of each mask whose square neighbourhood lies inside it; outside the image counts as outside.

    Args:
        runs: masks, ``(n,)``.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.
        steps: pixels to take away on each side, ``(n,)`` or one number, 0 or more; the neighbourhood is a
            square of ``2 * steps + 1`` pixels.

    Example:
        >>> from .rle import encode, parse
        >>> square = parse([encode(np.pad(np.ones((3, 3)), 1))])
        >>> eroded(square, 5, 1).areas().tolist()
        [1]
    """
    n = len(runs)
    height = np.broadcast_to(np.asarray(heights, np.int64), n)
    step = np.broadcast_to(np.asarray(steps, np.int64), n)
    totals = runs.totals()
    # Each mask gets pixels of its own on one long line, with room for what is moved to the left.
    origin = cumulative(totals + (2 * step + 1) * height)[:-1] + (2 * step + 1) * height
    row, begin, end = _shrunk(runs, height, step)
    begin, end = begin + origin[row], end + origin[row]
    width, wanted = np.ones(n, np.int64), 2 * step + 1
    while (width < wanted).any():
        further = np.minimum(width, wanted - width)
        moved = (further * height)[row]
        left, begin, end = _shared(begin, end, begin - moved, end - moved)
        row, width = row[left], width + further
    back = (step * height)[row] - origin[row]
    counts = np.bincount(row, minlength=n)
    return from_ones(begin + back, end + back, cumulative(counts), totals)


def _shrunk(runs: Runs, height: Ints, step: Ints) -> tuple[Ints, Ints, Ints]:
    """Mask, first pixel and pixel after the last of each run of one column, shorter by the steps."""
    begin, end, offsets = runs.ones()
    row = np.repeat(np.arange(len(runs)), np.diff(offsets))
    tall = height[row]
    first, last = begin // tall, (end - 1) // tall + 1
    of_run = np.repeat(np.arange(len(row)), last - first)
    column = spans(first, last) * tall[of_run]
    row = row[of_run]
    top = np.maximum(begin[of_run], column) + step[row]
    bottom = np.minimum(end[of_run], column + tall[of_run]) - step[row]
    keep = top < bottom
    return row[keep], top[keep], bottom[keep]


def _shared(begin: Ints, end: Ints, other_begin: Ints, other_end: Ints) -> tuple[Ints, Ints, Ints]:
    """Where two lists of ranges, each ascending and apart, overlap: position in the first, begin and end."""
    low = np.searchsorted(other_end, begin, "right")
    high = np.maximum(np.searchsorted(other_begin, end, "left"), low)
    left = np.repeat(np.arange(len(begin)), high - low)
    right = spans(low, high)
    return left, np.maximum(begin[left], other_begin[right]), np.minimum(end[left], other_end[right])
