"""The change of one table: rows created, cells updated, rows deleted. Immutable values and their algebra.

Tables here are *canonical*: indexed by unique int64 ids in ascending order. Rows have no other order, so a
change and its inverse are exact.

A change of a column's dtype is part of its ``Cells``: ``old`` and ``new`` carry both dtypes.
Between two lists of categories the cells stay sparse (other values carry over); any other change of dtype
lists every surviving row. A new column has no ``old``, a removed column has no ``new``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..errors import HistoryError, first
from ..id_sets import common, minus, union
from ..tables.arrays import (
    Array,
    column,
    concat,
    equal,
    frame_of,
    is_recast,
    positions,
    put,
    recast,
    same_buffer,
    same_dtype,
    stretches,
    values,
)
from ..tables.arrays import keep as keep_array
from ..tables.arrays import take as take_array

NO_ROWS = pd.DataFrame(index=pd.Index([], dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Cells:
    """The changed cells of one column.

    Attributes:
        ids: ids of the rows, ``(n,)`` int64, ascending.
        old: values before, ``(n,)``; None where the column did not exist.
        new: values after, ``(n,)``; None where the column no longer exists.
    """

    ids: np.ndarray
    old: Array | None
    new: Array | None

    @property
    def retypes(self) -> bool:
        """Whether the column is added, removed or gets another dtype."""
        return self.old is None or self.new is None or not same_dtype(self.old.dtype, self.new.dtype)

    @property
    def covers_all(self) -> bool:
        """Whether the cells contain every surviving row, as for a column added, removed or truly retyped."""
        if self.old is None or self.new is None:
            return True
        return self.retypes and not is_recast(self.old.dtype, self.new.dtype)

    def invert(self) -> Cells:
        """The cells that undo these."""
        return Cells(self.ids, self.new, self.old)

    def at(self, keep: np.ndarray) -> Cells:
        """The cells at these positions, or where this boolean mask is true."""
        keep = np.flatnonzero(keep) if keep.dtype == bool else keep
        old = None if self.old is None else take_array(self.old, keep)
        new = None if self.new is None else take_array(self.new, keep)
        return Cells(self.ids[keep], old, new)


@dataclass(frozen=True, eq=False)
class TableChange:
    """What changed in one table.

    Attributes:
        created: whole new rows, with the columns of the table after the change.
        updated: column name -> its changed cells, of rows that exist before and after.
        deleted: whole removed rows, with the columns of the table before the change.
        columns: names of all columns in order, before and after; None when they do not change.
    """

    created: pd.DataFrame = field(default_factory=lambda: NO_ROWS)
    updated: Mapping[str, Cells] = field(default_factory=dict)
    deleted: pd.DataFrame = field(default_factory=lambda: NO_ROWS)
    columns: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def __bool__(self) -> bool:
        return bool(len(self.created) or self.updated or len(self.deleted) or self.columns)

    @property
    def updated_ids(self) -> np.ndarray:
        """Ids of rows with a changed cell, ``(n,)`` int64, ascending."""
        return union(*(cells.ids for cells in self.updated.values()))

    @property
    def touched_ids(self) -> np.ndarray:
        """Ids of rows created, updated or deleted, ``(n,)`` int64, ascending."""
        return union(ids_of(self.created), self.updated_ids, ids_of(self.deleted))


def ids_of(frame: pd.DataFrame) -> np.ndarray:
    """The ids of a table, ``(n,)`` int64."""
    return np.asarray(frame.index.to_numpy(), dtype=np.int64)


def take_rows(frame: pd.DataFrame, at: np.ndarray) -> pd.DataFrame:
    """A copy of the rows at these positions, or where the boolean mask is true."""
    at = np.flatnonzero(at) if at.dtype == bool else at
    columns = {name: take_array(values(frame[name]), at) for name in frame.columns}
    return frame_of(columns, ids_of(frame)[at], frame.index.name)


def _keep_rows(frame: pd.DataFrame, at: np.ndarray) -> pd.DataFrame:
    """As :func:`take_rows`, for most of the rows."""
    runs = stretches(at)
    columns = {name: keep_array(values(frame[name]), at, runs) for name in frame.columns}
    return frame_of(columns, keep_array(ids_of(frame), at, runs), frame.index.name)


def select_rows(frame: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """The rows with these ids, all of which must exist."""
    return take_rows(frame, positions(frame.index, ids))


def _stack_rows(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate tables with equal columns and dtypes, in ascending order of id."""
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    if len(filled) == 1:
        return filled[0]
    ids = np.concatenate([ids_of(frame) for frame in filled])
    columns = {n: concat([values(frame[n]) for frame in filled]) for n in filled[0].columns}
    if (np.diff(ids) > 0).all():
        return frame_of(columns, ids, filled[0].index.name)
    order = np.argsort(ids, kind="stable")
    runs = stretches(order)
    columns = {name: keep_array(array, order, runs) for name, array in columns.items()}
    return frame_of(columns, keep_array(ids, order, runs), filled[0].index.name)


def invert_rows(change: TableChange) -> TableChange:
    """The change that undoes ``change``."""
    updated = {name: cells.invert() for name, cells in change.updated.items()}
    columns = None if change.columns is None else change.columns[::-1]
    return TableChange(change.deleted, updated, change.created, columns)


def apply_rows(frame: pd.DataFrame, change: TableChange, table: str) -> pd.DataFrame:
    """The table after the change.

    Raises:
        HistoryError: the change was made for another table; the message names the rows.
    """
    _check_fits(frame, change, table)
    if len(change.deleted):
        keep = np.ones(len(frame), dtype=bool)
        keep[positions(frame.index, ids_of(change.deleted))] = False
        frame = _keep_rows(frame, np.flatnonzero(keep))
    frame = set_cells(frame, change.updated, change.columns and change.columns[1])
    return _stack_rows([frame, change.created]) if len(change.created) else frame


def set_cells(
    frame: pd.DataFrame, updated: Mapping[str, Cells], order: tuple[str, ...] | None
) -> pd.DataFrame:
    """The frame with the cells set and its columns in ``order``; cells of absent rows are ignored."""
    out = frame.copy(deep=False)
    for name, cells in updated.items():
        if cells.new is None:
            del out[name]
            continue
        at = positions(frame.index, cells.ids)
        if (at < 0).any():
            cells, at = cells.at(at >= 0), at[at >= 0]
        if cells.covers_all:
            source = np.empty(len(frame), dtype=np.int64)
            source[at] = np.arange(len(at))
            out[name] = column(take_array(cells.new, source), out.index)
        else:
            new: Array = cells.new
            merged = put(recast(values(out[name]), new.dtype), at, new)
            out[name] = column(merged, out.index)
    return out if order is None or tuple(out.columns) == order else out[list(order)]


def merge_rows(a: TableChange, b: TableChange) -> TableChange:
    """One change equivalent to ``a`` followed by ``b``."""
    if not (a and b):
        return a if a else b
    born, died = _without(a.created, ids_of(b.deleted)), _without(b.deleted, ids_of(a.created))
    if len(born):
        born = set_cells(born, b.updated, b.columns and b.columns[1])
    if len(died):
        undone = {name: cells.invert() for name, cells in a.updated.items()}
        died = set_cells(died, undone, a.columns and a.columns[0])
    created, deleted = _stack_rows([born, b.created]), _stack_rows([a.deleted, died])
    gone = np.concatenate([ids_of(a.created), ids_of(b.deleted)])
    updated: dict[str, Cells] = {}
    for name in [*a.updated, *(n for n in b.updated if n not in a.updated)]:
        folded = _fold(a.updated.get(name), b.updated.get(name), gone)
        if folded is not None:
            updated[name] = folded
    columns = None
    if a.columns or b.columns:
        before, after = (a.columns or b.columns or ((), ()))[0], (b.columns or a.columns or ((), ()))[1]
        columns = None if before == after else (before, after)
    return _replace_reborn(created, updated, deleted, columns)


def diff_rows(old: pd.DataFrame, new: pd.DataFrame) -> TableChange:
    """The change from one table to another; columns that share their buffer are not compared."""
    before, after = tuple(old.columns), tuple(new.columns)
    created, deleted, rows_old, rows_new = NO_ROWS, NO_ROWS, None, None
    if not (old.index is new.index or old.index.equals(new.index)):
        at = positions(old.index, ids_of(new))
        created = take_rows(new, at < 0) if (at < 0).any() else NO_ROWS
        rows_old, rows_new = at[at >= 0], np.flatnonzero(at >= 0)
        lost = np.ones(len(old), dtype=bool)
        lost[rows_old] = False
        deleted = take_rows(old, lost) if lost.any() else NO_ROWS
    runs_old, runs_new = (None if rows is None else stretches(rows) for rows in (rows_old, rows_new))
    updated: dict[str, Cells] = {}
    for name in dict.fromkeys([*before, *after]):
        x = values(old[name]) if name in before else None
        y = values(new[name]) if name in after else None
        if (
            rows_old is None
            and x is not None
            and y is not None
            and same_buffer(x, y)
            and same_dtype(x.dtype, y.dtype)
        ):
            continue
        x = x if x is None or rows_old is None else keep_array(x, rows_old, runs_old)
        y = y if y is None or rows_new is None else keep_array(y, rows_new, runs_new)
        cells = _changed(ids_of(old) if rows_old is None else ids_of(old)[rows_old], x, y)
        if cells is not None:
            updated[name] = cells
    return TableChange(created, updated, deleted, None if before == after else (before, after))


def _changed(ids: np.ndarray, old: Array | None, new: Array | None) -> Cells | None:
    """A copy of the cells that differ; None where the column is equal."""
    cells = Cells(ids, old, new)
    if old is None and new is None:
        return None
    if not cells.covers_all:
        cells = cells.at(~equal(old, new))
        return cells if len(cells.ids) or cells.retypes else None
    return cells.at(np.arange(len(ids)))


def _fold(a: Cells | None, b: Cells | None, gone: np.ndarray) -> Cells | None:
    """The cells of a column after two changes, without the rows in ``gone``."""
    if len(gone):
        a = a and a.at(~np.isin(a.ids, gone))
        b = b and b.at(~np.isin(b.ids, gone))
    if a is None or b is None:
        cells = a or b
        return cells if cells is not None and (len(cells.ids) or cells.retypes) else None
    ids, at_a, at_b = _interleave(a.ids, b.ids)
    old = None if a.old is None else _overlay(len(ids), at_b, b.old, at_a, a.old)
    new = None if b.new is None else _overlay(len(ids), at_a, a.new, at_b, b.new)
    return _changed(ids, old, new)


def _overlay(n: int, at_under: np.ndarray, under: Array | None, at_over: np.ndarray, over: Array) -> Array:
    """``n`` values from two partial arrays at their positions; ``over`` wins and decides the dtype."""
    source = np.empty(n, dtype=np.int64)
    if under is None or not (same_dtype(under.dtype, over.dtype) or is_recast(under.dtype, over.dtype)):
        source[at_over] = np.arange(len(at_over))  # a truly retyped column: ``over`` has every row
        return take_array(over, source)
    source[at_under] = np.arange(len(at_under))
    source[at_over] = len(at_under) + np.arange(len(at_over))
    return take_array(concat([recast(under, over.dtype), over]), source)


def _replace_reborn(
    created: pd.DataFrame,
    updated: dict[str, Cells],
    deleted: pd.DataFrame,
    columns: tuple[tuple[str, ...], tuple[str, ...]] | None,
) -> TableChange:
    """Turn rows that are both deleted and created into updated rows."""
    reborn = common(ids_of(created), ids_of(deleted))
    if len(reborn):
        was, now = select_rows(deleted, reborn), select_rows(created, reborn)
        created, deleted = _without(created, reborn), _without(deleted, reborn)
        for name, cells in diff_rows(was, now).updated.items():
            joined = _join(updated[name], cells) if name in updated else cells
            if len(joined.ids) or joined.retypes:
                updated[name] = joined
    return TableChange(created, updated, deleted, columns)


def _join(a: Cells, b: Cells) -> Cells:
    """Concatenate the cells of two changes to different rows of one column."""
    ids = np.concatenate([a.ids, b.ids])
    order = np.argsort(ids, kind="stable")
    old = None if a.old is None or b.old is None else take_array(concat([a.old, b.old]), order)
    new = None if a.new is None or b.new is None else take_array(concat([a.new, b.new]), order)
    return Cells(ids[order], old, new)


def _without(frame: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    if not (len(frame) and len(ids)):
        return frame
    keep = ~np.isin(ids_of(frame), ids)
    return take_rows(frame, keep) if keep.any() else NO_ROWS


def _interleave(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sorted union of two ascending id lists, and the positions of each list in the union."""
    both = np.concatenate([a, b])
    order = np.argsort(both, kind="stable")  # two sorted runs: linear
    ordered = both[order]
    is_new = np.ones(len(both), dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    where = np.empty(len(both), dtype=np.int64)
    where[order] = np.cumsum(is_new) - 1
    return ordered[is_new], where[: len(a)], where[len(a) :]


def _check_fits(frame: pd.DataFrame, change: TableChange, table: str) -> None:
    if change.columns and tuple(frame.columns) != change.columns[0]:
        raise HistoryError(
            f"the change does not fit: {table} should have the columns {', '.join(change.columns[0])}; "
            f"it has {', '.join(map(str, frame.columns))}"
        )
    back = minus(ids_of(change.created), ids_of(change.deleted))
    _refuse(table, ids_of(change.created), positions(frame.index, back) >= 0, "exist already")
    at = positions(frame.index, ids_of(change.deleted))
    _refuse(table, ids_of(change.deleted), at < 0, "are not there to be deleted")
    for name in change.deleted.columns:
        _check_values(frame, table, name, ids_of(change.deleted), at, values(change.deleted[name]))
    for name, cells in change.updated.items():
        at = positions(frame.index, cells.ids)
        _refuse(table, cells.ids, at < 0, "are not there to be updated")
        if cells.old is None and name in frame:
            raise HistoryError(f"the change does not fit: {table} already has a column {name!r}")
        if cells.old is not None:
            _check_values(frame, table, name, cells.ids, at, cells.old)


def _check_values(
    frame: pd.DataFrame, table: str, name: str, ids: np.ndarray, at: np.ndarray, old: Array
) -> None:
    if name not in frame or not same_dtype(frame[name].dtype, old.dtype):
        found: Any = frame[name].dtype if name in frame else "missing"
        raise HistoryError(f"the change does not fit: {table}.{name} should be {old.dtype}, it is {found}")
    if len(ids):
        _refuse(table, ids, ~equal(take_array(values(frame[name]), at), old), f"hold another {name} by now")


def _refuse(table: str, ids: np.ndarray, bad: np.ndarray, what: str) -> None:
    if bad.any():
        raise HistoryError(
            f"the change does not fit: {int(bad.sum())} rows of {table} {what}: {first(ids[bad])}"
        )
