"""What one gesture of a person does to the tables, as one Change: masks drawn, reshaped, cut and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..core.change import Cells, Change, State, TableChange
from ..core.columns import positions, put, take, values
from ..core.errors import UnknownNameError, first
from ..core.rows import NO_ROWS, take_rows
from ..core.schema import INDEX_NAMES
from .edits import Allocate, new_instances, numbered, set_cells

REPLACED = "verified"
"""Status, in the table of rejected predictions, of those a person took over with another mask or label."""


@dataclass(frozen=True, eq=False)
class Gesture:
    """Rows that come, change and go together.

    Attributes:
        note: a sentence for the log.
        updated: instance id -> its new cells, such as ``{"mask": rle}``; boxes and areas follow.
        created: rows that become instances: at least image_id, label and mask.
        removed: ids of instances.
        replaced: predictions that created rows stand in for; they count as accepted.
        rejected: predictions turned down.
    """

    note: str
    updated: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    created: pd.DataFrame | None = None
    removed: Sequence[int] = ()
    replaced: pd.DataFrame | None = None
    rejected: pd.DataFrame | None = None


def change_of(state: State, gesture: Gesture, allocate: Allocate, origin: str) -> Change:
    """The one Change that a gesture makes.

    Args:
        state: the tables as they are.
        gesture: what is wanted.
        allocate: gives the new rows their ids.
        origin: who makes it.

    Raises:
        UnknownNameError: instances that are not there.
        DataError: a row does not fit; the message names it.
        MaskError: a mask is malformed or of another size than its image.
    """
    removed = _known(state, np.unique(np.asarray(gesture.removed, np.int64)))
    change = _updated(state, gesture, removed, origin)
    rows = change.tables.get("instances", TableChange())
    created, tables = NO_ROWS, dict(change.tables)
    if gesture.created is not None and len(gesture.created):
        fresh = new_instances(state, gesture.created)
        created = numbered(fresh, allocate("instances", len(fresh)), INDEX_NAMES["instances"])
        labeled = _label_images(state.tables["images"], np.unique(values(created["image_id"])))
        tables |= {"images": labeled} if labeled else {}
    deleted = take_rows(state.tables["instances"], positions(state.tables["instances"].index, removed))
    rows = TableChange(created, rows.updated, deleted if len(removed) else NO_ROWS)
    tables |= {"instances": rows} if rows else {}
    turned_down = _decided(state, gesture, allocate)
    tables |= {"rejected": TableChange(turned_down)} if len(turned_down) else {}
    return Change(tables, None, origin, gesture.note)


def _updated(state: State, gesture: Gesture, removed: np.ndarray, origin: str) -> Change:
    ids = _known(state, np.array(sorted(gesture.updated), np.int64))
    ids = ids[~np.isin(ids, removed)]
    if not len(ids):
        return Change()
    frame = state.tables["instances"]
    at = positions(frame.index, ids)
    wanted = [gesture.updated[int(row)] for row in ids]
    cells: dict[str, Any] = {}
    for name in dict.fromkeys(name for row in wanted for name in row):
        old = take(values(frame[name]), at)
        cells[name] = [row.get(name, was) for row, was in zip(wanted, old, strict=True)]
    return set_cells(state, "instances", ids, cells, origin)


def _known(state: State, ids: np.ndarray) -> np.ndarray:
    lost = positions(state.tables["instances"].index, ids) < 0
    if lost.any():
        raise UnknownNameError(f"instances {first(ids[lost])} are no longer in the dataset")
    return ids


def _decided(state: State, gesture: Gesture, allocate: Allocate) -> pd.DataFrame:
    """Predictions that must not be proposed again, with ids of their own."""
    given = [(gesture.replaced, REPLACED), (gesture.rejected, "proposed")]
    parts = [rows.assign(status=status) for rows, status in given if rows is not None and len(rows)]
    if not parts:
        return NO_ROWS
    frame = pd.concat(parts, ignore_index=True)
    rows = new_instances(state, frame if "source" in frame else frame.assign(source="model"), "rejected")
    return numbered(rows, allocate("instances", len(rows)), INDEX_NAMES["rejected"])


def _label_images(images: pd.DataFrame, ids: np.ndarray) -> TableChange:
    """Images somebody drew on are not unlabeled any more, nor empty; those left out until now count."""
    at = positions(images.index, ids)
    was = images["state"].array[at]
    bare = np.asarray((was == "unlabeled") | (was == "empty"))
    if not bare.any():
        return TableChange()
    partial = put(was, np.arange(len(ids)), pd.Categorical(["partial"] * len(ids), dtype=was.dtype))
    weight = images["weight"].to_numpy()[at]
    idle = np.asarray(was == "unlabeled") & (weight == 0)
    cells = {
        "state": Cells(ids, was, partial).at(bare),
        "weight": Cells(ids, weight, np.ones(len(ids), np.float32)).at(idle),
    }
    return TableChange(updated={name: cell for name, cell in cells.items() if len(cell.ids)})
