"""Counts of points in the cells of a window, and what they look like in few bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..workspace.blocks import blocks
from .cloud import Cloud, Colored

MOST_CELLS = 512
"""Cells along either side of a window, at most."""

_GROUPS = 32  # groups of colors that are counted apart; rare categories share the last one
_LEVELS = 255
_BLOCK = 1 << 21  # points counted at once; each time all cells are added up
DIMMED, PLAIN, MARKED = 0, 1, 2


@dataclass(frozen=True)
class Window:
    """A part of the plane in cells; limits are in 0..1 of both spans, the upper ones included."""

    left: float
    bottom: float
    right: float
    top: float
    columns: int
    rows: int

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.columns * self.rows


@dataclass(frozen=True, eq=False)
class Cells:
    """The rows in a window, and the cell of each.

    Attributes:
        at: numbers of the rows, ascending, ``(m,)``; None for all rows of the table.
        cell: ``(m,)`` int32, row of cells from the bottom * columns + column.
    """

    window: Window
    at: npt.NDArray[np.int64] | None
    cell: npt.NDArray[np.int32]

    def of(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Those of the rows in the window, of an array of all rows."""
        return values if self.at is None else values[self.at]


def cells(cloud: Cloud, window: Window) -> Cells:
    """The rows in a window and their cells."""
    u, v, at = cloud.u, cloud.v, None
    inner = window.left > 0 or window.bottom > 0 or window.right < 1 or window.top < 1
    if inner or cloud.n < len(u):
        near = (u >= np.float32(window.left)) & (u <= np.float32(window.right))
        near &= (v >= np.float32(window.bottom)) & (v <= np.float32(window.top))
        at = np.flatnonzero(near)
        u, v = u[at], v[at]
    cell = _steps(v, window.bottom, window.top, window.rows)
    cell *= window.columns
    cell += _steps(u, window.left, window.right, window.columns)
    return Cells(window, at, cell)


def _steps(values: npt.NDArray[np.float32], lo: float, hi: float, n: int) -> npt.NDArray[np.int32]:
    scaled = values - np.float32(lo)
    scaled *= np.float32(n / (hi - lo))
    out = scaled.astype(np.int32)
    return np.clip(out, 0, n - 1, out=out)


@dataclass(frozen=True, eq=False)
class Tile:
    """Counts of the points in the cells of a window.

    Attributes:
        counts: ``(3, cells)``: left out by other views, allowed, allowed and marked.
        shade: mean shade of the allowed and marked points of a cell, ``(cells, 3)`` or ``(cells, 1)`` uint8,
            as in :class:`.Colored`; for numbers 0 where none of them has one. None without a color.
    """

    counts: npt.NDArray[np.int64]
    shade: npt.NDArray[np.uint8] | None


def tile(found: Cells, tiers: npt.NDArray[np.uint8] | None, color: Colored | None) -> Tile:
    """Count the points of a window.

    Args:
        found: the rows in it.
        tiers: DIMMED, PLAIN or MARKED for each of these rows, ``(m,)``; None for PLAIN alone.
        color: of all rows of the table; None for one color.
    """
    size = found.window.size
    table, shades = (None, None) if color is None else _grouped(color)
    k = 1 if shades is None else len(shades)
    places = None if color is None else found.of(color.places)
    flat = np.zeros(size * k * (1 if tiers is None else 3), np.int64)
    for some in blocks(len(found.cell), _BLOCK):
        key = found.cell[some].astype(np.intp)
        if places is not None and table is not None:
            key += size * table[places[some]]
        if tiers is not None:
            key += (size * k) * tiers[some].astype(np.intp)
        flat += np.bincount(key, minlength=len(flat))
    split = flat.reshape(-1, k, size)
    counts = np.zeros((3, size), np.int64)
    counts[slice(PLAIN, PLAIN + 1) if tiers is None else slice(None)] = split.sum(axis=1)
    if color is None or shades is None:
        return Tile(counts, None)
    return Tile(counts, _mixed(split[-1] if tiers is None else split[PLAIN] + split[MARKED], color, shades))


def _grouped(color: Colored) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Group of each place, group 0 for missing; and the shade of each group."""
    n = len(color.shades)
    if color.values is not None:  # numbers: neighbouring places
        table = np.append(0, 1 + np.arange(n - 1) * (_GROUPS - 1) // (n - 1))
        weight = np.ones(n)
    else:
        weight = np.bincount(color.places, minlength=n).astype(np.float64)
        order = np.argsort(-weight[1:], kind="stable")
        table = np.zeros(n, np.intp)
        table[1 + order] = 1 + np.minimum(np.arange(n - 1), _GROUPS - 2)
    sums = np.stack([np.bincount(table, weight * one) for one in color.shades.T], axis=1)
    each = np.bincount(table, weight)[:, None]
    return table.astype(np.intp), np.divide(sums, each, out=np.zeros_like(sums), where=each > 0)


def _mixed(
    split: npt.NDArray[np.int64], color: Colored, shades: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """Mean shade of each cell; missing numbers do not count."""
    first = 0 if color.values is None else 1
    mean = split[first:].T @ shades[first:]
    mean /= np.maximum(split[first:].sum(axis=0), 1)[:, None]
    return np.asarray(np.rint(mean), np.uint8)


def levels(counts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint8], int]:
    """Counts on a logarithmic scale, 0 for none to 255 for the most; and the most.

    Example:
        >>> levels(np.array([0, 1, 10, 1000]))[0].tolist()
        [0, 26, 89, 255]
    """
    most = int(counts.max(initial=0))
    if not most:
        return np.zeros(counts.shape, np.uint8), 0
    table = np.ceil(np.log1p(np.arange(min(most + 1, 4096))) * (_LEVELS / np.log1p(most)) - 1e-9)
    small = table.astype(np.uint8)[np.minimum(counts, len(table) - 1)]
    large = counts >= len(table)
    small[large] = np.ceil(np.log1p(counts[large]) * (_LEVELS / np.log1p(most)) - 1e-9)
    return small, most


def packed_tile(found: Tile) -> tuple[list[bytes], int]:
    """The tile as buffers: levels of the three counts, empty where there are none, shades; and the most."""
    level, most = levels(found.counts)
    parts = [layer.tobytes() if layer.any() else b"" for layer in level]
    return [*parts, b"" if found.shade is None else found.shade.tobytes()], most
