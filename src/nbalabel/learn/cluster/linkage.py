"""Complete linkage of all rows: reciprocal nearest neighbours, many pairs at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .chain import nearest_neighbor_chain
from .compiled import compiled

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_FEW = 64  # with fewer pairs than one per this many clusters, a pass over all distances does not pay


@dataclass(frozen=True, eq=False)
class Merges:
    """Pairs of clusters that were joined; each comes after those that made its two clusters.

    Attributes:
        first: a row of one cluster, ``(k,)`` int64.
        second: a row of the other, ``(k,)`` int64.
        height: distance between the two, ``(k,)`` float32.
    """

    first: Ints
    second: Ints
    height: Floats

    @classmethod
    def none(cls) -> Merges:
        """No merges."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))

    @classmethod
    def joined(cls, parts: list[Merges]) -> Merges:
        """The merges of all parts, concatenated."""
        parts = parts or [cls.none()]
        return cls(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("first", "second", "height")))

    def __len__(self) -> int:
        return len(self.height)

    def by_height(self) -> Merges:
        """The merges by rising height; merges of equal height keep their order."""
        order = np.argsort(self.height, kind="stable")
        return Merges(self.first[order], self.second[order], self.height[order])

    def of(self, rows: Ints) -> Merges:
        """The same merges, with row i renamed to ``rows[i]``."""
        return Merges(rows[self.first], rows[self.second], self.height)


def complete_linkage(triangle: Floats, n: int) -> Merges:
    """Join the two closest clusters until one is left; the distance of two is that of their farthest rows.

    Two clusters that are mutual nearest neighbours are joined sooner or later in any case, since under
    complete linkage distances never shrink. So all such pairs are joined at once, in rounds that pass over
    memory sequentially, and the distances are packed again. Where a round finds few pairs (as in points on a
    line with growing gaps), nearest-neighbour chains do the rest.

    Args:
        triangle: distances as from `triangle`, ``(n * (n - 1) // 2,)`` float32; overwritten.
        n: rows.

    Returns:
        n - 1 merges, not ordered by height.

    Source: Murtagh, "A survey of recent advances in hierarchical clustering algorithms", Computer Journal
        1983.
    """
    ids, parts = np.arange(n), []
    low, own, mate = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.int64)
    pair, join, pack = compiled(_pair), compiled(_join), compiled(_pack)
    mate[:] = -1
    pack(triangle, ids, mate, low, own)
    while len(ids) > 1:
        size = len(ids)
        n_pairs = pair(triangle, size, low, own, mate)
        if size > _FEW and n_pairs * _FEW < size:
            parts.append(_chained(triangle, ids))
            break
        first = np.flatnonzero(mate[:size] > np.arange(size))
        second = mate[first]
        parts.append(Merges(ids[first], ids[second], low[first]))
        join(triangle, first, second)
        mate[first] = -1
        keep = np.delete(np.arange(size), first)
        pack(triangle, keep, mate, low, own)
        ids = ids[keep]
    return Merges.joined(parts)


def _chained(triangle: Floats, ids: Ints) -> Merges:
    first, second, height = compiled(nearest_neighbor_chain)(triangle, len(ids))
    return Merges(ids[first], ids[second], height)


def _pair(triangle: Floats, n: int, low: Floats, own: Floats, mate: Ints) -> int:
    """Pair clusters that are mutual nearest neighbours; of equally near ones the first free one is taken."""
    mate[:n] = -1
    n_pairs = 0
    for i in range(1, n):
        if own[i] > low[i]:
            continue
        base = i * (i - 1) // 2
        for j in range(i):
            if triangle[base + j] == low[i] and low[j] == low[i] and mate[j] < 0:
                mate[i] = j
                mate[j] = i
                n_pairs += 1
                break
    return n_pairs


def _join(triangle: Floats, first: Ints, second: Ints) -> None:
    """The row of the second cluster of each pair takes the larger distances; `_pack` does its column."""
    for t in range(len(first)):
        i, j = first[t], second[t]
        mine, other = j * (j - 1) // 2, i * (i - 1) // 2
        for k in range(i):
            triangle[mine + k] = max(triangle[mine + k], triangle[other + k])
        for k in range(i + 1, j):
            triangle[mine + k] = max(triangle[mine + k], triangle[k * (k - 1) // 2 + i])


def _pack(triangle: Floats, keep: Ints, mate: Ints, low: Floats, own: Floats) -> None:
    """Close the gaps, and find the distance of each cluster to its nearest, and to its nearest before it.

    No row is overwritten before it is read, because each row moves to the left of the next one.
    """
    low[: len(keep)] = np.inf
    own[: len(keep)] = np.inf
    base = 0
    for a in range(len(keep)):
        old = keep[a] * (keep[a] - 1) // 2
        if old > base:
            for b in range(a):
                found = triangle[old + keep[b]]
                other = mate[keep[b]]
                if other >= 0:
                    found = max(found, triangle[old + other])
                triangle[base + b] = found
        least = own[a]
        for b in range(a):
            found = triangle[base + b]
            least = min(least, found)
            low[b] = min(low[b], found)
        own[a] = least
        low[a] = least
        base += a
