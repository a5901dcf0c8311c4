"""Turn merges into cluster trees, whose clusters are contiguous ranges of one order of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .compiled import fastest
from .forest import NONE, Forest
from .linkage import Merges

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Dendrogram:
    """A binary tree over rows 0..n-1; cluster i < n is row i, cluster n + k the k-th merge by height.

    Attributes:
        left: child of each merge with the lower number, ``(n - 1,)`` int64.
        right: the other child, ``(n - 1,)`` int64.
        height: distance of the two children, rising, ``(n - 1,)`` float32.
    """

    left: Ints
    right: Ints
    height: Floats

    @classmethod
    def of(cls, merges: Merges) -> Dendrogram:
        """Number the clusters by height.

        Example:
            >>> Dendrogram.of(Merges(np.array([0, 1]), np.array([2, 2]), np.array([1, 5], np.float32))).right
            array([2, 3])
        """
        sorted_ = merges.by_height()
        left, right = fastest(_number, len(merges))(sorted_.first, sorted_.second)
        return cls(left, right, sorted_.height)


def forest(trees: list[tuple[int, Ints, Dendrogram]]) -> Forest:
    """Forest of several trees.

    Args:
        trees: label code, rows and their dendrogram, by rising label; all rows together are 0..n-1.

    Returns:
        Cluster c < n is row c alone; the merges come after, tree by tree, by rising height.
    """
    n = sum(len(rows) for _, rows, _ in trees)
    m = 2 * n - len(trees)
    order = np.empty(n, np.int64)
    start, stop, left, right = (np.full(m, NONE, np.int64) for _ in range(4))
    height = np.zeros(m, np.float32)
    roots = np.empty(len(trees), np.int64)
    walk = fastest(_places, n)
    place, inner = 0, n
    for t, (_, rows, tree) in enumerate(trees):
        names = np.concatenate([rows, np.arange(inner, inner + len(rows) - 1)])
        own = slice(inner, inner + len(rows) - 1)
        left[own], right[own], height[own] = names[tree.left], names[tree.right], tree.height
        first, last = walk(tree.left, tree.right)
        start[names], stop[names] = first + place, last + place
        order[start[rows]] = rows
        roots[t] = names[-1]
        place, inner = place + len(rows), inner + len(rows) - 1
    labels = np.array([label for label, _, _ in trees], np.int64)
    return Forest(order, start, stop, left, right, height, roots, labels)


def _number(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """The two clusters that each merge joins, from one row of each (union-find)."""
    n = len(first) + 1
    above = np.arange(2 * n - 1)
    left, right = np.empty(n - 1, np.int64), np.empty(n - 1, np.int64)
    for k in range(n - 1):
        a, b = first[k], second[k]
        while above[a] != a:
            above[a] = above[above[a]]
            a = above[a]
        while above[b] != b:
            above[b] = above[above[b]]
            b = above[b]
        left[k], right[k] = min(a, b), max(a, b)
        above[a] = n + k
        above[b] = n + k
    return left, right


def _places(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Start and stop of each cluster in a walk of the tree, left child first."""
    n = len(left) + 1
    size = np.ones(2 * n - 1, np.int64)
    for k in range(n - 1):
        size[n + k] = size[left[k]] + size[right[k]]
    start = np.zeros(2 * n - 1, np.int64)
    for k in range(n - 2, -1, -1):
        start[left[k]] = start[n + k]
        start[right[k]] = start[n + k] + size[left[k]]
    return start, start + size
