"""The rows whose vectors lie nearest to those of some rows: the one rule for look-alikes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_BLOCK = 4096


def nearest(
    vectors: npt.NDArray[np.floating], picked: Ints, n: int, *, centred: bool = False
) -> tuple[Ints, Floats]:
    """Positions of the rows nearest to any picked row, and their distances, ascending.

    Args:
        vectors: ``(m, d)``, perhaps mapped and float16; rows that are not finite are never found.
        picked: positions of the picked rows, ``(k,)``; they are left out.
        n: most rows.
        centred: subtract the mean first, because differences of large numbers lose digits.
    """
    finite, middle = _finite(vectors)
    middle = middle if centred else np.zeros_like(middle)
    asked = vectors[picked][finite[picked]].astype(np.float32) - middle
    best = np.full(len(vectors), np.inf, np.float32)
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors[start : start + _BLOCK].astype(np.float32) - middle
        block = np.where(finite[start : start + _BLOCK, None], rows, 0)
        for others in np.array_split(asked, max(len(asked) // _BLOCK, 1)):
            if len(others):
                square = (block**2).sum(1)[:, None] + (others**2).sum(1) - 2 * block @ others.T
                best[start : start + _BLOCK] = np.minimum(best[start : start + _BLOCK], square.min(axis=1))
    best[~finite] = np.inf
    best[picked] = np.inf
    order = np.argsort(best, kind="stable")[:n]
    order = order[np.isfinite(best[order])]
    return order, np.sqrt(np.maximum(best[order], 0))


def _finite(vectors: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Which rows are numbers throughout, and the mean of those, ``(d,)``; a block at a time."""
    finite, total = np.empty(len(vectors), np.bool_), np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK].astype(np.float32)
        finite[start : start + _BLOCK] = known = np.isfinite(block).all(axis=1)
        total += block[known].sum(axis=0, dtype=np.float64)
    return finite, (total / max(int(finite.sum()), 1)).astype(np.float32)
