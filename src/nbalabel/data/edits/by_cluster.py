"""Split the Change of a propagation into one change per cluster; it is stored as one and split when read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import NO_ROWS, ids_of, take_rows
from ...core.id_sets import minus
from ...core.tables.arrays import values

PROPAGATED = "propagated"


def parts_of(change: Change) -> list[Change]:
    """Split a change into its parts, oldest first; together they are equivalent to it.

    With ``by_origin`` there is one part per origin of the created instances, whose rows are contiguous; else
    the change itself is the only part. An edit of an image belongs to the first part with instances on the
    image, a deleted row to the part with its replacement. With ``origins`` there is one part per origin, with
    the cells that it changed. The id of a part is the change's id, a dot and a number.
    """
    if change.origins is not None:
        return _by_cells(change, change.origins)
    rows = change.tables.get("instances", TableChange())
    if change.by_origin is None or not len(rows.created):
        return [change]
    origin = values(rows.created["origin"]).astype(object)
    starts = np.flatnonzero(np.r_[True, origin[1:] != origin[:-1]])
    stops = np.r_[starts[1:], len(origin)]
    deleted = _of_deleted(rows, change.by_origin, starts)
    images = _by_part(change.tables.get("images", TableChange()), rows, starts)
    parts = []
    for k, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        gone = take_rows(rows.deleted, deleted == k) if (deleted == k).any() else NO_ROWS
        tables = {"instances": TableChange(rows.created.iloc[start:stop], deleted=gone)}
        tables |= {"images": TableChange(updated=images[k])} if k in images else {}
        note, name = f"accepted {stop - start}", f"{change.id}.{k}"
        who = str(origin[start])
        parts.append(replace(change, tables=tables, by_origin=None, origin=who, note=note, id=name))
    return parts


def _by_cells(change: Change, origins: Mapping[str, np.ndarray]) -> list[Change]:
    """One part per origin of the changed cells; cells of no origin are a part of the change's own origin."""
    updated = change.tables.get("instances", TableChange()).updated
    named = np.concatenate([np.zeros(0, np.int64), *origins.values()])
    touched = change.tables.get("instances", TableChange()).touched_ids
    groups = {**origins, change.origin: minus(touched, named)}
    parts: list[Change] = []
    for origin, ids in groups.items():
        cells = {name: c.at(np.isin(c.ids, ids)) for name, c in updated.items()}
        rows = TableChange(updated={name: c for name, c in cells.items() if len(c.ids)})
        if rows:
            note = f"{len(rows.updated_ids):,} of {change.note}"
            name, tables = f"{change.id}.{len(parts)}", {"instances": rows}
            parts.append(replace(change, tables=tables, origins=None, origin=origin, note=note, id=name))
    if len(parts) < 2:
        return [replace(change, origin=parts[0].origin if parts else change.origin, origins=None)]
    return parts


def _of_deleted(rows: TableChange, took: Mapping[int, int], starts: np.ndarray) -> np.ndarray:
    """Part number of each deleted row."""
    created = ids_of(rows.created)
    by = np.array([took.get(int(i), int(created[0])) for i in ids_of(rows.deleted)], dtype=np.int64)
    return np.searchsorted(starts, np.searchsorted(created, by), side="right") - 1


def _by_part(images: TableChange, rows: TableChange, starts: np.ndarray) -> dict[int, dict[str, Cells]]:
    """Cells of images by part number."""
    on, at = np.unique(values(rows.created["image_id"]), return_index=True)
    part = np.searchsorted(starts, at, side="right") - 1
    out: dict[int, dict[str, Cells]] = {}
    for name, cells in images.updated.items():
        place = np.searchsorted(on, cells.ids)
        known = on[np.minimum(place, len(on) - 1)] == cells.ids
        own = np.where(known, part[np.minimum(place, len(on) - 1)], 0)
        for k in np.unique(own).tolist():
            out.setdefault(k, {})[name] = cells.at(own == k)
    return out
