"""Rows in groups of neighbours, none too large, by k-means over and over."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .space import CHUNK, Space

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

FAN = 32  # groups that one k-means makes at most
_SEEN = 128  # rows a group that k-means learns from
_STEPS = 8


def groups(space: Space, largest: int, seed: int = 0) -> list[Ints]:
    """Split all rows into groups of neighbours, about half as large as allowed.

    A k-means of up to 32 groups, learned on a sample, splits the rows; groups still too large are
    split again.

    Args:
        space: where rows are near each other.
        largest: most rows of a group, 2 or more.
        seed: of the samples.

    Returns:
        Positions of each group's rows in the space, rising.
    """
    rng = np.random.default_rng(seed)
    done: list[Ints] = []
    waiting = [np.arange(len(space))]
    while waiting:
        rows = waiting.pop()
        if len(rows) <= largest:
            done.append(rows)
            continue
        parts = _split(space, rows, min(FAN, -(-2 * len(rows) // largest)), rng)
        if len(parts) == 1:  # all alike
            parts = np.array_split(rows, -(-len(rows) // largest))
        waiting += parts[::-1]
    return done


def _split(space: Space, rows: Ints, k: int, rng: np.random.Generator) -> list[Ints]:
    sample = rng.choice(rows, _SEEN * k, replace=False) if len(rows) > _SEEN * k else rows
    seen = space.take(sample)
    middle = seen.mean(axis=0)
    centers = _centers((seen - middle).astype(np.float32), k, rng)
    code = np.empty(len(rows), np.int32)
    for start in range(0, len(rows), CHUNK):
        part = (space.take(rows[start : start + CHUNK]) - middle).astype(np.float32)
        code[start : start + CHUNK] = _nearest(part, centers)
    order = np.argsort(code, kind="stable")
    ends = np.flatnonzero(np.diff(code[order])) + 1
    return np.split(rows[order], ends)


def _centers(points: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Lloyd's steps from centers drawn far apart; one that lost all its rows stays where it was.

    Source: Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    """
    centers = points[[int(rng.integers(len(points)))]]
    gap = ((points - centers[0]) ** 2).sum(axis=1, dtype=np.float64)
    while len(centers) < k and gap.max() > 0:
        chosen = points[rng.choice(len(points), p=gap / gap.sum())]
        centers = np.vstack([centers, chosen])
        gap = np.minimum(gap, ((points - chosen) ** 2).sum(axis=1, dtype=np.float64))
    for _ in range(_STEPS):
        code = _nearest(points, centers)
        count = np.bincount(code, minlength=len(centers))
        member = np.zeros((len(centers), len(points)), np.float32)
        member[code, np.arange(len(points))] = 1
        filled = count > 0
        centers[filled] = (member @ points)[filled] / count[filled, None]
    return centers


def _nearest(points: Floats, centers: Floats) -> npt.NDArray[np.intp]:
    return np.argmin((centers**2).sum(axis=1) - 2 * (points @ centers.T), axis=1)
