"""The points of all rows of a large table, in the forms in which they are counted and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.show.palette import COLORS
from ..workspace.blocks import blocks

Floats = npt.NDArray[Any]

_STEPS = 255  # colors along a column of numbers: place 1 is the least, 255 the largest, 0 missing
_BARS = 48  # of the legend of a column of numbers


@dataclass(frozen=True)
class Span:
    """An axis: 0..1 stands for ``lo`` to ``lo + range``; ``end`` is the largest value, in 0..1."""

    lo: float
    range: float
    end: float

    def normalized(self, values: Floats) -> npt.NDArray[np.float32]:
        """Values in 0..1, ``(n,)``."""
        out = np.empty(len(values), np.float32)
        for some in blocks(len(values)):
            # float32 would lose digits of values far from zero
            out[some] = (values[some] - np.float64(self.lo)) / self.range
        return out


@dataclass(frozen=True, eq=False)
class Colored:
    """A column by which points are colored.

    Attributes:
        places: index in the table of colors, 0 for missing, ``(n,)`` uint8 or uint16.
        slots: index of the entry in the legend: the place of a category, the bar of a number, 0 for missing.
        n_slots: number of entries.
        values: the numbers, float; None for categories.
        ends: least and largest of the numbers.
        shades: ``(k,)`` or ``(k, 3)`` uint8: for each place what a cell of a picture mixes: the place of a
            number, red, green and blue of a category.
        totals: rows in each slot, ``(n_slots,)``.
    """

    places: npt.NDArray[Any]
    slots: npt.NDArray[Any]
    n_slots: int
    values: Floats | None
    ends: tuple[float, float]
    shades: npt.NDArray[np.float64]
    totals: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cloud:
    """The points of all rows.

    Attributes:
        x: values as a browser would get them, ``(n,)`` float.
        y: likewise.
        spans: of both axes, over the rows that have both coordinates.
        u: ``x`` in 0..1, NaN where either is missing, ``(n,)`` float32.
        v: ``y`` likewise.
        n: number of rows with both.
    """

    x: Floats
    y: Floats
    spans: tuple[Span, Span]
    u: npt.NDArray[np.float32]
    v: npt.NDArray[np.float32]
    n: int

    @classmethod
    def of(cls, x: Floats, y: Floats, equal: bool) -> Cloud:
        """The points of two columns; ``equal``: one unit is as long on both axes."""
        x, y = (np.where(np.isinf(a), np.nan, a) if np.isinf(a).any() else a for a in (x, y))
        known = ~(np.isnan(x) | np.isnan(y))
        n = int(known.sum())
        if n < len(x):
            x, y = (np.where(known, a, a.dtype.type(np.nan)) for a in (x, y))
        ends = [(float(np.nanmin(a)), float(np.nanmax(a))) if n else (0.0, 0.0) for a in (x, y)]
        longest = max(hi - lo for lo, hi in ends)
        spans = tuple(_span(lo, hi, longest if equal else hi - lo) for lo, hi in ends)
        return cls(x, y, (spans[0], spans[1]), spans[0].normalized(x), spans[1].normalized(y), n)


def colored(head: dict[str, Any], values: Floats) -> Colored:
    """The colors of rows.

    Args:
        head: as :func:`.columns.as_color` returns it.
        values: likewise.
    """
    if head["kind"] in ("number", "time"):
        return _numbers(values)
    rgb = [list(bytes.fromhex(color[1:])) for color in (COLORS.neutral, *head["colors"])]
    totals = np.bincount(values, minlength=len(rgb))
    shades = np.array(rgb, np.float64)
    return Colored(values, values, len(rgb), None, (0.0, 0.0), shades, totals)


def _numbers(values: Floats) -> Colored:
    known = ~np.isnan(values)
    lo, hi = (float(np.nanmin(values)), float(np.nanmax(values))) if known.any() else (0.0, 0.0)
    share = np.zeros(len(values), np.float32)
    if hi > lo:
        share = np.asarray((values.astype(np.float64) - lo) / (hi - lo), np.float32)
    with np.errstate(invalid="ignore"):
        places = np.where(known, 1 + np.rint(share * (_STEPS - 1)), 0).astype(np.uint8)
        bars = np.where(known, 1 + np.minimum(share * _BARS, _BARS - 1).astype(np.uint8), 0).astype(np.uint8)
    shades = np.arange(_STEPS + 1, dtype=np.float64)[:, None]
    return Colored(places, bars, _BARS + 1, values, (lo, hi), shades, np.bincount(bars, minlength=_BARS + 1))


def _span(lo: float, hi: float, length: float) -> Span:
    return Span(lo, length, (hi - lo) / length) if length > 0 else Span(lo, 1.0, 0.0)
