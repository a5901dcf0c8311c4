"""Which of many points lie in what people draw: exact, and fast for ten million of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.geometry.outlines.inside import inside
from ..workspace.clauses import Rows

Floats = npt.NDArray[Any]

_CELLS = 256  # along either side of the box around a lasso


def in_box(x: Floats, y: Floats, limits: Sequence[float], single: tuple[bool, bool]) -> Rows:
    """Points in a box, its border included, ``(n,)`` bool.

    Args:
        x: ``(n,)``, NaN for none.
        y: ``(n,)``.
        limits: left, bottom, right, top.
        single: of each axis, whether its limits are compared as float32, as pandas does for such a column.
    """
    out = np.ones(len(x), np.bool_)
    for axis, values in enumerate((x, y)):
        ends = np.array(limits[axis::2], np.float32 if single[axis] else np.float64).astype(np.float64)
        out &= values >= ends[0]
        out &= values <= ends[1]
    return out


def in_lasso(x: Floats, y: Floats, ring: npt.NDArray[np.float64]) -> Rows:
    """Points in a polygon as :func:`.inside` finds them, ``(n,)`` bool.

    Cells of the box around it that no edge comes near lie in it or beside it as a whole; only points in the
    other cells are tested one by one.

    Args:
        x: ``(n,)``, NaN for none.
        y: ``(n,)``.
        ring: corners, ``(k, 2)``.
    """
    out = np.zeros(len(x), np.bool_)
    if len(ring) < 3:
        return out
    low, high = ring.min(axis=0), ring.max(axis=0)
    near = np.flatnonzero(in_box(x, y, (*low, *high), (False, False)))
    if not (high > low).all() or len(near) < _CELLS**2:
        out[near] = inside(np.stack([x[near], y[near]], axis=1), ring)
        return out
    scale = _CELLS / (high - low)
    cell = _steps(y[near], low[1], scale[1]) * _CELLS + _steps(x[near], low[0], scale[0])
    edges = _crossed((ring - low) * scale)
    line, column = np.divmod(np.arange(_CELLS**2), _CELLS)
    middles = low + (np.stack([column, line], axis=1) + 0.5) / scale
    within = inside(middles, ring) & ~edges
    out[near[within[cell]]] = True
    tested = near[edges[cell]]
    out[tested] = inside(np.stack([x[tested], y[tested]], axis=1), ring)
    return out


def _steps(values: Floats, lo: float, scale: float) -> npt.NDArray[np.intp]:
    steps = ((values - np.float64(lo)) * scale).astype(np.intp)
    return np.asarray(np.clip(steps, 0, _CELLS - 1))


def _crossed(ring: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Cells that an edge of the polygon crosses or comes near, ``(cells,)`` bool; corners in cells."""
    crossed = np.zeros((_CELLS + 4, _CELLS + 4), np.bool_)
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        steps = int(np.ceil(np.abs(b - a).max() * 2)) + 1
        at = (a + (b - a) * np.linspace(0, 1, steps + 1)[:, None]).astype(np.intp) + 2
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                crossed[at[:, 1] + j, at[:, 0] + i] = True
    return np.asarray(crossed[2:-2, 2:-2].ravel())
