"""Validate a change before it is applied; only the rows that it touches are checked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange
from ...core.change.table_change import ids_of, take_rows
from ...core.errors import DataError, first
from ...core.id_sets import minus, union
from ...core.ontology.attribute import ASKED_OF
from ...core.tables.answers import check_answers, check_dtype
from ...core.tables.arrays import positions
from ...core.tables.schema import (
    ON_IMAGES,
    check_ontology,
    validate,
    validate_attachments,
    validate_instances,
    validate_regions,
)
from ...core.tables.state import State
from .image_state import check_states

_SIZE = ("width", "height")
_MASK = ("mask", "image_id")


def check_change(change: Change, after: State, *, states: bool = True) -> None:
    """Check that the tables are valid after a change, given that they were valid before.

    Args:
        change: the change.
        after: the tables after the change.
        states: whether the states of touched images must agree with their instances.

    Raises:
        DataError: a rule is broken; the message names the rows.
        MaskError: a mask is malformed or of another size than its image.
        UnsafePathError: a file name leaves the image root.
    """
    images = after.tables["images"]
    _check_ontology(change, after)
    if change.labels:
        validate({"images": images.iloc[:0]}, after.labels)
    if "images" in change.tables:
        _check_images(change.tables["images"], after)
    for name in ("instances", "rejected"):
        if name in change.tables:
            _check_instances(change.tables[name], after.tables[name], images, name)
    if "regions" in change.tables:
        rows = change.tables["regions"]
        touched = union(ids_of(rows.created), rows.updated_ids)
        validate_regions(_rows(after.tables["regions"], touched), images)
    if "attachments" in change.tables:
        rows = change.tables["attachments"]
        touched = union(ids_of(rows.created), rows.updated_ids)
        validate_attachments(_rows(after.tables["attachments"], touched), images)
    if states:
        check_states(change, after)


def _check_ontology(change: Change, after: State) -> None:
    """Check the ontology where it changes, and the answers in the rows and columns that change."""
    if change.ontology:
        check_ontology(after.ontology)
    for table in ASKED_OF:
        rows = change.tables.get(table, TableChange())
        for name, attribute in after.ontology.attributes(table).items():
            frame = after.tables[table]
            check_dtype(frame, attribute, table)
            ids = [rows.updated[name].ids] if name in rows.updated else []
            if (table, name) in change.ontology:
                check_answers(frame[name], attribute, table)
            elif ids or len(rows.created):
                at = positions(frame.index, union(ids_of(rows.created), *ids))
                check_answers(frame[name].iloc[at[at >= 0]], attribute, table)


def _check_images(change: TableChange, after: State) -> None:
    images = after.tables["images"]
    touched = _rows(images, union(ids_of(change.created), change.updated_ids))
    validate({"images": touched}, ())  # labels are checked above, where they change
    resized = [change.updated[column].ids for column in _SIZE if column in change.updated]
    for name in ON_IMAGES:
        frame = after.tables[name]
        _check_orphans(ids_of(change.deleted), frame, name)
        if resized and name != "attachments":
            on = take_rows(frame, frame["image_id"].isin(np.concatenate(resized)).to_numpy())
            if name == "regions":
                validate_regions(on, images)
            else:
                validate_instances(on, images, name)


def _check_orphans(gone: np.ndarray, frame: pd.DataFrame, name: str) -> None:
    if not len(gone) or not len(frame):
        return
    on = frame["image_id"].isin(gone)
    if on.any():
        raise DataError(
            f"{name}: {int(on.sum())} rows belong to images that are removed: {first(frame.index[on])}; "
            "ds.remove(images) removes both"
        )


def _check_instances(change: TableChange, frame: pd.DataFrame, images: pd.DataFrame, name: str) -> None:
    masks = [change.updated[column].ids for column in _MASK if column in change.updated]
    parsed = union(ids_of(change.created), *masks)
    if len(parsed):
        validate_instances(_rows(frame, parsed), images, name)
    rest = minus(change.updated_ids, parsed)
    if len(rest):
        validate_instances(_rows(frame, rest), images, name, masks=False)


def _rows(frame: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """The rows with these ids; masks in pieces are not read until somebody looks at them."""
    at = positions(frame.index, ids)
    return frame if len(at) == len(frame) and (at >= 0).all() else frame.iloc[at[at >= 0]]
