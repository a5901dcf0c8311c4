"""Centres of masks, and how long they are for their width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..masks.varints import Ints
from .pieces import Pieces

Floats = npt.NDArray[np.float64]

_OF_A_PIXEL = 1 / 12  # variance of a square of side one


def centres(pieces: Pieces) -> Floats:
    """Mean x and y of the pixels of each mask from the image's corner, ``(n, 2)`` pixels; NaN for none."""
    length = pieces.bottom - pieces.top
    n = _or_nan(pieces.sums(length))
    x = pieces.sums(length * (2 * pieces.x + 1)) / n / 2
    y = pieces.sums(length * (pieces.top + pieces.bottom)) / n / 2
    return np.stack([x, y], axis=1)


def aspects(pieces: Pieces) -> Floats:
    """Long by short principal axis of each mask, ``(n,)``, 1 or more; NaN without pixels.

    These are the axes of the ellipse with the mask's second moments, pixels taken as squares; a rectangle of
    ``a`` by ``b`` has ``a / b``.

    Source: M.-K. Hu (1962), Visual pattern recognition by moment invariants.
    """
    x, (top, bottom) = _from_the_corner(pieces)
    length = bottom - top
    n = _or_nan(pieces.sums(length))
    ys = length * (top + bottom - 1) // 2  # sum of the rows of a piece
    squares = _squares(bottom) - _squares(top)
    mean_x, mean_y = pieces.sums(length * x) / n, pieces.sums(ys) / n
    xx = pieces.sums(length * x * x) / n - mean_x**2 + _OF_A_PIXEL
    yy = pieces.sums(squares) / n - mean_y**2 + _OF_A_PIXEL
    xy = pieces.sums(ys * x) / n - mean_x * mean_y
    half, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.asarray(np.sqrt((half + apart) / np.maximum(half - apart, _OF_A_PIXEL / 2)))


def _from_the_corner(pieces: Pieces) -> tuple[Ints, tuple[Ints, Ints]]:
    """Columns and rows counted from the corner of each mask's box: small numbers, so sums stay exact."""
    corner = pieces.boxes()[pieces.mask]
    return pieces.x - corner[:, 0], (pieces.top - corner[:, 1], pieces.bottom - corner[:, 1])


def _squares(end: Ints) -> Ints:
    """0² + 1² + ... + (end - 1)²."""
    return (end - 1) * end * (2 * end - 1) // 6


def _or_nan(counts: Ints) -> Floats:
    return np.where(counts > 0, counts, np.nan)
