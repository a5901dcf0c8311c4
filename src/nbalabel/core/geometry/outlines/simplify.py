"""Douglas-Peucker simplification of many outlines at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..masks.varints import Flags, Ints

Points = npt.NDArray[np.float64]


def simplify(corners: npt.ArrayLike, starts: Ints, tolerance: float) -> Flags:
    """Which corners to keep so that no outline deviates by more than ``tolerance`` (Douglas-Peucker).

    A ring is cut at its first corner and the corner farthest from it. Rings that would keep fewer than three
    corners are not simplified.

    Args:
        corners: corners of closed rings, one ring after the other, ``(n, 2)``, x and y in pixels.
        starts: offset of each ring, and the end of the last ring, ``(n_rings + 1,)``.
        tolerance: pixels.

    Returns:
        ``(n,)`` bool.

    Source: Douglas and Peucker (1973), Algorithms for the reduction of the number of points required to
        represent a digitized line or its caricature.

    Example:
        >>> stairs = [[0, 0], [9, 0], [9, 3], [8, 3], [8, 5], [9, 5], [9, 9], [0, 9]]
        >>> simplify(stairs, np.array([0, 8]), 1.5).nonzero()[0].tolist()
        [0, 1, 6, 7]
    """
    points = np.asarray(corners, np.float64)
    if not len(points):
        return np.zeros(0, bool)
    sizes = np.diff(starts)
    ring_start, ring_end = np.repeat(starts[:-1], sizes), np.repeat(starts[1:], sizes)
    keep = np.zeros(len(points), bool)
    keep[starts[:-1]] = True
    keep[_farthest(np.hypot(*(points - points[ring_start]).T), starts[:-1])[0]] = True
    rest = np.flatnonzero(~keep)
    while len(rest):
        kept = np.append(np.flatnonzero(keep), len(points))
        stretch = np.searchsorted(kept, rest) - 1
        a, b = kept[stretch], kept[stretch + 1]
        b = np.where(b >= ring_end[a], ring_start[a], b)  # a ring wraps around to its first corner
        heads = np.flatnonzero(np.diff(stretch, prepend=-1))
        at, distance = _farthest(_distances(points[rest], points[a], points[b]), heads)
        bends = distance > tolerance
        keep[rest[at[bends]]] = True
        undecided = np.repeat(bends, np.diff(heads, append=len(rest)))
        undecided[at] = False
        rest = rest[undecided]
    few = np.add.reduceat(keep, starts[:-1], dtype=np.int64) < 3
    return np.asarray(keep | np.repeat(few, sizes))


def _farthest(distance: Points, heads: Ints) -> tuple[Ints, Points]:
    """Position and value of the first maximum of each stretch; stretches begin at ``heads``."""
    most = np.maximum.reduceat(distance, heads)
    lengths = np.diff(heads, append=len(distance))
    hits = np.flatnonzero(distance == np.repeat(most, lengths))
    return hits[np.searchsorted(hits, heads)], most


def _distances(points: Points, a: Points, b: Points) -> Points:
    """Distance of each point from its line segment a-b, ``(n,)``; the arguments are ``(n, 2)``."""
    along, away = b - a, points - a
    length = (along**2).sum(axis=1)
    share = np.divide((away * along).sum(axis=1), length, out=np.zeros(len(points)), where=length > 0)
    return np.asarray(np.hypot(*(away - np.clip(share, 0, 1)[:, None] * along).T))
