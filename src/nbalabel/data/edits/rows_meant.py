"""Resolve the argument ``rows`` of an edit, ids or rows, to a table and ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.id_sets import distinct
from ...core.tables.arrays import positions
from ...core.tables.schema import INDEX_NAMES
from ...core.tables.state import State


def target(state: State, rows: Any, table: str | None = None) -> tuple[str, np.ndarray]:
    """The table and the ids that ``rows`` selects, ``(n,)`` int64, ascending.

    Args:
        state: the current tables.
        rows: a frame, index or series of a table's rows, a boolean Series over them, one id, or ids.
        table: the table; default: that of ``rows``, or "instances" if ``rows`` does not tell.

    Raises:
        UnknownNameError: some ids are not in the table.
        DataError: these are predictions, or not ids.
    """
    table = table or _table_of(rows) or "instances"
    if table not in state.tables:
        raise DataError(f"table must be one of {', '.join(state.tables)}, got {table!r}")
    ids = distinct(_ids(rows))
    known = positions(state.tables[table].index, ids) >= 0
    if not known.all():
        raise UnknownNameError(
            f"{table} has no rows {first(ids[~known])} ({int((~known).sum())} of {len(ids)})"
        )
    return table, ids


def in_order(rows: Any, ids: np.ndarray, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns with one value per row of ``rows``, in its order, as values in ascending order of id.

    A Series is left alone: its index says which row a value is for. So is a single value.

    Raises:
        DataError: there is a value per row, and ``rows`` names a row twice.
    """
    given = _ids(rows)
    order = np.argsort(given, kind="stable")
    out = dict(columns)
    for name, value in columns.items():
        if isinstance(value, pd.Series | str | bytes) or not isinstance(value, Sized):
            continue
        if len(value) == len(given) > len(ids):
            twice = given[order][1:][np.diff(given[order]) == 0]
            raise DataError(f"{name} has one value per row, but rows name these ids twice: {first(twice)}")
        if len(value) == len(given) and (np.diff(order) != 1).any():
            many: Any = value
            out[name] = many.take(order) if hasattr(many, "take") else [many[i] for i in order.tolist()]
    return out


def images_of(state: State, rows: Any) -> np.ndarray:
    """Ids of the images that ``rows`` selects, ``(n,)`` int64, ascending.

    Args:
        state: the current tables.
        rows: ids of images, a boolean Series over them, or rows: of images, or of instances or predictions,
            which select their images.

    Raises:
        UnknownNameError: some images do not exist.
        DataError: these are ids of instances or predictions.
    """
    if isinstance(rows, pd.DataFrame) and "image_id" in rows:
        rows = rows["image_id"].to_numpy()
    name = getattr(getattr(rows, "index", rows), "name", None)
    if name in (INDEX_NAMES["instances"], INDEX_NAMES["predictions"]):
        raise DataError(
            f"these are ids of {name.removesuffix('_id')}s: give the rows, as in ds.instances.loc[ids], "
            "or ids of images"
        )
    return target(state, rows, "images")[1]


def _table_of(rows: Any) -> str | None:
    """The table of ``rows``, by the name of their index or by their columns; None if unknown."""
    name = getattr(getattr(rows, "index", rows), "name", None)
    if name == INDEX_NAMES["images"]:
        return "images"
    for table in ("instances", "regions", "attachments"):
        if name == INDEX_NAMES[table]:
            return table
    if name == INDEX_NAMES["predictions"]:
        raise DataError(
            "these are predictions, not rows of the dataset yet: ds.accept(rows) or ds.reject(rows)"
        )
    columns = set(rows.columns) if isinstance(rows, pd.DataFrame) else set()
    if "mask" in columns:
        return "instances"
    return "images" if {"file", "width"} <= columns else None


def _ids(rows: Any) -> np.ndarray:
    if isinstance(rows, pd.Series) and pd.api.types.is_bool_dtype(rows.dtype):
        rows = rows.index[rows.fillna(False).to_numpy(dtype=bool)]
    elif isinstance(rows, pd.DataFrame | pd.Series):
        rows = rows.index
    elif isinstance(rows, str) or not isinstance(rows, Iterable):
        rows = [rows]
    found = np.asarray(list(rows) if not isinstance(rows, pd.Index | np.ndarray) else rows)
    if found.size == 0:
        return np.array([], dtype=np.int64)
    if found.dtype.kind not in "iu":
        raise DataError(f"rows must be ids (integers) or rows of a table, got {found.dtype}: {first(found)}")
    return found.astype(np.int64)
