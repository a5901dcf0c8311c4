"""Rebase a Change onto another State; reverts, merges of two writers and refreshes use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..ontology.entries import fit_entries
from ..tables.arrays import (
    Array,
    equal,
    frame_of,
    is_recast,
    missing,
    positions,
    put,
    recast,
    same_dtype,
    take,
    values,
)
from ..tables.state import State
from .change import Change
from .table_change import NO_ROWS, Cells, TableChange, ids_of, select_rows, take_rows

Labels = tuple[tuple[str, ...], tuple[str, ...]]


def fit(change: Change, state: State) -> Change:
    """Rebase a change: old values become those of ``state``, and what no longer applies is dropped.

    Dropped are updates and deletions of rows that no longer exist, created rows whose id is taken, and cells
    of columns that no longer exist or have another dtype. Rows of ``state`` that the change does not name get
    missing values in the columns that the change adds.

    Returns:
        A change that applies to ``state``, with the id, time, origin and note of ``change``.
    """
    labels = _fit_labels(change.labels, state.labels)
    tables = {}
    for name, frame in state.tables.items():
        rows = change.tables.get(name, TableChange())
        if labels and "label" in frame and "label" not in rows.updated:
            rows = replace(rows, updated={**rows.updated, "label": _no_cells(frame["label"].dtype)})
        fitted = _fit_rows(rows, frame, labels) if rows else rows
        if fitted:
            tables[name] = fitted
    entries = fit_entries(change.ontology, state.ontology)
    return replace(change, tables=tables, labels=labels, ontology=entries)


def _fit_labels(change: Labels | None, now: tuple[str, ...]) -> Labels | None:
    if change is None or change[0] == now:
        return change
    lost, gained = set(change[0]) - set(change[1]), [x for x in change[1] if x not in change[0]]
    wanted = tuple(x for x in now if x not in lost) + tuple(x for x in gained if x not in now)
    return None if wanted == now else (now, wanted)


def _no_cells(dtype: Any) -> Cells:
    return Cells(np.array([], dtype=np.int64), missing(dtype, 0), missing(dtype, 0))


def _fit_rows(rows: TableChange, frame: pd.DataFrame, labels: Labels | None) -> TableChange:
    gone = ids_of(rows.deleted)
    gone = gone[positions(frame.index, gone) >= 0]
    deleted = select_rows(frame, gone) if len(gone) else NO_ROWS
    staying = np.ones(len(frame), dtype=bool)
    staying[positions(frame.index, gone)] = False
    updated: dict[str, Cells] = {}
    for name, cells in rows.updated.items():
        dtype = pd.CategoricalDtype(list(labels[1])) if labels and name == "label" else None
        fitted = _fit_cells(cells, frame, name, staying, dtype)
        if fitted is not None:
            updated[name] = fitted
    before = tuple(frame.columns)
    after = _layout(rows, before, updated)
    created = NO_ROWS
    free = positions(frame.index, ids_of(rows.created)) < 0
    if free.any():
        created = _reshape(take_rows(rows.created, free), after, _dtypes(frame, updated))
    return TableChange(created, updated, deleted, None if before == after else (before, after))


def _fit_cells(
    cells: Cells, frame: pd.DataFrame, name: str, staying: np.ndarray, dtype: pd.CategoricalDtype | None
) -> Cells | None:
    ids = ids_of(frame)
    if name not in frame:
        if cells.new is None or cells.old is not None:
            return None
        return Cells(ids, None, _spread(cells, ids, missing(cells.new.dtype, len(ids)))).at(staying)
    now = values(frame[name])
    if cells.new is None:
        return Cells(ids, take(now, np.arange(len(ids))), None).at(staying)
    target = dtype or _target(cells, now.dtype)
    if target is None:
        return None
    if not (same_dtype(now.dtype, target) or is_recast(now.dtype, target)):
        return Cells(ids, now, _spread(cells, ids, missing(target, len(ids)))).at(staying)
    at = positions(frame.index, cells.ids)
    known = at >= 0
    known[known] = staying[at[known]]
    new = recast(take(cells.new, np.flatnonzero(known)), target)
    fitted = Cells(cells.ids[known], take(now, at[known]), new)
    if fitted.retypes:  # values that the new list of categories lacks also change
        fitted = Cells(ids, now, put(recast(now, target), at[known], new)).at(staying)
    fitted = fitted.at(~equal(fitted.old, fitted.new))
    return fitted if len(fitted.ids) or fitted.retypes else None


def _target(cells: Cells, now: Any) -> Any | None:
    """The dtype after the change: its own, or the current categories plus the added ones; None: no fit."""
    old, new = cells.old, cells.new
    assert new is not None
    if old is not None and same_dtype(old.dtype, now):
        return new.dtype
    if is_recast(now, new.dtype):
        known = set(now.categories)
        before = set() if old is None or not is_recast(old.dtype, now) else set(old.dtype.categories)
        gained = [x for x in new.dtype.categories if x not in known and x not in before]
        if not gained:
            return now
        return pd.CategoricalDtype([*now.categories, *gained], now.ordered)
    return now if same_dtype(now, new.dtype) else None


def _spread(cells: Cells, ids: np.ndarray, blank: Array) -> Array:
    """Values for all rows: those of ``cells`` where present, else those of ``blank``."""
    at = np.searchsorted(ids, cells.ids)
    at[at == len(ids)] = 0
    known = ids[at] == cells.ids if len(ids) else np.zeros(len(cells.ids), dtype=bool)
    return put(blank, at[known], take(cells.new, np.flatnonzero(known)))


def _layout(rows: TableChange, before: tuple[str, ...], updated: Mapping[str, Cells]) -> tuple[str, ...]:
    if rows.columns and rows.columns[0] == before:
        return rows.columns[1]
    gone = {name for name, cells in updated.items() if cells.new is None}
    added = [name for name, cells in updated.items() if cells.old is None]
    return (*(name for name in before if name not in gone), *added)


def _dtypes(frame: pd.DataFrame, updated: Mapping[str, Cells]) -> dict[str, object]:
    dtypes: dict[str, object] = {str(name): frame[name].dtype for name in frame.columns}
    return dtypes | {name: cells.new.dtype for name, cells in updated.items() if cells.new is not None}


def _reshape(frame: pd.DataFrame, order: tuple[str, ...], dtypes: Mapping[str, object]) -> pd.DataFrame:
    """Rows with exactly these columns and dtypes; values that cannot be converted become missing."""
    columns: dict[str, Array] = {}
    for name in order:
        array = values(frame[name]) if name in frame else missing(dtypes[name], len(frame))
        if not same_dtype(array.dtype, dtypes[name]):
            carries = is_recast(array.dtype, dtypes[name])
            array = recast(array, dtypes[name]) if carries else missing(dtypes[name], len(frame))
        columns[name] = array
    return frame_of(columns, ids_of(frame), frame.index.name)
