"""How many connected parts and holes masks have."""

from __future__ import annotations

import numpy as np

from ..masks.connected import neighbours
from ..masks.groups import spans
from ..masks.varints import Ints, cumulative
from .pieces import Pieces


def parts_and_holes(pieces: Pieces) -> tuple[Ints, Ints]:
    """Number of connected parts and of holes of each mask, ``(n,)`` each.

    Pixels that touch at a corner belong to one part; pixels of a hole share edges.

    Source: the number of pieces less the number of pairs that touch is the Euler number, parts less holes;
        S. Di Zenzo et al. (1996), Run-based algorithms for binary image analysis and processing.
    """
    from scipy.sparse import coo_array, csgraph

    none = np.zeros(pieces.n, np.int64)
    if not len(pieces.mask):
        return none, none
    stride = int(pieces.bottom.max()) + 2  # rows of different columns do not touch
    boxes = pieces.boxes()
    # Every mask gets columns of its own, with an empty one between two masks.
    start = cumulative(boxes[:, 2] - boxes[:, 0] + 1)[:-1] - boxes[:, 0]
    column = (start[pieces.mask] + pieces.x) * stride
    first, last = neighbours(column + pieces.top, column + pieces.bottom, stride)
    left, right = spans(first, last), np.repeat(np.arange(len(first)), last - first)
    graph = coo_array((np.ones(len(left), np.bool_), (left, right)), shape=(len(first),) * 2)
    n_parts, part = csgraph.connected_components(graph, directed=False)
    owner = np.zeros(n_parts, np.int64)
    owner[part] = pieces.mask
    parts = np.bincount(owner, minlength=pieces.n).astype(np.int64)
    euler = np.diff(pieces.offsets) - pieces.sums(last - first)
    return parts, parts - euler
