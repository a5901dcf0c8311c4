"""Euclidean distances between all pairs of rows, by matrix products."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .compiled import compiled
from .threads import each

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_TALL, _WIDE = 256, 1024  # a product of this size stays in the cache until its roots are taken
_NOTHING = 1e-13  # smaller shares of the two squared lengths are rounding, not distance


def triangle(points: Doubles, extra: Doubles | None = None) -> Floats:
    """Distances below the diagonal, row after row: that of rows i > j is at ``i * (i - 1) // 2 + j``.

    The products are float64: in float32, ``|x|^2 + |y|^2 - 2xy`` loses distances below a thousandth of the
    distance from the origin, and so the tree inside distant clusters. Results are rounded to float32.

    Args:
        points: ``(n, d)`` float64.
        extra: added to the squared distances of each row, ``(n,)``; for rows that represent several rows.

    Returns:
        ``(n * (n - 1) // 2,)`` float32.

    Example:
        >>> triangle(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]])).tolist()
        [5.0, 4.0, 3.0]
    """
    n = len(points)
    out = np.empty(n * (n - 1) // 2, np.float32)
    length = np.einsum("ij,ij->i", points, points)
    added = np.zeros(n) if extra is None else extra
    fill = compiled(_fill)

    def rows(top: int) -> None:
        tall = points[top : top + _TALL]
        room = np.empty(_TALL * _WIDE)
        for left in range(0, top + len(tall), _WIDE):
            wide = points[left : min(left + _WIDE, top + len(tall))]
            product = room[: len(tall) * len(wide)].reshape(len(tall), len(wide))
            np.matmul(tall, wide.T, out=product)
            fill(out, product, top, left, length, added)

    each(rows, range(0, n, _TALL))
    return out


def square(points: Doubles) -> Doubles:
    """The same distances as a full matrix, ``(n, n)`` float64, without numba."""
    length = np.einsum("ij,ij->i", points, points)
    both = length[:, None] + length
    found = both - 2 * (points @ points.T)
    found[found <= _NOTHING * both] = 0
    return np.asarray(np.sqrt(found))


def _fill(out: Floats, product: Doubles, top: int, left: int, length: Doubles, added: Doubles) -> None:
    for r in range(product.shape[0]):
        i = top + r
        base = i * (i - 1) // 2 + left
        for c in range(min(product.shape[1], i - left)):
            both = length[i] + length[left + c]
            found = both - 2 * product[r, c]
            if found <= 1e-13 * both:
                found = 0.0
            out[base + c] = np.sqrt(found + added[i] + added[left + c])
