"""Rows sorted by columns, like pandas' ``sort_values(kind="stable")``; missing values last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from .columns import Column


def order_by(
    columns: Callable[[str], Column], keys: Sequence[tuple[str, bool]], n: int
) -> npt.NDArray[np.int32]:
    """Row numbers sorted by columns.

    Args:
        columns: gives a column by its name.
        keys: name and whether ascending, the most important key first.
        n: number of rows.

    Returns:
        ``(n,)`` int32: the row that comes first, second, and so on.
    """
    order = np.arange(n, dtype=np.int32)
    for name, ascending in reversed(keys):  # stable sorts, the least important key first
        ranks = _ranks(columns(name), ascending)
        order = order[np.argsort(ranks[order], kind="stable")]
    return order


def _ranks(column: Column, ascending: bool) -> npt.NDArray[np.generic]:
    """Values that sort in ascending order as the column should; missing ones are the greatest."""
    if column.kind in ("number", "time"):
        return column.values if ascending else -column.values  # NaN sorts last
    codes = pd.factorize(column.values, sort=True)[0] if column.kind == "text" else column.values
    top = int(codes.max(initial=0)) + 1
    shown = np.where(column.missing, top, codes if ascending else top - 1 - codes)
    return shown.astype(np.int16) if top < 32_000 else shown  # NumPy radix-sorts 16 bits
