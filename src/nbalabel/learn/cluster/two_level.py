"""Trees of millions of rows: exact among near rows, over bundles of rows at larger distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .compiled import compiled
from .distances import triangle
from .linkage import Merges, complete_linkage
from .neighbour_groups import groups
from .space import Space
from .threads import each

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

LARGEST_GROUP = 2_000
MOST_BUNDLES = 20_000
_ROWS_A_BUNDLE = 10


def two_level(
    space: Space, *, largest: int = LARGEST_GROUP, n_bundles: int | None = None, seed: int = 0
) -> Merges:
    """Approximate complete linkage of any number of rows.

    k-means splits the rows into groups, and complete linkage runs in each group. Only the lowest of all these
    merges are kept, up to one height for all groups, which leaves bundles of rows: a few large bundles where
    rows are dense, many small ones elsewhere. Complete linkage then runs over the bundles of all groups, so a
    cluster that k-means had cut is joined again. The distance of two bundles is taken to be
    ``sqrt(|c1 - c2|^2 + r1^2 + r2^2)`` of their centers and radii. This is the distance of their farthest
    rows where these lie at right angles to the line between the centers, as they nearly do in many
    dimensions. No bundle is joined below the height of the merges inside it.

    Args:
        space: the rows.
        largest: most rows of a group; all distances within a group are used.
        n_bundles: number of bundles, no less than that of the groups; None takes one per ten rows, at most
            20,000.
        seed: seed of k-means.

    Returns:
        n - 1 merges, not ordered by height.
    """
    n, bundle = len(space), compiled(_bundle)
    wanted = n_bundles or min(MOST_BUNDLES, -(-n // _ROWS_A_BUNDLE))
    low = _inside(space, groups(space, largest, seed))
    kept = _lowest(low, n - min(wanted, n))
    code, n_found = bundle(kept.first, kept.second, n)
    center, radius = _summary(space, code, n_found)
    top = complete_linkage(triangle(center, radius**2), n_found)
    one = np.empty(n_found, np.int64)
    one[code[::-1]] = np.arange(n)[::-1]  # the first row of each
    floor = kept.height.max(initial=0)
    return Merges.joined([kept, Merges(one[top.first], one[top.second], np.maximum(top.height, floor))])


def _inside(space: Space, parts: list[Ints]) -> Merges:
    """Complete linkage in each group."""

    def tree(rows: Ints) -> Merges:
        return complete_linkage(triangle(space.take(rows)), len(rows)).by_height().of(rows)

    return Merges.joined(each(tree, parts))


def _lowest(merges: Merges, n: int) -> Merges:
    """The ``n`` lowest merges; equal heights keep their order, so no merge is kept without its parts."""
    kept = np.argsort(merges.height, kind="stable")[:n]
    return Merges(merges.first[kept], merges.second[kept], merges.height[kept])


def _bundle(first: Ints, second: Ints, n: int) -> tuple[Ints, int]:
    """The bundle of each row, numbered by first row, and the number of bundles."""
    above = np.arange(n)
    for k in range(len(first)):
        a, b = first[k], second[k]
        while above[a] != a:
            above[a] = above[above[a]]
            a = above[a]
        while above[b] != b:
            above[b] = above[above[b]]
            b = above[b]
        above[max(a, b)] = min(a, b)
    code = np.empty(n, np.int64)
    n_found = 0
    for i in range(n):
        a = i
        while above[a] != a:
            a = above[a]
        if a == i:
            code[i] = n_found
            n_found += 1
        else:
            code[i] = code[a]
    return code, n_found


def _summary(space: Space, code: Ints, n: int) -> tuple[Doubles, Doubles]:
    """Mean of each bundle's rows, ``(n, d)``, and the distance of the farthest of them from it, ``(n,)``."""
    add, widen = compiled(_add), compiled(_widen)
    center = np.zeros((n, space.n_columns))
    for start, stop in space.chunks():
        add(center, code[start:stop], space.take(slice(start, stop)))
    center /= np.bincount(code, minlength=n)[:, None]
    squared = np.zeros(n)
    for start, stop in space.chunks():
        widen(squared, center, code[start:stop], space.take(slice(start, stop)))
    return center, np.sqrt(squared)


def _add(center: Doubles, code: Ints, points: Doubles) -> None:
    for r in range(len(code)):
        for c in range(points.shape[1]):
            center[code[r], c] += points[r, c]


def _widen(squared: Doubles, center: Doubles, code: Ints, points: Doubles) -> None:
    for r in range(len(code)):
        found = 0.0
        for c in range(points.shape[1]):
            gap = points[r, c] - center[code[r], c]
            found += gap * gap
        squared[code[r]] = max(squared[code[r]], found)
