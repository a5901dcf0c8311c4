"""Revert older changes, except for rows and cells that were edited since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange, apply, merge
from ...core.change.rebase import fit
from ...core.change.table_change import NO_ROWS, ids_of, take_rows
from ...core.id_sets import distinct, minus, union
from ...core.ontology.attribute import Attribute
from ...core.ontology.entries import Entries, now
from ...core.ontology.ontology import Entry, Key
from ...core.tables.answers import dtype_of
from ...core.tables.arrays import Array, equal, is_recast, positions, same_dtype, take, values
from ...core.tables.schema import ON_IMAGES, ONE_MASK
from ...core.tables.state import State
from .image_state import keep_labeled


def revert(state: State, changes: Iterable[Change], origin: str) -> Change:
    """One change that takes back several changes, except for what was edited since.

    Created rows are deleted unless they were edited since; cells get their old value if they still hold the
    new one; deleted rows are restored if their id is free and their image exists. An image stays labeled
    as long as it has instances.

    Args:
        state: the current tables.
        changes: the changes to take back, newest first.
        origin: origin of the new change.

    Returns:
        The change; its note counts the rows taken back.
    """
    total, stood, asked = Change({}, None, origin), 0, 0
    for change in changes:
        back = _still_standing(state, change)
        asked += sum(_size(rows) for rows in change.tables.values()) + len(change.ontology)
        stood += sum(_size(rows) for rows in back.tables.values()) + len(back.ontology)
        if back:
            state = apply(state, back)
            total = merge(total, back)
    note = f"took back {stood} of {asked} rows"
    if stood < asked:
        note += f" ({asked - stood} were changed since, or hold otherwise)"
    return replace(total, origin=origin, note=note)


def _size(rows: TableChange) -> int:
    return len(rows.touched_ids)


def _still_standing(state: State, change: Change) -> Change:
    tables: dict[str, TableChange] = {}
    for name in (*ON_IMAGES, "images"):
        if name in change.tables:
            tables[name] = _stand_rows(change.tables[name], state.tables[name])
    tables = _keep_references(state, tables)
    if "images" in tables:
        labeled = distinct(_remaining(state, tables, "instances"))
        tables["images"] = keep_labeled(tables["images"], labeled)
    return fit(Change(tables, ontology=_said_before(state, change)), state)


def _said_before(state: State, change: Change) -> Entries:
    """The entries of the ontology that still are as the change left them, taken back.

    An attribute stays whose answers the one before cannot hold, such as with an option less that is in use.
    """
    back: dict[Key, tuple[Entry | None, Entry | None]] = {}
    for key, (old, new) in change.ontology.items():
        if now(state.ontology, key) != new:
            continue
        if not isinstance(old, Attribute) or _holds(state, old):
            back[key] = (new, old)
    return back


def _holds(state: State, attribute: Attribute) -> bool:
    """Whether the answers have the dtype of an attribute."""
    frame, name = state.tables[attribute.of], attribute.name
    return name in frame and same_dtype(frame[name].dtype, dtype_of(attribute))


def _stand_rows(rows: TableChange, frame: pd.DataFrame) -> TableChange:
    created = NO_ROWS
    back = rows.deleted
    if len(rows.created):
        created = take_rows(rows.created, unchanged(rows.created, frame))
    if len(back):
        back = take_rows(back, positions(frame.index, ids_of(back)) < 0)
    updated = {}
    for name, cells in rows.updated.items():
        if cells.retypes or name not in frame:
            continue
        at = positions(frame.index, cells.ids)
        there = cells.at(at >= 0)
        now = take(values(frame[name]), at[at >= 0])
        new: Array = there.new
        if same_dtype(now.dtype, new.dtype) or is_recast(now.dtype, new.dtype):
            left = there.at(equal(now, new))
            updated[name] = left.invert()
    return TableChange(back, _whole_masks(rows, updated), created)


def _whole_masks(rows: TableChange, standing: dict[str, Cells]) -> dict[str, Cells]:
    """Without masks, boxes and areas of rows where any of these was edited since."""
    family = [name for name in ONE_MASK if name in rows.updated]
    edited = [minus(rows.updated[n].ids, standing[n].ids) for n in family if n in standing]
    gone = union(*edited)
    kept = {
        name: cells.at(~np.isin(cells.ids, gone)) if name in family else cells
        for name, cells in standing.items()
    }
    return {name: cells for name, cells in kept.items() if len(cells.ids)}


def unchanged(rows: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray:
    """Which of the rows are in the frame, unchanged."""
    at = positions(frame.index, ids_of(rows))
    same = at >= 0
    found = take_rows(frame, at[same])
    for name in rows.columns:
        if name not in frame:
            continue
        a, b = take(values(rows[name]), np.flatnonzero(same)), values(found[name])
        if same_dtype(a.dtype, b.dtype) or is_recast(a.dtype, b.dtype):
            keep = equal(a, b)
            same[np.flatnonzero(same)[~keep]] = False
            found = take_rows(found, keep)
    return np.asarray(same)


def _keep_references(state: State, tables: dict[str, TableChange]) -> dict[str, TableChange]:
    """Restore rows only on existing images; delete images only if no row refers to them."""
    pictures = tables.get("images", TableChange())
    images = union(ids_of(state.tables["images"]), ids_of(pictures.created))
    busy: list[np.ndarray] = []
    for name in ON_IMAGES:
        rows = tables.get(name, TableChange())
        if len(rows.created):
            on_image = np.isin(values(rows.created["image_id"]), images)
            tables[name] = replace(rows, created=take_rows(rows.created, on_image))
        if len(pictures.deleted):
            busy.append(_remaining(state, tables, name))
    if busy:
        free = ~np.isin(ids_of(pictures.deleted), np.concatenate(busy))
        tables["images"] = replace(pictures, deleted=take_rows(pictures.deleted, free))
    return tables


def _remaining(state: State, tables: dict[str, TableChange], name: str) -> np.ndarray:
    """image_id of every row of a table after the change."""
    frame, rows = state.tables[name], tables.get(name, TableChange())
    stay = ~np.isin(ids_of(frame), ids_of(rows.deleted))
    back = values(rows.created["image_id"]) if len(rows.created) else np.array([], dtype=np.int64)
    return np.concatenate([values(frame["image_id"])[stay], back])
