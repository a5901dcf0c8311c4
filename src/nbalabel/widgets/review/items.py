"""The items of a review, their order, and which are answered already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.schema import INDEX_NAMES
from ...data.edits.acceptance import decided
from ..workspace.ordering import order_by
from ..workspace.selection import Ids
from .asked import COLUMN, lacking

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

TABLES = ("instances", "predictions")
OPEN, ACCEPTED, REJECTED, GONE, CORRECTED = range(5)
States = npt.NDArray[np.uint8]
Order = str | Sequence[str] | None


def items_of(ws: Workspace, rows: Any, of: str | None) -> tuple[str, Ids]:
    """Table and ids of the rows to review, as given.

    Args:
        ws: the workspace.
        rows: a frame of instances or predictions, or ids; None for what is selected. Images only where they
            are asked questions, as ``ds.unanswered("images")`` gives them.
        of: which table ids are of.

    Raises:
        DataError: rows are neither.
        UnknownNameError: none of the ids exists, or for predictions: not all of them.
    """
    if of is not None and of not in TABLES:
        raise DataError(f"a review is of instances or predictions, got of={of!r}")
    if rows is None:
        of = of or (ws.selection.of if ws.selection.of in TABLES else default_table(ws))
        return of, ws.selected_of(of).index.to_numpy(np.int64)
    values = rows
    if isinstance(rows, pd.DataFrame | pd.Series):
        values = rows.index
        tables = (*TABLES, "images") if _asks_images(rows) else TABLES
        of = of or {INDEX_NAMES[table]: table for table in tables}.get(str(rows.index.name))
    if of is None:
        raise DataError(
            "expected rows of ds.instances or run.predictions, or ids with of=; got "
            f"{type(rows).__name__}{_indexed(rows)}"
        )
    ids = np.asarray(values)
    if len(ids) and (ids.ndim != 1 or ids.dtype.kind not in "iu"):
        raise DataError(f"expected ids or rows of {of}, got values of {ids.dtype}")
    ids = pd.unique(ids.astype(np.int64))
    known = np.isin(ids, ws.ids(of))
    if (len(ids) and not known.any()) or (of == "predictions" and not known.all()):
        raise UnknownNameError(f"{of} has no ids {first(ids[~known])}")
    return of, ids


def _asks_images(rows: Any) -> bool:
    """Whether rows are images of which answers are missing."""
    return isinstance(rows, pd.DataFrame) and rows.index.name == INDEX_NAMES["images"] and COLUMN in rows


def ordered(ws: Workspace, of: str, ids: Ids, order: Order, ascending: bool | Sequence[bool]) -> Ids:
    """Ids sorted by columns; in the given order without columns.

    Raises:
        UnknownNameError: there is no such column.
        DataError: not one ``ascending`` for each column.
    """
    names = [order] if isinstance(order, str) else list(order or [])
    ways = [ascending] * len(names) if isinstance(ascending, bool) else list(ascending)
    if len(ways) != len(names):
        raise DataError(f"ascending must be one bool, or one for each of {len(names)} columns")
    columns = {name: ws.column(of, name) for name in names}
    if not names:
        return ids
    everything = order_by(columns.__getitem__, list(zip(names, ways, strict=True)), len(ws.ids(of)))
    at = places(ws, of, ids)
    place = np.empty(len(everything), np.int64)
    place[everything] = np.arange(len(everything))
    key = np.where(at < 0, len(everything), place[at] if len(everything) else 0)
    return ids[np.argsort(key, kind="stable")]


def places(ws: Workspace, of: str, ids: Ids) -> npt.NDArray[np.int32]:
    """Row number of each id, ``(n,)`` int32; -1 for those that are gone."""
    return pd.Index(ws.ids(of)).get_indexer(pd.Index(ids)).astype(np.int32)


def states_of(
    ws: Workspace, of: str, ids: Ids, at: npt.NDArray[np.int32], asked: tuple[str, ...] = ()
) -> States:
    """State of each item, ``(n,)`` uint8: OPEN, ACCEPTED, REJECTED or GONE.

    Args:
        ws: the workspace.
        of: table of the items.
        ids: of the items.
        at: their row numbers, see :func:`places`.
        asked: attributes that the review asks: items that lack an answer are OPEN, others ACCEPTED.
    """
    out = np.full(len(ids), GONE, np.uint8)
    there = np.flatnonzero(at >= 0)
    if of != "images":
        there = there[ws.image_row(of)[at[there]] >= 0]
    if asked:
        out[there] = np.where(lacking(ws, of, ids[there], asked), OPEN, ACCEPTED)
        return out
    frame = ws.frame(of).iloc[at[there]]
    if of == "instances":
        out[there] = np.where((frame["status"] == "verified").to_numpy(), ACCEPTED, OPEN)
    else:
        out[there] = decided(ws.ds.instances, ws.ds.rejected, frame)
    return out


def default_table(ws: Workspace) -> str:
    """Default table of a review: predictions, or instances where there is no run."""
    return "instances" if ws.run is None else "predictions"


def _indexed(rows: Any) -> str:
    index = getattr(rows, "index", None)
    return f" indexed by {index.name}" if isinstance(index, pd.Index) else ""
