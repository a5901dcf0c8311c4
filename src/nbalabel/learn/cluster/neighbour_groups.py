"""Split rows into groups of neighbours of limited size, by repeated k-means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .space import CHUNK, Space
from .threads import each

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

FAN = 32  # most groups per k-means
_SEEN = 128  # rows per group in the sample for k-means
_STEPS = 8
_NOTHING = 1e-6  # smaller shares of the two squared lengths are rounding, not distance


def groups(space: Space, largest: int, seed: int = 0) -> list[Ints]:
    """Split all rows into groups of neighbours, about half as large as allowed.

    A k-means of up to 32 groups, learned on a sample, splits the rows; groups still too large are split again
    in the same way.

    Args:
        space: the space of the rows.
        largest: most rows of a group, 2 or more.
        seed: seed of the samples.

    Returns:
        Positions of each group's rows in the space, rising.
    """
    rng = np.random.default_rng(seed)
    done: list[Ints] = []
    level = [np.arange(len(space))]
    while level:
        done += [rows for rows in level if len(rows) <= largest]
        large = [rows for rows in level if len(rows) > largest]
        seeded = zip(large, rng.spawn(len(large)), strict=True)
        parts = each(lambda piece: _split(space, *piece, largest), seeded)
        level = [rows for part in parts for rows in part]
    return done


def _split(space: Space, rows: Ints, rng: np.random.Generator, largest: int) -> list[Ints]:
    k = min(FAN, -(-2 * len(rows) // largest))
    sample = rng.choice(rows, _SEEN * k, replace=False) if len(rows) > _SEEN * k else rows
    seen = space.take(sample)
    middle = seen.mean(axis=0)
    centers = centers_of((seen - middle).astype(np.float32), k, rng)
    if len(centers) == 1:  # all alike
        return np.array_split(rows, -(-len(rows) // largest))

    def codes(start: int) -> npt.NDArray[np.intp]:
        points = space.take(rows[start : start + CHUNK]) - middle
        return nearest(points.astype(np.float32), centers)[0]

    code = np.concatenate(each(codes, range(0, len(rows), CHUNK)))
    order = np.argsort(code, kind="stable")
    ends = np.flatnonzero(np.diff(code[order])) + 1
    return np.split(rows[order], ends)


def centers_of(points: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Lloyd's algorithm from k-means++ centers; a center that lost all its rows stays where it was.

    Source: Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    """
    length = np.einsum("ij,ij->i", points, points)
    chosen = [int(rng.integers(len(points)))]
    gap = np.full(len(points), np.inf)
    while len(chosen) < k:
        last = chosen[-1]
        found = np.maximum(length + length[last] - 2 * (points @ points[last]), 0)
        gap = np.minimum(gap, np.where(found > _NOTHING * (length + length[last]), found, 0))
        if gap.max() == 0:
            break
        chosen.append(int(rng.choice(len(points), p=gap / gap.sum())))
    centers = points[chosen]
    for _ in range(_STEPS):
        code, _ = nearest(points, centers)
        count = np.bincount(code, minlength=len(centers))
        member = np.zeros((len(centers), len(points)), np.float32)
        member[code, np.arange(len(points))] = 1
        filled = count > 0
        centers[filled] = (member @ points)[filled] / count[filled, None]
    return centers


def nearest(points: Floats, centers: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """The nearest center of each point, ``(k,)``, and the squared distance from it, ``(k,)``."""
    gap = (centers**2).sum(axis=1) - 2 * (points @ centers.T)
    code = np.argmin(gap, axis=1)
    far = gap[np.arange(len(points)), code] + np.einsum("ij,ij->i", points, points)
    return code, np.maximum(far, 0)
