"""Areas of the convex hulls of masks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..masks.varints import Ints
from .pieces import Pieces


def hull_areas(pieces: Pieces) -> npt.NDArray[np.float64]:
    """Area of the convex hull of the pixels of each mask, as squares, ``(n,)`` pixels; 0 without pixels.

    Every point on or beside the line between its neighbours is no corner of the hull; such points are dropped
    from all masks at once until none is left.
    """
    if not len(pieces.mask):
        return np.zeros(pieces.n)
    new = (np.diff(pieces.mask, prepend=-1) != 0) | (np.diff(pieces.x, prepend=-1) != 0)
    heads = np.flatnonzero(new)
    tails = np.append(heads[1:], len(new)) - 1
    mask, x = pieces.mask[heads], pieces.x[heads]
    above, below = _corners(mask, x, pieces.top[heads]), _corners(mask, x, -pieces.bottom[tails])
    return -_under(*above, pieces.n) - _under(*below, pieces.n)


def _corners(mask: Ints, x: Ints, y: Ints) -> tuple[Ints, Ints, Ints]:
    """Mask, x and the least y of the corners of pixels, at every line between columns of a mask."""
    beside = (np.diff(mask) == 0) & (np.diff(x) == 1)  # the next column touches this one
    left = y.copy()
    left[1:][beside] = np.minimum(y[1:], y[:-1])[beside]
    place = np.arange(len(x))
    ends = np.flatnonzero(~np.append(beside, False))
    order = np.argsort(np.concatenate([place * 2, ends * 2 + 1]))
    return (
        np.concatenate([mask, mask[ends]])[order],
        np.concatenate([x, x[ends] + 1])[order],
        np.concatenate([left, y[ends]])[order],
    )


def _under(mask: Ints, x: Ints, y: Ints, n: int) -> npt.NDArray[np.float64]:
    """Signed area between each mask's chain of least y, made convex, and y = 0, ``(n,)``."""
    out = np.zeros(n)
    while len(mask):
        inside = np.zeros(len(mask), np.bool_)
        inside[1:-1] = (mask[:-2] == mask[1:-1]) & (mask[1:-1] == mask[2:])
        at = np.flatnonzero(inside)
        across, up = x[at + 1] - x[at - 1], y[at + 1] - y[at - 1]
        drop = at[(y[at] - y[at - 1]) * across >= up * (x[at] - x[at - 1])]
        open_ = np.zeros(n, np.bool_)
        open_[mask[drop]] = True
        done = ~open_[mask]
        out += _trapezoids(mask[done], x[done], y[done], n)
        done[drop] = True
        mask, x, y = mask[~done], x[~done], y[~done]
    return out


def _trapezoids(mask: Ints, x: Ints, y: Ints, n: int) -> npt.NDArray[np.float64]:
    same = mask[1:] == mask[:-1]
    twice = (x[1:] - x[:-1]) * (y[1:] + y[:-1])
    return np.bincount(mask[1:][same], twice[same] / 2, n).astype(np.float64)
