"""One gesture of a person as one Change: masks drawn, reshaped, cut and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ...core.change.change import Cells, Change, TableChange, merge
from ...core.change.table_change import NO_ROWS, select_rows
from ...core.decisions.decided import REPLACED
from ...core.errors import DataError, UnknownNameError, first
from ...core.geometry.masks import rle
from ...core.id_sets import distinct
from ...core.tables.arrays import Array, equal, frame_of, missing, positions, same_dtype, take, values
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import INDEX_NAMES, INSTANCES
from ...core.tables.state import State
from .cells import Allocate, measure, measures, new_instances, numbered
from .image_state import lift
from .regions import regions_drawn

__all__ = ["REPLACED", "Gesture", "change_of"]


@dataclass(frozen=True, eq=False)
class Gesture:
    """Rows to create, update and remove together.

    Attributes:
        note: a sentence for the log.
        updated: instance id -> its new cells, such as ``{"mask": rle}``; boxes and areas follow.
        created: columns of the new instances: at least image_id, label and mask, one value per row.
        removed: ids of instances to remove.
        replaced: predictions that the created rows replace; these predictions count as accepted.
        rejected: predictions to reject.
        regions: columns of the new regions: image_id, mask and kind, one value per row.
        regions_cut: region id -> its mask now; without pixels, the region is removed.
    """

    note: str
    updated: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    created: Mapping[str, Any] = field(default_factory=dict)
    removed: Sequence[int] = ()
    replaced: pd.DataFrame | None = None
    rejected: pd.DataFrame | None = None
    regions: Mapping[str, Any] = field(default_factory=dict)
    regions_cut: Mapping[int, bytes] = field(default_factory=dict)


def change_of(state: State, gesture: Gesture, allocate: Allocate, origin: str) -> Change:
    """The Change that a gesture makes.

    Args:
        state: the current tables.
        gesture: the gesture.
        allocate: allocates ids for new rows.
        origin: who makes the change.

    Raises:
        UnknownNameError: some instances do not exist.
        DataError: a row does not fit; the message names it.
        MaskError: a mask is malformed or of another size than its image.
    """
    removed = _known(state, distinct(np.asarray(gesture.removed, np.int64)))
    change = _updated(state, gesture, removed, origin)
    rows = change.tables.get("instances", TableChange())
    created, tables = NO_ROWS, dict(change.tables)
    if gesture.created:
        created = _created(state, gesture.created, allocate)
        on = distinct(values(created["image_id"]))
        labeled = lift(state.tables["images"], on, by_hand=True)
        tables |= {"images": labeled} if labeled else {}
    deleted = select_rows(state.tables["instances"], removed) if len(removed) else NO_ROWS
    rows = TableChange(created, rows.updated, deleted)
    tables |= {"instances": rows} if rows else {}
    turned_down = _decided(state, gesture, allocate)
    tables |= {"rejected": TableChange(turned_down)} if len(turned_down) else {}
    drawn = Change(tables, None, origin, gesture.note)
    said = regions_drawn(state, gesture.regions, gesture.regions_cut, allocate, origin)
    return replace(merge(said, drawn), origin=origin, note=gesture.note) if said else drawn


def _updated(state: State, gesture: Gesture, removed: np.ndarray, origin: str) -> Change:
    ids = _known(state, np.array(sorted(gesture.updated), np.int64))
    ids = ids[~np.isin(ids, removed)]
    frame = state.tables["instances"]
    at = positions(frame.index, ids)
    wanted = [gesture.updated[int(row)] for row in ids]
    cells: dict[str, Cells] = {}
    for name in dict.fromkeys(name for row in wanted for name in row):
        given = np.array([name in row for row in wanted])
        old = take(values(frame[name]), at[given])
        new = _fitted([row[name] for row in wanted if name in row], old.dtype, name)
        changed = Cells(ids[given], old, new).at(~equal(old, new))
        if len(changed.ids):
            cells[name] = changed
    tables = {"instances": TableChange(updated=cells)} if cells else {}
    return measure(Change(tables, None, origin), state)


def _created(state: State, columns: Mapping[str, Any], allocate: Allocate) -> pd.DataFrame:
    """New rows with the columns and dtypes of the existing instances."""
    there, n = state.tables["instances"], len(columns["mask"])
    image_ids = _fitted(columns["image_id"], np.dtype(np.int64), "image_id")
    heights, widths = sizes_of(state.tables["images"], image_ids, table="new instances").T
    masks = _fitted(columns["mask"], there["mask"].dtype, "mask")
    rle.check(masks, heights, widths, table="new instances")
    given = {**columns, "image_id": image_ids, "mask": masks, **measures(masks, heights)}
    out = {}
    for name in there.columns:
        dtype = there[name].dtype
        if name in given:
            out[name] = _fitted(given[name], dtype, name)
        elif name in INSTANCES:
            out[name] = _fitted([INSTANCES[name].default] * n, dtype, name)
        else:
            out[name] = missing(dtype, n)
    start = allocate("instances", n)
    return frame_of(out, np.arange(start, start + n), INDEX_NAMES["instances"])


def _fitted(given: Any, dtype: Any, name: str) -> Array:
    """Convert values to the dtype of a column."""
    if hasattr(given, "dtype") and same_dtype(given.dtype, dtype):
        return given
    try:
        if isinstance(dtype, np.dtype):
            return np.asarray(list(given), dtype)
        if isinstance(dtype, pd.CategoricalDtype):
            return _coded(list(given), dtype)
        return pd.array(list(given), dtype=dtype)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{name} must be {dtype}, got {first(list(given))}: {error}") from error


def _coded(given: list[Any], dtype: pd.CategoricalDtype) -> Array:
    codes = dtype.categories.get_indexer(pd.Index(given, dtype=object))
    lost = [value for value, code in zip(given, codes, strict=True) if code < 0 and not pd.isna(value)]
    if lost:
        raise ValueError(f"expected one of {first(dtype.categories)}, got {first(lost)}")
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _known(state: State, ids: np.ndarray) -> np.ndarray:
    lost = positions(state.tables["instances"].index, ids) < 0
    if lost.any():
        raise UnknownNameError(f"instances {first(ids[lost])} are no longer in the dataset")
    return ids


def _decided(state: State, gesture: Gesture, allocate: Allocate) -> pd.DataFrame:
    """Rows of ``rejected``, with new ids, for predictions that must not be proposed again."""
    given = [(gesture.replaced, REPLACED), (gesture.rejected, "proposed")]
    parts = [rows.assign(status=status) for rows, status in given if rows is not None and len(rows)]
    if not parts:
        return NO_ROWS
    frame = pd.concat(parts, ignore_index=True)
    rows = new_instances(state, frame if "source" in frame else frame.assign(source="model"), "rejected")
    return numbered(rows, allocate("instances", len(rows)), INDEX_NAMES["rejected"])
