"""Which rows are drawn where not all can be: always the same ones, of every label some.

Each row has a number from a hash of its id, and is drawn if that lies below the rate of its group. Rates only
rise when rows are left out, by a filter or by the edges of a window, so that what was drawn stays drawn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..workspace.blocks import blocks

Counts = npt.NDArray[np.int64]

_FULL = 2.0**32
_AT_LEAST = 2000  # rows of a group that are drawn, if there is room for so many of each
_MARKED = 1 / 3  # share of the limit that is kept for marked rows


def hashed(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """A number from a hash of each id, uniform in 0..2^32, ``(n,)``.

    Source:
        Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: its finalizer.
    """
    out = np.empty(len(ids), np.uint32)
    for some in blocks(len(ids)):
        z = ids[some].astype(np.uint64)
        z += np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z ^= z >> np.uint64(shift)
            z *= np.uint64(factor)
        out[some] = (z ^ (z >> np.uint64(31))) >> np.uint64(32)
    return out


def rates(plain: Counts, marked: Counts, limit: int) -> npt.NDArray[np.float64]:
    """Share of each group's rows to draw, 0..1, ``(2, k)``: of the plain and of the marked ones.

    Args:
        plain: rows in each group, ``(k,)``.
        marked: those of them that are marked, which are not among the plain ones, ``(k,)``.
        limit: rows to draw; a little below it are expected, so that chance does not exceed it.

    Example:
        >>> few = rates(np.array([990_000, 100]), np.array([0, 0]), 10_000)
        >>> few.round(3).tolist()
        [[0.01, 1.0], [0.01, 0.01]]
    """
    counts = np.stack([plain, marked]).astype(np.float64)
    if counts.sum() <= limit:
        return np.ones(counts.shape)
    target = limit - 4 * np.sqrt(limit)
    groups = max(int((counts[0] > 0).sum()), 1)
    least = np.zeros(counts.shape)
    least[0] = min(_AT_LEAST, target / 3 / groups) / np.maximum(counts[0], 1)
    least[1] = target * _MARKED / max(counts[1].sum(), 1)
    least = np.where(counts > 0, np.minimum(least, 1), 0)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if (np.maximum(least, middle) * counts).sum() <= target else (low, middle)
    return np.maximum(least, low)


def drawn(
    numbers: npt.NDArray[np.uint32],
    groups: npt.NDArray[np.integer],
    rate: npt.NDArray[np.float64],
    limit: int,
) -> npt.NDArray[np.int64]:
    """Positions of the rows that are drawn, ascending, at most ``limit``.

    Args:
        numbers: of :func:`hashed`, ``(n,)``.
        groups: index of each row's group in ``rate``, ``(n,)``.
        rate: of each group, 0..1, ``(k,)``.
        limit: if by chance there are more, those with the smallest numbers stay.
    """
    top = np.ceil(rate * _FULL)
    if not top.any():
        return np.zeros(0, np.int64)
    common = top[top > 0].min()
    near = numbers < np.uint32(common) if common < _FULL else np.ones(len(numbers), np.bool_)
    if (top > common).any():
        near |= (top > common)[groups]
    first = np.flatnonzero(near)  # few, as the groups with higher rates are small
    found: npt.NDArray[np.int64] = first[numbers[first] < top[groups[first]]]
    if len(found) > limit:
        found = np.sort(found[np.argpartition(numbers[found], limit)[:limit]])
    return found
