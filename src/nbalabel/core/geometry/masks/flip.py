"""Mirror masks without decoding them to pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .groups import spans
from .runs import from_ones, parse
from .strings import Rles


def flip(
    rles: Rles, heights: npt.ArrayLike, *, horizontal: bool = True, vertical: bool = False
) -> list[bytes]:
    """Mirror masks; mirroring twice gives back the same bytes.

    Args:
        rles: compressed masks, ``(n,)``.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.
        horizontal: left becomes right.
        vertical: top becomes bottom.

    Raises:
        MaskError: a mask is malformed.

    Example:
        >>> flip([b"112"], 2)  # the lower left pixel of 2 x 2 becomes the lower right one
        [b'31']
        >>> flip([b"112"], 2, horizontal=False, vertical=True)
        [b'013']
    """
    runs = parse(rles)
    begin, end, offsets = runs.ones()
    totals = runs.totals()
    row = np.repeat(np.arange(len(runs)), np.diff(offsets))
    if vertical != horizontal:  # both together reverse the pixel order: runs stay whole
        height = np.broadcast_to(np.asarray(heights, np.int64), len(runs))[row]
        begin, end, row, height = by_column(begin, end, row, height)
        base = begin // height * height
        begin, end = 2 * base + height - end, 2 * base + height - begin
    if horizontal:
        begin, end = totals[row] - end, totals[row] - begin
    order = np.lexsort((begin, row))
    offsets = np.searchsorted(row, np.arange(len(runs) + 1))
    return from_ones(begin[order], end[order], offsets, totals).encode()


def by_column(
    begin: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    row: npt.NDArray[np.int64],
    height: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], ...]:
    """Runs cut at the ends of columns, with their row and height.

    Args:
        begin: first pixel of each run, column-major, ``(n,)``.
        end: pixel after the last of each run, ``(n,)``.
        row: the mask of each run, ``(n,)``.
        height: height of its image, ``(n,)`` pixels.
    """
    first, last = begin // height, (end - 1) // height
    run = np.repeat(np.arange(len(begin)), last - first + 1)
    top = spans(first, last + 1) * height[run]
    return np.maximum(begin[run], top), np.minimum(end[run], top + height[run]), row[run], height[run]
