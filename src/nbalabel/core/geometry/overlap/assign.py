"""Which mask of one table is which of another: the assignment with the highest sum of IoU."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..masks.runs import Ints
from .pairs import Pairs


def assign(pairs: Pairs, worth: npt.ArrayLike | None = None) -> Ints:
    """Positions of the pairs that make up the best assignment: each row in one pair at most.

    Args:
        pairs: rows of two tables that overlap, as :func:`.keep_best.overlapping` finds them.
        worth: what each pair is worth, ``(n,)``, > 0; None: its IoU. The sum over the chosen pairs is as high
            as can be.

    Returns:
        Ascending positions in ``pairs``, ``(m,)`` int64.

    Source: H. W. Kuhn, "The Hungarian method for the assignment problem" (1955), by
        ``scipy.optimize.linear_sum_assignment``, for each group of rows that overlaps connect.

    Example:
        >>> pairs = Pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.9, 0.5, 0.6]))
        >>> assign(pairs).tolist()  # 0.5 + 0.6 is more than 0.9
        [1, 2]
    """
    from scipy.optimize import linear_sum_assignment

    value = pairs.iou if worth is None else np.asarray(worth, np.float64)
    chosen = [np.zeros(0, np.int64)]
    for at in _connected(pairs):
        left, row = np.unique(pairs.left[at], return_inverse=True)
        right, column = np.unique(pairs.right[at], return_inverse=True)
        table = np.zeros((len(left), len(right)))
        place = np.full(table.shape, -1, np.int64)
        table[row, column], place[row, column] = value[at], at
        found = place[linear_sum_assignment(table, maximize=True)]
        chosen.append(found[found >= 0])
    return np.sort(np.concatenate(chosen))


def _connected(pairs: Pairs) -> Iterator[Ints]:
    """Positions of the pairs of each group of rows that overlaps connect."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return
    n_left, n_right = int(pairs.left.max()) + 1, int(pairs.right.max()) + 1
    nodes = (pairs.left, n_left + pairs.right)
    graph = coo_array((np.ones(len(pairs), np.int8), nodes), shape=(n_left + n_right,) * 2)
    group = connected_components(graph, directed=False)[1][pairs.left]
    order = np.argsort(group, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
