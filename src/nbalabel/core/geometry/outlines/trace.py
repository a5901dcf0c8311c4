"""Trace the outlines of many masks along pixel edges (crack following), from run lengths alone.

A run of pixels in a column has one crack above and one below: a horizontal edge of length one between inside
and outside. Where cracks of two neighbouring columns meet end to end the outline continues straight;
everywhere else it turns. Sorted by rows, these corners pair up to horizontal edges; sorted by columns, to
vertical edges. Following the edges alternately gives closed rings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..masks.runs import Runs
from ..masks.varints import Ints, cumulative


@dataclass(frozen=True, eq=False)
class Rings:
    """Closed outlines of many masks.

    Attributes:
        corners: x and y of all corners, ``(n_corners, 2)`` int64 pixels, clockwise on screen from the top
            left one.
        starts: offset of each ring in ``corners``, and the end of the last ring, ``(n_rings + 1,)``.
        mask: the mask of each ring, ``(n_rings,)``, ascending.
        owner: ring number of the exterior that contains a hole; for an exterior its own, ``(n_rings,)``.
        above: the edge straight above a hole's first corner, with only mask in between, as the position in
            ``corners`` where the edge begins; -1 for exteriors, ``(n_rings,)``. The ring of this edge has a
            lower number than the hole.
    """

    corners: Ints
    starts: Ints
    mask: Ints
    owner: Ints
    above: Ints


@dataclass(frozen=True, eq=False)
class _Corners:
    """Corners of outlines, each identified by the crack that ends there; all arrays ``(n,)``.

    Attributes:
        mask: the mask of the corner.
        x: column of the lattice, pixels.
        y: row of the lattice, pixels.
        run: the run above or below the crack.
        right: 1 where the crack is to the right of the corner, 0 to the left.
        below: 1 where the run is below the crack, 0 above.
        span: a number greater than any x or y.
    """

    mask: Ints
    x: Ints
    y: Ints
    run: Ints
    right: Ints
    below: Ints
    span: int

    def by_column(self) -> Ints:
        """Sort key down the columns; of two corners at one point, that of the run ending there is first."""
        return ((self.mask * self.span + self.x) * self.span + self.y) * 2 + self.below

    def by_row(self) -> Ints:
        """Sort key along the rows; of two corners at one point, the one of the left crack is first."""
        return ((self.mask * self.span + self.y) * self.span + self.x) * 2 + self.right

    def take(self, rows: Ints | npt.NDArray[np.bool_]) -> _Corners:
        fields = (self.mask, self.x, self.y, self.run, self.right, self.below)
        mask, x, y, run, right, below = (field[rows] for field in fields)
        return _Corners(mask, x, y, run, right, below, self.span)


def trace(runs: Runs, heights: npt.ArrayLike) -> Rings:
    """Outlines of all masks; parts that touch only at a corner are separate rings.

    Args:
        runs: ``n`` masks.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.

    Example:
        >>> from nbalabel.core.geometry.masks.runs import parse
        >>> trace(parse([b"222"]), 2).corners.tolist()
        [[1, 0], [2, 0], [2, 2], [1, 2]]
    """
    mask, column, top, bottom = _columns(runs, np.broadcast_to(np.asarray(heights, np.int64), len(runs)))
    corners = _turns(mask, column, top, bottom)
    keys = corners.by_row()
    order = np.argsort(keys)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    across = np.empty_like(order)  # other end of each corner's vertical edge, both in row order
    across[rank] = rank[np.arange(len(rank)) ^ 1]
    walk, starts = _walk(across.tolist())
    corners = corners.take(order)
    heads = walk[starts[:-1]]
    ring = np.empty(len(walk), np.int64)
    ring[walk] = np.repeat(np.arange(len(heads)), np.diff(starts))
    owner = list(range(len(heads)))
    edge = np.full(len(heads), -1)
    holes = np.flatnonzero(corners.below[heads] == 0)
    if len(holes):
        # The run that ends above a hole begins at the exterior, or below an earlier hole of the same part.
        over = corners.take(heads[holes])
        over = replace(over, y=top[over.run])
        end = np.searchsorted(keys[order], over.by_row(), "right") - 1
        edge[holes] = np.argsort(walk)[end] // 2 * 2
        for hole, above in zip(holes.tolist(), ring[end].tolist(), strict=True):
            owner[hole] = owner[above]
    points = np.stack([corners.x[walk], corners.y[walk]], axis=1)
    return Rings(points, starts, corners.mask[heads], np.array(owner, np.int64), edge)


def _columns(runs: Runs, heights: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """1-runs cut at the ends of columns: mask, column, first row, row after the last; each ``(n_runs,)``."""
    begin, end, offsets = runs.ones()
    mask = np.repeat(np.arange(len(runs)), np.diff(offsets))
    height = heights[mask]
    first, last = begin // height, (end - 1) // height
    n = last - first + 1
    piece = np.repeat(np.arange(len(n)), n)
    column = np.arange(len(piece)) - (cumulative(n)[:-1] - first)[piece]
    height = height[piece]
    top = np.maximum(begin[piece] - column * height, 0)
    bottom = np.minimum(end[piece] - column * height, height)
    return mask[piece], column, top, bottom


def _turns(mask: Ints, column: Ints, top: Ints, bottom: Ints) -> _Corners:
    """Where outlines turn, ascending down the columns of the lattice."""
    run = np.repeat(np.arange(len(mask)), 2)
    mask, x, y = mask[run], column[run], np.stack([top, bottom], axis=1).ravel()
    right, below = np.ones(len(run), np.int64), np.arange(len(run)) % 2 ^ 1
    span = int(max(x.max(initial=0), y.max(initial=0))) + 2
    mask, run, below = np.tile(mask, 2), np.tile(run, 2), np.tile(below, 2)
    ends = _Corners(mask, np.append(x, x + 1), np.tile(y, 2), run, np.append(right, right - 1), below, span)
    keys = ends.by_column()
    order = np.argsort(keys, kind="stable")
    straight = np.flatnonzero(np.diff(keys[order]) == 0)
    turns = np.ones(len(order), bool)
    turns[straight] = turns[straight + 1] = False
    return ends.take(order[turns])


def _walk(across: list[int]) -> tuple[Ints, Ints]:
    """All corners, ring by ring, along horizontal edges (i to i ^ 1) and vertical edges alternately."""
    seen = bytearray(len(across))
    walk: list[int] = []
    starts = [0]
    for head in range(0, len(across), 2):
        if seen[head]:
            continue
        at = head
        while not seen[at]:
            seen[at] = seen[at ^ 1] = 1
            walk += (at, at ^ 1)
            at = across[at ^ 1]
        starts.append(len(walk))
    return np.array(walk, np.int64), np.array(starts, np.int64)
