"""Which rows become tasks, and in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.names import instead_of
from ...core.tables.schema import INDEX_NAMES
from .content import plain_row
from .filling import New

OF = ("images", "instances", "predictions")
Ids = npt.NDArray[np.int64]


def table_of(rows: Any, of: str | None) -> str:
    """The table that rows are of.

    Raises:
        DataError: they do not say so, or it is none that a queue can be made of.
    """
    name = str(getattr(getattr(rows, "index", rows), "name", None))
    meant = of or {INDEX_NAMES[table]: table for table in OF}.get(name, "images")
    if meant not in OF:
        raise DataError(f"of must be one of {', '.join(OF)}, got {meant!r}")
    return meant


def rows_in_order(
    rows: Any, of: str, there: pd.DataFrame | None, order: str | None, seed: int, *, ascending: bool
) -> pd.DataFrame:
    """The rows as rows of their table, in the order in which they are to be handed out.

    Args:
        rows: rows, or their ids.
        of: their table.
        there: that table, as it is in the dataset; None for predictions, which bring themselves.
        order: a column to sort by, "random", or None for the order given.
        seed: for "random".
        ascending: the lowest values first.

    Raises:
        DataError: they are no ids, or predictions without their columns.
        UnknownNameError: there are no such rows, or no such column.
    """
    frame = _rows(rows, of, there)
    if order == "random":
        return frame.iloc[np.random.default_rng(seed).permutation(len(frame))]
    if order is None:
        return frame
    given = rows if isinstance(rows, pd.DataFrame) and order in rows else frame
    if order not in given:
        raise UnknownNameError(
            f"no column {order!r} to order by; {instead_of(order, [*map(str, given.columns), 'random'])}"
        )
    key = given[order].loc[frame.index].sort_values(ascending=ascending, kind="stable")
    return frame.loc[key.index]


def new_tasks(frame: pd.DataFrame, of: str) -> list[New]:
    """Tasks of rows."""
    if of == "images":
        return [New(int(row), int(row)) for row in frame.index]
    images = frame["image_id"].tolist()
    if of == "instances":
        return [New(int(row), int(image)) for row, image in zip(frame.index, images, strict=True)]
    rows = plain_row(frame, ("image_id", "label", "mask", "score", "origin"))
    return [
        New(int(row), int(image), proposed)
        for row, image, proposed in zip(frame.index, images, rows, strict=True)
    ]


def _rows(rows: Any, of: str, there: pd.DataFrame | None) -> pd.DataFrame:
    if isinstance(rows, pd.Series) and rows.dtype == bool:
        rows = rows.index[rows.to_numpy()]
    ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else rows
    if there is None:
        needed = ("image_id", "label", "mask")
        if not isinstance(rows, pd.DataFrame) or not all(name in rows for name in needed):
            raise DataError(
                f"a queue of predictions takes rows of run.predictions, got {type(rows).__name__}"
            )
        return rows
    values: Any = np.asarray(list(ids) if not isinstance(ids, pd.Index) else ids)
    if len(values) and values.dtype.kind not in "iu":
        raise DataError(f"expected ids or rows of {of}, got values of {values.dtype}")
    index = pd.Index(values, dtype=np.int64).unique()
    strange = index[~index.isin(there.index)]
    if len(strange):
        raise UnknownNameError(f"{of} has no ids {first(strange)}")
    found: pd.DataFrame = there.loc[index]
    return found
