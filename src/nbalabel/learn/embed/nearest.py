"""The rows whose vectors lie nearest to those of some rows: the one rule for look-alikes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_BLOCK = 4096


def nearest(vectors: Floats, picked: Ints, n: int) -> tuple[Ints, Floats]:
    """Positions of the rows nearest to any picked row, and their distances, ascending.

    Args:
        vectors: ``(m, d)``; rows that are not finite are never found.
        picked: positions of the picked rows, ``(k,)``; they are left out.
        n: most rows.
    """
    finite = np.asarray(np.isfinite(vectors).all(axis=1), np.bool_)
    asked = vectors[picked][finite[picked]].astype(np.float32)
    best = np.full(len(vectors), np.inf, np.float32)
    for start in range(0, len(vectors), _BLOCK):
        block = np.where(finite[start : start + _BLOCK, None], vectors[start : start + _BLOCK], 0)
        for others in np.array_split(asked, max(len(asked) // _BLOCK, 1)):
            if len(others):
                square = (block**2).sum(1)[:, None] + (others**2).sum(1) - 2 * block @ others.T
                best[start : start + _BLOCK] = np.minimum(best[start : start + _BLOCK], square.min(axis=1))
    best[~finite] = np.inf
    best[picked] = np.inf
    order = np.argsort(best, kind="stable")[:n]
    order = order[np.isfinite(best[order])]
    return order, np.sqrt(np.maximum(best[order], 0))
