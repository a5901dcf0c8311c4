"""Answers of a queue as Changes of the dataset, one per annotator; what is not decided is listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change, apply, merge
from ...core.change.table_change import take_rows
from ...core.errors import DataError, NbalabelError
from ...core.geometry.masks import rle
from ...core.show.card import card
from ...core.tables.arrays import positions
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import check_all_answers
from ...core.tables.state import State
from ..edits.answers import Answer, answer
from ..edits.cells import Allocate, set_cells
from ..edits.draw import Gesture, change_of
from .content import CELLS, Content, frame_of, same
from .final import Answered
from .matching import agreement, differing_columns
from .own import cells as cells_of
from .own import written

_COLUMNS = ("why", "task", "image_id", "row_id", "annotators", "answers")


@dataclass(frozen=True, eq=False)
class Collected:
    """What :meth:`Dataset.collect` did.

    Attributes:
        changes: the Changes, one per annotator; ``ds.revert(change)`` takes one back.
        conflicts: what was left alone, one row per task: ``why``, ``task``, ``image_id``, ``row_id``,
            ``annotators``, ``answers``.
        n_already: answers that were collected before, or that the dataset has.
        n_waiting: answers that are not reviewed yet, or are being reworked.
    """

    changes: tuple[Change, ...]
    conflicts: pd.DataFrame
    n_already: int = 0
    n_waiting: int = 0
    _n: int = 0

    def __len__(self) -> int:
        return self._n

    def __repr__(self) -> str:
        return (
            f"<Collected {self._n:,} answers in {len(self.changes)} changes; "
            f"{len(self.conflicts):,} conflicts, {self.n_already:,} there already, "
            f"{self.n_waiting:,} waiting for review>"
        )

    def _repr_html_(self) -> str:
        who = ", ".join(change.origin for change in self.changes) or "nobody"
        facts: list[tuple[str, object]] = [
            ("collected", f"{self._n:,} answers of {who}"),
            ("there already", f"{self.n_already:,}"),
            ("waiting for review", f"{self.n_waiting:,}"),
        ]
        why = self.conflicts["why"].value_counts()
        facts += [("conflicts", f"{n:,}: {text}") for text, n in why.items()]
        return card("Answers collected", facts, subtitle="ds.undo() takes the last change back")


@dataclass
class Plan:
    """What to collect: answers by annotator, and what is left alone."""

    mine: dict[str, list[Answered]] = field(default_factory=dict)
    conflicts: list[tuple[Any, ...]] = field(default_factory=list)
    n_already: int = 0
    n_waiting: int = 0


def plan(
    opinions: Sequence[list[Answered]],
    *,
    reviewed: bool,
    take: Callable[[Answered], bool],
    was_collected: Callable[[str], bool],
) -> Plan:
    """Choose the answer of each task.

    Args:
        opinions: the answers that count, task by task.
        reviewed: only approved answers are collected.
        take: whether an answer is to be taken although others differ.
        was_collected: whether a change is in the dataset.
    """
    out = Plan()
    for every in opinions:
        ready = [one for one in every if one.state == "approved" or not reviewed]
        out.n_waiting += len(every) - len(ready)
        chosen = [one for one in ready if take(one)] or ready
        if any(one.collected and was_collected(one.collected) for one in every):
            out.n_already += len(ready)
            continue
        if not chosen or (len(ready) < len(every) and not any(map(take, ready))):
            continue
        if any(not _alike(chosen[0], other) for other in chosen[1:]):
            out.conflicts.append(conflict("opinions differ", chosen))
        elif names := {x for one in chosen[1:] for x in differing_columns(chosen[0].content, one.content)}:
            out.conflicts.append(conflict(f"opinions differ: {', '.join(sorted(names))}", chosen))
        else:
            out.mine.setdefault(chosen[0].annotator, []).append(chosen[0])
    return out


def changed_images(
    state: State, answers: Sequence[Answered], name: str, allocate: Allocate, base: Mapping[int, Content]
) -> Change:
    """The Change that answers of one annotator make on images which are as they were when the work began.

    Args:
        state: the current tables.
        answers: one per image.
        name: of the queue.
        allocate: allocates ids for new rows.
        base: what was on each image.
    """
    who, updated, removed = answers[0].annotator, dict[int, dict[str, Any]](), list[int]()
    created: list[pd.DataFrame] = []
    drawn: list[pd.DataFrame] = []
    cut: dict[int, bytes] = {}
    for one in answers:
        old = {row["id"]: row for row in base[one.image]["instances"]}
        new = {row["id"]: row for row in one.content["instances"] if row["id"] in old}
        removed += [row for row in old if row not in new]
        for key, row in new.items():
            cells = {cell: row[cell] for cell in CELLS if row[cell] != old[key][cell]}
            if "mask" in cells:
                cells["mask"] = str(cells["mask"]).encode("ascii", "replace")
            if cells:
                updated[key] = cells
        fresh = [row for row in one.content["instances"] if row["id"] not in old]
        created += [frame_of(fresh, one.image)] if fresh else []
        there = {row["id"]: row["mask"] for row in base[one.image]["regions"]}
        kept = {row["id"]: row["mask"] for row in one.content["regions"] if row["id"] in there}
        nothing = _no_pixels(state, one.image)
        for row in [row for row, mask in there.items() if kept.get(row) != mask]:
            cut[row] = str(kept[row]).encode("ascii", "replace") if row in kept else nothing
        marked = [row for row in one.content["regions"] if row["id"] not in there]
        drawn += [frame_of(marked, one.image)] if marked else []
    note = f"collected {len(answers):,} answer{'s' * (len(answers) != 1)} of {who} in {name}"
    gesture = Gesture(
        note,
        updated=updated,
        created=_columns(created, [*CELLS, "image_id"], origin=who),
        removed=removed,
        regions=_columns(drawn, ["kind", "label", "mask", "image_id"]),
        regions_cut=cut,
    )
    change = change_of(state, gesture, allocate, who)
    made = iter(change.tables["instances"].created.index.tolist() if created else ())
    ids = np.array(sorted(one.image for one in answers), np.int64)
    told = {one.image: one.content for one in answers}
    cells = {name: [told[int(i)][name] for i in ids] for name in ("state", "weight")}
    states = set_cells(apply(state, change), "images", ids, cells, who)
    change = merge(change, states) if states else change
    own = written(apply(state, change), _own_cells(answers, base, made), who)
    return replace(merge(change, own) if own else change, origin=who, note=note)


def known_cells(one: Answered, base: Content) -> list[tuple[str, int, str, Any]]:
    """Cells of columns of your own that an answer has, of rows that were there when the work began."""
    there = {row["id"]: row["id"] for row in base["instances"]}
    return list(cells_of(one.content.get("own", {}), one.image, there))


def _own_cells(
    answers: Sequence[Answered], base: Mapping[int, Content], made: Iterator[int]
) -> Iterator[tuple[str, int, str, Any]]:
    """Cells of all answers; ``made`` gives the ids of their new instances, in order."""
    for one in answers:
        old = {row["id"] for row in base[one.image]["instances"]}
        ids = [row["id"] for row in one.content["instances"]]
        here = {row: row if row in old else next(made) for row in ids}
        yield from cells_of(one.content.get("own", {}), one.image, here)


def answered_rows(
    state: State, answers: Sequence[Answered], of: str, name: str, allocate: Allocate
) -> tuple[Change, list[tuple[Answered, str]]]:
    """The Change that answers of one annotator about instances or predictions make, and what did not fit."""
    whole, failed, who, now, n = Change(), list[tuple[Answered, str]](), answers[0].annotator, state, 0
    for one in answers:
        rows = pd.DataFrame(index=pd.Index([one.row], name="instance_id"))
        if of == "predictions":
            rows = _prediction(one)
        given = Answer(str(one.content.get("what")), who, None, one.content.get("label"))
        try:
            change = answer(now, rows, given, allocate)
            change = _with_columns(now, change, one, of)
            now = apply(now, change)
        except NbalabelError as error:
            failed.append((one, str(error)))
            continue
        whole, n = merge(whole, change), n + 1
    note = f"collected {n:,} answer{'s' * (n != 1)} of {who} in {name}"
    return replace(whole, origin=who, note=note), failed


def _with_columns(state: State, change: Change, one: Answered, of: str) -> Change:
    """An answer about one row with what it says in columns of your own.

    Raises:
        DataError: a value does not fit its column, or is no answer to its attribute.
    """
    if "own" not in one.content:
        return change
    made = change.tables["instances"].created.index if "instances" in change.tables else pd.RangeIndex(0)
    rows = dict(zip([one.row], [one.row] if of == "instances" else made.tolist(), strict=False))
    after = apply(state, change)
    rows = {row: here for row, here in rows.items() if here in after.tables["instances"].index}
    told = list(cells_of(one.content["own"], one.image, rows))
    own = written(after, told, one.annotator)
    now = apply(after, own).tables
    touched = {}
    for table in ("images", "instances"):
        ids = np.array(sorted({row for where, row, _, _ in told if where == table}), np.int64)
        touched[table] = take_rows(now[table], positions(now[table].index, ids))
    check_all_answers(touched, after.ontology)
    return replace(merge(change, own), origin=change.origin, note=change.note, seconds=change.seconds)


def known_row_cells(one: Answered, of: str) -> list[tuple[str, int, str, Any]]:
    """Cells of columns of your own in an answer about one row, of rows that were there before."""
    rows = dict.fromkeys([one.row] if of == "instances" else [], one.row)
    return list(cells_of(one.content.get("own", {}), one.image, rows))


def conflicts_table(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Conflicts as a table."""
    return pd.DataFrame(list(rows), columns=list(_COLUMNS))


def conflict(why: str, answers: Sequence[Answered]) -> tuple[Any, ...]:
    """A row of the table of conflicts: answers to one task that were left alone."""
    first = answers[0]
    who = ", ".join(dict.fromkeys(one.annotator for one in answers))
    return why, first.task, first.image, first.row, who, [one.answer for one in answers]


def _alike(a: Answered, b: Answered) -> bool:
    if "what" in a.content or "what" in b.content:
        return agreement(a.content, b.content).same == 1
    return same(a.content, b.content)


def _no_pixels(state: State, image: int) -> bytes:
    height, width = sizes_of(state.tables["images"], [image], [image])[0]
    return rle.from_counts([int(height) * int(width)])


def _columns(frames: list[pd.DataFrame], names: Sequence[str], **more: Any) -> dict[str, Any]:
    if not frames:
        return {}
    frame = pd.concat(frames, ignore_index=True)
    return {name: frame[name].tolist() for name in names} | {k: [v] * len(frame) for k, v in more.items()}


def _prediction(one: Answered) -> pd.DataFrame:
    if one.proposed is None:
        raise DataError(f"task {one.task} has no prediction")
    row = dict(one.proposed)
    row["mask"] = str(row["mask"]).encode("ascii", "replace")
    return pd.DataFrame([row], index=pd.Index([one.row], name="prediction_id"))
