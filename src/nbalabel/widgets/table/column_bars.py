"""Small histograms of columns: every row's bin is worked out once, counting is then a few milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..workspace.clauses import Rows
from ..workspace.columns import Column

N_BINS = 24


@dataclass(frozen=True, eq=False)
class Bars:
    """A column in bins, the last of them for missing values.

    Attributes:
        bins: bin of each row, ``(n,)`` uint8 or uint16.
        n: number of bins, without that of missing values.
        lo: lower edge of the first bin; NaN for categories and where there are no values.
        hi: upper edge of the last bin.
        total: rows in each bin, ``(n + 1,)``.
    """

    bins: npt.NDArray[np.unsignedinteger]
    n: int
    lo: float
    hi: float
    total: npt.NDArray[np.int64]

    @classmethod
    def of(cls, column: Column) -> Bars:
        """The bins of a column; of a text column only whether there is one."""
        if column.kind in ("number", "time"):
            return _numbers(column)
        if column.kind == "text":
            return _made(np.where(column.missing, 1, 0), 1, np.nan, np.nan)
        n = len(column.categories)
        return _made(np.where(column.values < 0, n, column.values), n, np.nan, np.nan)

    def count(self, rows: Rows | None) -> npt.NDArray[np.int64]:
        """Rows in each bin among some; None for all."""
        return self.total if rows is None else np.bincount(self.bins[rows], minlength=self.n + 1)


def _numbers(column: Column) -> Bars:
    values = column.values
    known = ~np.isnan(values)
    if not known.any():
        return _made(np.full(len(values), 1), 1, np.nan, np.nan)
    lo, hi = float(values[known].min()), float(values[known].max())
    if column.whole and hi - lo < N_BINS:
        n, lo, hi = int(hi - lo) + 1, lo - 0.5, hi + 0.5
    else:
        n = 1 if lo == hi else N_BINS
    width = (hi - lo) / n or 1.0
    at = np.full(len(values), n)
    at[known] = np.clip(((values[known] - lo) / width).astype(np.int64), 0, n - 1)
    return _made(at, n, lo, hi)


def _made(at: npt.NDArray[np.integer], n: int, lo: float, hi: float) -> Bars:
    kind: type[np.unsignedinteger] = np.uint8 if n < 255 else np.uint16 if n < 65_535 else np.uint32
    small: npt.NDArray[np.unsignedinteger] = at.astype(kind)
    return Bars(small, n, lo, hi, np.bincount(at, minlength=n + 1))
