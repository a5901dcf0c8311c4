"""Frames that were handed out: their content at the last look, and which threads may still write to them.

    images = ds.images
    ds.accept(predictions)      # ds.images is another frame from here on
    images["weight"] = 0        # and this is still an edit

pandas takes no lock of ours: an assignment can happen at any moment, also into a frame that another thread is
replacing, and that only the running expression ``ds.images.loc[...] = ...`` refers to. So a replaced frame is
kept until a look that began when nobody else referred to it: no assignment can follow. An edit of a replaced
frame is the difference to its content when it was last in step with the dataset, rebased onto the current
tables; it is applied after other assignments to the same cells, and wins. See
docs/decisions/0010-interrupts.md.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange, diff
from ...core.change.rebase import fit
from ...core.change.table_change import diff_rows, ids_of, select_rows
from ...core.errors import DataError, first
from ...core.tables.arrays import equal, is_recast, positions, same_buffer, same_dtype, values
from ...core.tables.schema import NO_ATTRIBUTES
from ...core.tables.state import State
from .frame_edits import ORIGIN, check_edits, is_untouched, tidy

_TORN = (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)
"""Errors that reading a frame can raise while another thread assigns into it."""
_PATIENCE = 100  # retries, one per millisecond, while another thread assigns


@dataclass(eq=False)
class HandedFrame:
    """One frame that was handed out.

    Attributes:
        table: "images", "instances" or "rejected".
        frame: the frame itself.
        labels: the label list it was handed out with.
        base: its content when it was last in step with the dataset; edits are the difference to this.
        seen: its content at the last look.
        threads: ids of the threads that got it.
    """

    table: str
    frame: pd.DataFrame
    labels: tuple[str, ...]
    base: pd.DataFrame
    seen: pd.DataFrame = None  # type: ignore[assignment]  # base, unless given
    threads: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.seen = self.base if self.seen is None else self.seen

    @property
    def is_mine(self) -> bool:
        """Whether no other thread got the frame, so that none can be writing to it now."""
        return self.threads <= {threading.get_ident()}

    @property
    def is_touched(self) -> bool:
        """Whether the frame was assigned into since the last look."""
        try:
            return not (is_untouched(self.frame, self.seen) or _same(self.frame, self.seen))
        except _TORN:
            if self.is_mine:
                raise
            return True

    def look(self) -> pd.DataFrame:
        """A copy of its content, unaffected by later assignments.

        pandas copies a shared column before it writes to it. But the check whether the column is shared comes
        before the write: a shallow copy that another thread makes between the two would see the write. So
        columns that may not be shared are copied, unless only this thread has the frame.
        """
        if self.is_mine:
            return self.frame.copy(deep=False)
        for _ in range(_PATIENCE):
            with suppress(*_TORN):
                return self._own_copy()
            time.sleep(0.001)
        return self._own_copy()

    def _own_copy(self) -> pd.DataFrame:
        found = self.frame.copy(deep=False)
        if not found.columns.is_unique:
            return found.copy()
        for name in found.columns:
            if not (name in self.base and same_buffer(values(found[name]), values(self.base[name]))):
                found[name] = found[name].copy()
        return found

    def in_step(self, content: pd.DataFrame) -> None:
        """Record that its content at a look is in the tables, or was discarded."""
        self.base = self.seen = content

    def edit(self, content: pd.DataFrame, state: State) -> Change:
        """The assignments since ``base``, as a change of the tables that the frame was handed out with.

        Args:
            content: its content at a look.
            state: the current tables; their labels are valid too, their attributes decide.

        Raises:
            DataError: the frame is not a valid table.
        """
        known = (*self.labels, *(name for name in state.labels if name not in self.labels))
        before = tidy(self.base, self.table, known, (), NO_ATTRIBUTES)
        asked = state.ontology.attributes(self.table)
        asked = {name: one for name, one in asked.items() if _is_answer(before, content, name)}
        after = tidy(content, self.table, known, before.columns, asked)
        note = f"edited in an older ds.{self.table}"
        return diff(State({self.table: before}, known), State({self.table: after}, known), ORIGIN, note)


def _is_answer(before: pd.DataFrame, content: pd.DataFrame, name: str) -> bool:
    """Whether a column of an older frame was given whole: it is new there, or has another dtype."""
    return name in content and not (name in before and same_dtype(before[name].dtype, content[name].dtype))


class OlderFrames:
    """Replaced frames that may still be assigned into, or have assignments that are not yet applied."""

    def __init__(self) -> None:
        self._entries: dict[int, HandedFrame] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, handed: HandedFrame) -> None:
        """Watch a frame that is about to be replaced."""
        self._entries[id(handed.frame)] = handed

    def touched(self) -> list[HandedFrame]:
        """Frames with assignments since the last look, in the order of their replacement."""
        return [handed for handed in list(self._entries.values()) if handed.is_touched]

    def give_up(self) -> None:
        """Discard all assignments since the last look."""
        for handed in self.touched():
            handed.in_step(handed.look())

    def let_go(self) -> None:
        """Drop frames that nobody else refers to and that have no new assignments."""
        for key, handed in list(self._entries.items()):
            if _n_holders(handed) == _ALONE and not handed.is_touched:
                del self._entries[key]


def _n_holders(handed: HandedFrame) -> int:
    """Reference count of the frame, this call included; accessors that pandas caches in it do not count."""
    kept = vars(handed.frame)
    for name in getattr(type(handed.frame), "_accessors", ()):
        kept.pop(name, None)  # frame.plot refers to the frame
    return sys.getrefcount(handed.frame)


_ALONE = _n_holders(HandedFrame("", pd.DataFrame(), (), pd.DataFrame()))


def _same(frame: pd.DataFrame, seen: pd.DataFrame) -> bool:
    """Whether two frames hold the same values in the same rows and columns."""
    if not (frame.index.equals(seen.index) and frame.columns.equals(seen.columns)):
        return False
    for (_, now), (_, was) in zip(frame.items(), seen.items(), strict=True):
        mine, theirs = values(now), values(was)
        if same_buffer(mine, theirs):
            continue
        if not (same_dtype(mine.dtype, theirs.dtype) and equal(mine, theirs).all()):
            return False
    return True


def fit_edit(edit: Change, state: State) -> tuple[Change, State]:
    """The edit of an older frame rebased onto the current tables, and the state after it; validated.

    Raises:
        DataError: the edit cannot be rebased, or gives invalid tables; the message names the rows.
    """
    change = fit(edit, state)
    for name, rows in edit.tables.items():
        _refuse_taken_ids(rows, state.tables[name], name)
        fitted = change.tables.get(name, TableChange())
        for column, cells in fitted.updated.items():
            if column in rows.updated:
                _refuse_gaps(rows.updated[column], cells, f"{name}.{column}")
    return check_edits(change, state)


def missed(edit: Change, state: State) -> str:
    """Text about the parts of an older frame's edit that no longer apply to the tables; "" if none."""
    parts = []
    for name, rows in edit.tables.items():
        frame = state.tables[name]
        gone = rows.updated_ids
        gone = gone[positions(frame.index, gone) < 0]
        if len(gone):
            parts.append(f"rows of {name} that are gone by now: {first(gone)}")
        columns = [column for column, cells in rows.updated.items() if _has_no_place(cells, frame, column)]
        if columns:
            parts.append(f"columns of {name} that are gone or hold another kind of value: {first(columns)}")
    return "; ".join(parts)


def _has_no_place(cells: Cells, frame: pd.DataFrame, column: str) -> bool:
    """Whether ``fit`` drops a column, because the column is gone or has an incompatible dtype."""
    if cells.new is None:
        return False
    if column not in frame:
        return cells.old is not None
    now = frame[column].dtype
    is_as_before = cells.old is not None and same_dtype(cells.old.dtype, now)
    return not (is_as_before or same_dtype(now, cells.new.dtype) or is_recast(now, cells.new.dtype))


def _refuse_taken_ids(rows: TableChange, frame: pd.DataFrame, table: str) -> None:
    """Refuse rows added in the older frame whose ids were given to other rows since."""
    ids = ids_of(rows.created)
    ids = ids[positions(frame.index, ids) >= 0]
    if not len(ids):
        return
    differs = diff_rows(select_rows(rows.created, ids), select_rows(frame, ids)).updated_ids
    if len(differs):
        raise DataError(
            f"{table}: rows were added with ids that other rows have got since: {first(differs)}. "
            f"Add them to ds.{table} as it is now"
        )


def _refuse_gaps(meant: Cells, fitted: Cells, column: str) -> None:
    """Refuse to replace a whole column if that would invent or drop values of rows the older frame lacks."""
    if not fitted.covers_all or fitted.new is None:
        return
    unknown = fitted.ids[~np.isin(fitted.ids, meant.ids)]
    can_be_missing = not (isinstance(fitted.new.dtype, np.dtype) and fitted.new.dtype.kind in "iub")
    if len(unknown) and not (fitted.old is None and can_be_missing):
        raise DataError(
            f"{column} was assigned as {fitted.new.dtype} in a frame without the rows that came since, "
            f"{first(unknown)}: assign it in the frame as it is now"
        )
