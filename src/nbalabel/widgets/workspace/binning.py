"""Columns in bins: the bin of each row is computed once; counting a selection then takes milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.show.palette import COLORS
from .blocks import blocks
from .clauses import Rows
from .columns import Column

_MOST_BARS = 60  # bars of categories; the rarest categories share the last one
_TAIL = 0.99  # share of the values that stay in view when a long tail is cut off
_LONG = 3.0  # a tail is cut off if it reaches this many times as far as these
_LEAST = 50  # values needed for a quantile
_MOST_PARTS = 12  # parts of a split bar; the rarest categories share the last one
_FINE = 1 << 12  # equal steps between two numbers, to find a quantile in


@dataclass(frozen=True, eq=False)
class Part:
    """One color of a split bar."""

    text: str
    color: str


@dataclass(frozen=True, eq=False)
class Binned:
    """A column in bins, the last of them for missing values, each split in parts.

    Attributes:
        slots: bin and part of each row, bin * n_parts + part, ``(n,)`` uint8, uint16 or uint32.
        n: number of bins, without that of missing values.
        edges: ends of the bins, ``(n + 1,)`` ascending; empty for categories and where there are no values.
            If a few values lie far above all others, the last bin holds these, too.
        beyond: number of values above the last edge.
        highest: the largest value if some are beyond, else the last edge.
        categories: code of the category of each bin, ``(n,)``; -1 for the one that several share.
        texts: names of the bins of categories.
        parts: the parts of each bar.
        total: rows in each bin and part, ``(n + 1, n_parts)``.
    """

    slots: npt.NDArray[np.unsignedinteger[Any]]
    n: int
    edges: npt.NDArray[np.float64]
    categories: npt.NDArray[np.int64]
    texts: tuple[str, ...]
    parts: tuple[Part, ...]
    total: npt.NDArray[np.int64]
    beyond: int = 0
    highest: float = np.nan

    def count(self, rows: Rows | None) -> npt.NDArray[np.int64]:
        """Count the given rows in each bin and part, ``(n + 1, n_parts)``; None counts all."""
        if rows is None:
            return self.total
        return _counted(self.slots[rows], self.total.size).reshape(self.total.shape)

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return int(self.total[-1].sum())

    @property
    def centers(self) -> npt.NDArray[np.float64]:
        """Middle of each bin, ``(n,)``."""
        return self.edges[:-1] / 2 + self.edges[1:] / 2


def binned(column: Column, bins: int = 30, split: Column | None = None, *, plain: bool = False) -> Binned:
    """Put a column into bins.

    Numbers that are all whole get bins of whole numbers; each category gets a bin; texts share one bin. A
    long tail of numbers is cut off: if the largest number is more than three times as far from the smallest
    as the 99% quantile, the bins end at the quantile, and the last bin also takes the values beyond.

    Args:
        column: what to bin.
        bins: largest number of bins, for numbers and times.
        split: a column of categories to split the bars by.
        plain: bins of equal width from the smallest to the largest value, with bins of whole numbers only if
            they are few; no tail is cut off, and every category has a bin.

    Example:
        >>> column = Column("depth", "number", np.array([1.0, 2.0, 2.0, np.nan]), whole=True)
        >>> found = binned(column)
        >>> found.edges.tolist(), found.total[:, 0].tolist()
        ([0.5, 1.5, 2.5], [1, 2, 1])
    """
    edges = np.zeros(0)
    codes = np.zeros(0, np.int64)
    texts: tuple[str, ...] = ()
    at: npt.NDArray[np.unsignedinteger[Any]]
    if column.kind in ("number", "time"):
        edges = _edges(column, bins, plain=plain)
        at, n = _places(column.values, edges), max(len(edges) - 1, 0)
    elif column.kind == "text":
        at, n, texts = column.missing.astype(np.uint8), 1, ("any text",)
    else:
        n = len(column.categories)
        codes, at = _grouped(column.values, n, n if plain else _MOST_BARS)
        n = len(codes)
        texts = tuple("other" if code < 0 else column.categories[code] for code in codes)
    part, parts = _parts(split)
    size = (n + 1) * len(parts)
    wide = _small(size)
    slots = at if split is None else at.astype(wide) * wide(len(parts)) + part
    total = _counted(slots, size).reshape(n + 1, len(parts))
    if not len(edges):
        return Binned(slots, n, edges, codes, texts, parts, total)
    beyond = int((column.values > edges[-1]).sum())
    highest = float(np.nanmax(column.values)) if beyond else float(edges[-1])
    return Binned(slots, n, edges, codes, texts, parts, total, beyond, highest)


def is_lopsided(found: Binned) -> bool:
    """Whether one bin of numbers holds more than half of the values, and at least five others the rest."""
    bars = found.total[:-1].sum(axis=1)
    return bool(len(found.edges) and 2 * bars.max(initial=0) > bars.sum() and (bars > 0).sum() > 5)


def _edges(column: Column, bins: int, *, plain: bool) -> npt.NDArray[np.float64]:
    if column.missing.all():
        return np.zeros(0)
    lo, hi = float(np.nanmin(column.values)), float(np.nanmax(column.values))
    hi = hi if plain else _without_tail(column, lo, hi)
    if column.whole and hi - lo < (bins if plain else 2**52):
        step = max(int(np.ceil((hi - lo + 1) / bins)), 1)
        return np.arange(lo - 0.5, hi + step, step)
    if lo == hi:
        half = 0.0 if plain else max(abs(lo), 1.0) / 2
        return np.array([lo - half, hi + half])
    if not np.isfinite(hi - lo):  # work with halves, which do not overflow
        return np.asarray(np.linspace(lo / 2, hi / 2, bins + 1) * 2)
    edges = np.linspace(lo, hi, bins + 1)
    return edges if (np.diff(edges) > 0).all() else np.array([lo, hi])


def _without_tail(column: Column, lo: float, hi: float) -> float:
    """The end of the bins: the largest value, or the quantile before a long tail."""
    n_known = len(column.values) - int(column.missing.sum())
    if column.kind != "number" or n_known < _LEAST or not np.isfinite(hi - lo):
        return hi
    most = _quantile(column.values, n_known, lo, hi)
    return most if lo < most and hi - lo > _LONG * (most - lo) else hi


def _quantile(values: npt.NDArray[np.float64], n_known: int, lo: float, hi: float) -> float:
    """``np.quantile(known, _TAIL, method="higher")`` of what is known, all within ``lo..hi``.

    Values are counted in equal steps first; then only those of the step that holds the quantile are sorted.
    """
    edges = np.linspace(lo, hi, _FINE + 1)
    counts = np.zeros(_FINE + 1, np.int64)
    for some in blocks(len(values)):
        counts += _counted(_places(values[some], edges), _FINE + 1)
    rank = int(np.ceil(_TAIL * (n_known - 1)))
    upto = np.cumsum(counts[:-1])
    step = int(np.searchsorted(upto, rank, "right"))
    found = np.concatenate(
        [v[_places(v, edges) == step] for v in (values[some] for some in blocks(len(values)))]
    )
    return float(np.partition(found, at := rank - int(upto[step] - counts[step]))[at])


def _small(n: int) -> type[np.unsignedinteger[Any]]:
    """The smallest type that holds 0..n - 1."""
    return np.uint8 if n <= 1 << 8 else np.uint16 if n <= 1 << 16 else np.uint32


def _counted(slots: npt.NDArray[np.unsignedinteger[Any]], n: int) -> npt.NDArray[np.int64]:
    """How often each of 0..n - 1 is there, ``(n,)``."""
    out = np.zeros(n, np.int64)
    for some in blocks(len(slots)):
        out += np.bincount(slots[some], minlength=n)
    return out


def _places(
    values: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Bin of each value; the number of bins where it is missing."""
    n = len(edges) - 1
    out = np.zeros(len(values), _small(n + 1))
    if n < 1:
        return out
    width = edges[-1] / n - edges[0] / n or 1.0
    for some in blocks(len(values)):
        share = np.clip(values[some] / width - edges[0] / width, 0, n - 1)
        share[np.isnan(share)] = n
        out[some] = share
    return out


def _grouped(
    codes: npt.NDArray[np.int32], n: int, most: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.unsignedinteger[Any]]]:
    """Codes with their own bin, then -1 for the shared bin if there is one; and the bin of each row."""
    kept = np.arange(n)
    if n > most:
        counts = np.bincount(codes[codes >= 0], minlength=n)
        kept = np.sort(np.argsort(-counts, kind="stable")[: most - 1])
    named = kept if len(kept) == n else np.append(kept, -1)
    table = np.full(n + 1, len(kept), _small(len(named) + 1))
    table[kept] = np.arange(len(kept))
    table[-1] = len(named)  # code -1, missing, indexes the last entry
    return named, table[codes]


def _parts(split: Column | None) -> tuple[npt.NDArray[np.unsignedinteger[Any]], tuple[Part, ...]]:
    if split is None:
        return np.zeros(1, np.uint8), (Part("", ""),)
    codes, at = _grouped(split.values, len(split.categories), _MOST_PARTS)
    parts = [
        Part("other", COLORS.neutral) if code < 0 else Part(split.categories[code], split.colors[code])
        for code in codes
    ]
    return at, (*parts, Part("missing", COLORS.neutral))
