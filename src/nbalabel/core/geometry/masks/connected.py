"""Connected components of a mask from its runs; the time does not depend on the size of the image."""

from __future__ import annotations

import numpy as np

from .groups import spans
from .varints import Ints


def connected(begin: Ints, end: Ints, height: int, connectivity: int = 8) -> tuple[Ints, Ints, Ints]:
    """Cut runs into pieces within one column, and number the connected part of each piece.

    Args:
        begin: first pixel of each run, column-major, ``(n,)``, ascending.
        end: pixel after the last of each run, ``(n,)``; runs do not overlap.
        height: of the image, pixels.
        connectivity: 8 joins pixels that touch at a corner, 4 only those that share an edge.

    Returns:
        Begin, end and part of each piece, ``(k,)`` each, ascending by begin; parts are numbered in the order
        of their first pixels.

    Source: L. He et al. (2008), A run-based two-scan labeling algorithm; SciPy resolves the equivalences.

    Example:
        >>> connected(np.array([0, 3, 8]), np.array([1, 4, 9]), 3, 4)[2].tolist()
        [0, 0, 1]
    """
    from scipy.sparse import coo_array, csgraph

    begin, end = _by_column(begin, end, height)
    if not len(begin):
        return begin, end, begin
    first, last = neighbours(begin, end, height, connectivity)
    left, right = spans(first, last), np.repeat(np.arange(len(begin)), last - first)
    ones = np.ones(len(left), np.bool_)
    graph = coo_array((ones, (left, right)), shape=(len(begin), len(begin)))
    part = csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
    _, head, part = np.unique(part, return_index=True, return_inverse=True)
    return begin, end, np.argsort(np.argsort(head))[part]


def neighbours(begin: Ints, end: Ints, height: int, connectivity: int = 8) -> tuple[Ints, Ints]:
    """The pieces in the column on the left that each piece touches, as positions ``first`` to ``last - 1``.

    Args:
        begin: first pixel of each piece, column-major, ``(k,)``, ascending.
        end: pixel after the last of each piece, ``(k,)``, within the same column.
        height: of the image, pixels.
        connectivity: 8 or 4, as in :func:`connected`.
    """
    reach = 1 if connectivity == 8 else 0
    before = (begin // height - 1) * height  # where the column on the left begins
    low = before + np.maximum(begin % height - reach, 0)
    high = before + np.minimum(end - begin + begin % height + reach, height)
    first = np.searchsorted(end, low, "right")
    return first, np.maximum(np.searchsorted(begin, high), first)


def _by_column(begin: Ints, end: Ints, height: int) -> tuple[Ints, Ints]:
    """Runs cut at the ends of columns."""
    first, last = begin // height, (end - 1) // height
    run = np.repeat(np.arange(len(begin)), last - first + 1)
    column = spans(first, last + 1) * height
    return np.maximum(begin[run], column), np.minimum(end[run], column + height)
