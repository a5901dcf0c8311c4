"""One answer of a person in a review, as a Change that stores who answered and how long it took."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from ...core.change.change import Change, apply, merge
from ...core.change.table_change import ids_of, take_rows
from ...core.errors import DataError, UnknownNameError, first
from ...core.id_sets import distinct
from ...core.tables.arrays import positions
from ...core.tables.schema import INDEX_NAMES
from ...core.tables.state import State
from . import acceptance
from .cells import Allocate, remove, set_cells
from .correction import corrected
from .draw import Gesture, change_of
from .revert import revert

VERBS = {"accept": "accepted", "reject": "rejected", "relabel": "relabeled", "correct": "corrected"}
"""Possible answers, and the first word of the note of their changes."""

_IOU = 0.4
"""Mask IoU above which an accepted prediction overlaps an instance."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A person's answer about some masks.

    Attributes:
        what: "accept", "reject", "relabel" (which accepts with another label) or "correct" (which applies a
            proposed Change).
        annotator: who answers.
        seconds: time that the person took; None if not measured.
        label: the other label.
        overlap: what happens where an accepted prediction overlaps an instance: "skip" (an error), "allow" or
            "replace".
        instead_of: the change of an earlier answer, which is taken back in the same Change.
        correction: the proposed Change, for "correct".
    """

    what: str
    annotator: str
    seconds: float | None = None
    label: str | None = None
    overlap: str = "skip"
    instead_of: Change | None = None
    correction: Change | None = None


def answer(state: State, rows: pd.DataFrame, given: Answer, allocate: Allocate) -> Change:
    """The Change that an answer makes.

    Args:
        state: the current tables.
        rows: predictions of a Run, or instances; for instances, only the ids are used.
        given: the answer.
        allocate: allocates ids for new rows.

    Raises:
        DataError: a prediction was not accepted, because it overlaps an instance or has a decision already;
            or there is no such answer or label.
        UnknownNameError: some instances do not exist.
    """
    if given.what not in VERBS:
        raise DataError(f"an answer must be one of {', '.join(VERBS)}, got {given.what!r}")
    if given.what == "relabel" and given.label not in state.labels:
        raise DataError(f"label must be one of {', '.join(state.labels)}, got {given.label!r}")
    if (given.what == "correct") != (given.correction is not None):
        raise DataError(f"a correction belongs to the answer 'correct', and to no other, got {given.what!r}")
    back = None if given.instead_of is None else revert(state, [given.instead_of], given.annotator)
    now = state if back is None else apply(state, back)
    of_instances = rows.index.name == INDEX_NAMES["instances"]
    if given.correction is not None:
        change = _corrected(now, rows, given, given.correction, allocate)
    else:
        change = (_of_instances if of_instances else _of_predictions)(now, rows, given, allocate)
    whole = change if back is None else merge(back, change)
    return replace(whole, origin=change.origin, note=change.note, seconds=given.seconds)


def _of_instances(state: State, rows: pd.DataFrame, given: Answer, _: Allocate) -> Change:
    ids = distinct(ids_of(rows))
    lost = positions(state.tables["instances"].index, ids) < 0
    if lost.any():
        raise UnknownNameError(f"instances {first(ids[lost])} are no longer in the dataset")
    there = take_rows(state.tables["instances"], positions(state.tables["instances"].index, ids))
    if given.what == "reject":
        change = remove(state, "instances", ids, given.annotator)
    else:
        cells = {"status": "verified"} | ({"label": given.label} if given.what == "relabel" else {})
        change = set_cells(state, "instances", ids, cells, given.annotator)
    return replace(change, note=_note(there, given, "instance"))


def _of_predictions(state: State, rows: pd.DataFrame, given: Answer, allocate: Allocate) -> Change:
    run = first(sorted({str(x) for x in rows["origin"].dropna()} - {""}), 3) if "origin" in rows else ""
    origin = ", ".join(filter(None, [given.annotator, run]))
    note = _note(rows, given, "prediction")
    if given.what == "reject":
        return replace(acceptance.reject(state, rows, allocate, origin), note=note)
    wanted = rows.assign(label=given.label) if given.what == "relabel" else rows
    change = acceptance.accept(
        state,
        wanted,
        allocate,
        weight=1,
        overlap=given.overlap,
        iou=_IOU,
        status="verified",
        origin=origin,
    )
    if "instances" not in change.tables:
        why = change.note.split(", ", 1)[-1]
        raise DataError(f"not accepted: {why}; nothing was done")
    tables = dict(change.tables)
    if given.what == "relabel" and (rows["label"] != given.label).any():
        tables |= change_of(state, Gesture("", replaced=rows), allocate, origin).tables
    deleted = len(tables["instances"].deleted)
    return Change(tables, None, origin, note + (f", in place of {deleted} it overlapped" if deleted else ""))


def _corrected(
    state: State, rows: pd.DataFrame, given: Answer, proposed: Change, allocate: Allocate
) -> Change:
    origin = ", ".join(filter(None, [given.annotator, proposed.origin]))
    one = "instance" if rows.index.name == INDEX_NAMES["instances"] else "prediction"
    if one == "instance":
        there = state.tables["instances"]
        rows = there[there.index.isin(rows.index)]
    change = corrected(state, proposed, allocate, origin)
    return replace(change, note=f"{_note(rows, given, one)}: {proposed.note or proposed.summary()}")


def _note(rows: pd.DataFrame, given: Answer, one: str) -> str:
    names = first(ids_of(rows), 3)
    label = first(sorted({str(x) for x in rows["label"]}), 3)
    to = f" as {given.label}" if given.what == "relabel" else ""
    return f"{VERBS[given.what]} {one} {names} ({label}){to} in review"
