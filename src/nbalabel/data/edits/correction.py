"""A proposed Change as a person's answer to one question: all of it, or nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange, apply, merge
from ...core.change.rebase import fit
from ...core.change.table_change import ids_of
from ...core.errors import DataError, UnknownNameError, first
from ...core.geometry.overlap.keep_best import overlapping
from ...core.id_sets import distinct, union
from ...core.tables.arrays import frame_of, values
from ...core.tables.schema import INDEX_NAMES
from ...core.tables.state import State
from .cells import Allocate, set_cells
from .proposals import with_new_ids
from .revert import unchanged

_ABOUT = ["image_id", "label", "mask"]  # what a proposal to remove an instance was made of

_IOU = 0.4
"""Mask IoU above which a new instance overlaps one that is there, as in ``answers.py``."""


def corrected(state: State, proposed: Change, allocate: Allocate, origin: str) -> Change:
    """The proposed change on the tables as they are; instances that it makes or changes become verified.

    Args:
        state: the current tables.
        proposed: a change of earlier tables that creates, edits or removes instances.
        allocate: allocates ids for created rows.
        origin: origin of the new change.

    Raises:
        DataError: labels or masks that it replaces or removes were changed since, new instances would overlap
            others by an IoU above 0.4, or a label is not in the list; nothing is done then.
        UnknownNameError: instances or images are no longer there.
    """
    rows = proposed.tables.get("instances", TableChange())
    if not rows or proposed.labels or proposed.ontology:
        raise DataError(
            f"a correction must create, edit or remove instances, got one of {proposed.summary()}; "
            "nothing was done"
        )
    _check_there(state, rows)
    _check_same(state, rows)
    _check_labels(state, rows)
    _check_free(state, rows)
    fitted = fit(Change({"instances": with_new_ids("instances", rows, allocate)}, None, origin), state)
    made = fitted.tables["instances"]
    ids = union(ids_of(made.created), made.updated_ids)
    seen = set_cells(apply(state, fitted), "instances", ids, {"status": "verified"}, origin)
    return merge(fitted, seen)


def _check_there(state: State, rows: TableChange) -> None:
    known = {"instances": union(ids_of(rows.deleted), rows.updated_ids)}
    known["images"] = (
        distinct(values(rows.created["image_id"])) if len(rows.created) else np.zeros(0, np.int64)
    )
    for name, ids in known.items():
        lost = ids[~np.isin(ids, state.tables[name].index)]
        if len(lost):
            raise UnknownNameError(f"{name} {first(lost)} are no longer in the dataset; nothing was done")


def _check_same(state: State, rows: TableChange) -> None:
    """Check that what is replaced or removed still is as it was when the change was proposed."""
    there, index = state.tables["instances"], INDEX_NAMES["instances"]
    old = [frame_of({name: cells.old}, cells.ids, index) for name, cells in rows.updated.items()]
    old += [rows.deleted[_ABOUT]] if len(rows.deleted) else []
    for frame in old:
        other = ids_of(frame)[~unchanged(frame, there)]
        if len(other):
            what = "mask" if "mask" in frame and len(frame.columns) == 1 else "label or mask"
            raise DataError(
                f"the {what} of instances {first(other)} was changed since this correction was suggested; "
                "nothing was done: look at it again"
            )


def _check_labels(state: State, rows: TableChange) -> None:
    named = [values(rows.created["label"])] if len(rows.created) else []
    named += [rows.updated["label"].new] if "label" in rows.updated else []
    strange = sorted({str(label) for part in named for label in part} - set(state.labels))
    if strange:
        raise DataError(
            f"label must be one of {', '.join(state.labels)}, got {first(strange)}; nothing was done"
        )


def _check_free(state: State, rows: TableChange) -> None:
    """Check that new instances lie where none is, but for those that the change removes or redraws."""
    new = rows.created
    if not len(new):
        return
    there = state.tables["instances"]
    near = there[there["image_id"].isin(new["image_id"])]
    near = near.drop(index=near.index.intersection(pd.Index(union(ids_of(rows.deleted), rows.updated_ids))))
    if not len(near):
        return
    pairs = overlapping(new["image_id"], new["mask"], near["image_id"], near["mask"], above=_IOU)
    if len(pairs.right):
        over = distinct(near.index.to_numpy()[pairs.right])
        raise DataError(
            f"not added: it would overlap instances {first(over)} by an IoU above {_IOU:g}; nothing was done"
        )
