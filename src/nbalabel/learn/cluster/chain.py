"""Complete linkage by nearest-neighbour chains: O(n^2) steps for any distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def nearest_neighbor_chain(triangle: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    """Follow nearest neighbours from cluster to cluster until two are mutual; join these two.

    Args:
        triangle: distances below the diagonal, row after row, ``(n * (n - 1) // 2,)`` float32; overwritten.
        n: rows.

    Returns:
        Per join, one row of each of the two clusters, ``(n - 1,)`` int64 twice, and their distance,
        ``(n - 1,)`` float32; not ordered by height.

    Source: Benzecri, "Construction d'une classification ascendante hierarchique par la recherche en chaine
        des voisins reciproques", Cahiers de l'analyse des donnees 1982.

    Example:
        >>> first, second, height = nearest_neighbor_chain(np.array([5, 1, 4], np.float32), 3)
        >>> first.tolist(), second.tolist(), height.tolist()
        ([0, 1], [2, 2], [1.0, 5.0])
    """
    first, second = np.empty(n - 1, np.int64), np.empty(n - 1, np.int64)
    height = np.empty(n - 1, np.float32)
    alive = np.arange(n)
    n_alive = n
    chain = np.empty(n, np.int64)
    length = 0
    for k in range(n - 1):
        if length == 0:
            chain[0] = alive[0]
            length = 1
        while True:
            x = chain[length - 1]
            near = -1
            least = np.float32(np.inf)
            if length > 1:  # a tie goes to the previous cluster, so that chains end
                near = chain[length - 2]
                i, j = max(x, near), min(x, near)
                least = triangle[i * (i - 1) // 2 + j]
            t = 0
            base = x * (x - 1) // 2
            while alive[t] < x:
                found = triangle[base + alive[t]]
                if found < least:
                    least, near = found, alive[t]
                t += 1
            for u in range(t + 1, n_alive):
                i = alive[u]
                found = triangle[i * (i - 1) // 2 + x]
                if found < least:
                    least, near = found, i
            if length > 1 and near == chain[length - 2]:
                break
            chain[length] = near
            length += 1
        length -= 2
        gone, kept = min(x, near), max(x, near)
        first[k], second[k], height[k] = gone, kept, least
        n_kept = 0
        for t in range(n_alive):
            i = alive[t]
            if i == gone:
                continue
            alive[n_kept] = i
            n_kept += 1
            if i == kept:
                continue
            p, q = max(gone, i), min(gone, i)
            r, s = max(kept, i), min(kept, i)
            to = r * (r - 1) // 2 + s
            triangle[to] = max(triangle[to], triangle[p * (p - 1) // 2 + q])
        n_alive = n_kept
    return first, second, height
