"""Frames that were handed out and replaced since: what is assigned into them is an edit all the same.

    images = ds.images
    ds.accept(predictions)      # ds.images is another frame from here on
    images["weight"] = 0        # and this is still an edit

A frame replaced is remembered by a weak reference, with a shallow copy of what it held: once nobody holds the
frame, both are gone. An edit of it is measured from that copy and fitted to the tables as they are now; it
comes after what others have assigned to the same cells, and wins.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.change import Cells, Change, State, TableChange, diff
from ..core.columns import is_recast, positions, same_dtype
from ..core.errors import DataError, first
from ..core.fit import fit
from ..core.rows import diff_rows, ids_of, select_rows
from .sync import ORIGIN, check_edits, is_untouched, tidy


@dataclass(eq=False)
class OlderFrame:
    """One frame that was replaced.

    Attributes:
        table: "images", "instances" or "rejected".
        frame: the frame itself, weakly.
        labels: the label list it was handed out with.
        base: what it held when it was last in step with the dataset; edits are measured from here.
        seen: what it held at the last look.
    """

    table: str
    frame: weakref.ref[pd.DataFrame]
    labels: tuple[str, ...]
    base: pd.DataFrame
    seen: pd.DataFrame

    def edit(self, labels: Iterable[str]) -> Change:
        """What was assigned since, for the tables it was handed out with.

        Args:
            labels: the label list by now, whose names may be used as well.

        Raises:
            DataError: the frame cannot be read as a table.
        """
        known = (*self.labels, *(name for name in labels if name not in self.labels))
        before = tidy(self.base, self.table, known, ())
        after = tidy(self._alive(), self.table, known, before.columns)
        note = f"edited in an older ds.{self.table}"
        return diff(State({self.table: before}, known), State({self.table: after}, known), ORIGIN, note)

    def settle(self) -> None:
        """What it holds now is in the tables."""
        self.base = self.seen = self._alive().copy(deep=False)

    def put_aside(self) -> None:
        """What it holds now was refused: look again when it has been edited further, mended perhaps."""
        self.seen = self._alive().copy(deep=False)

    def _alive(self) -> pd.DataFrame:
        frame = self.frame()
        assert frame is not None, "whoever looks at an older frame holds it"
        return frame


class OlderFrames:
    """All frames replaced so far that somebody still holds."""

    def __init__(self) -> None:
        self._entries: dict[int, OlderFrame] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def remember(
        self,
        table: str,
        frame: pd.DataFrame,
        labels: tuple[str, ...],
        base: pd.DataFrame,
        seen: pd.DataFrame,
    ) -> None:
        """Watch a frame that is about to be replaced, for as long as somebody holds it."""
        entries, key = self._entries, id(frame)
        reference = weakref.ref(frame, lambda _: entries.pop(key, None))
        entries[key] = OlderFrame(table, reference, labels, base, seen)

    def edited(self) -> list[tuple[OlderFrame, pd.DataFrame]]:
        """Those assigned into since the last look, in the order they were replaced."""
        alive = [(older, older.frame()) for older in list(self._entries.values())]
        return [(o, f) for o, f in alive if f is not None and not is_untouched(f, o.seen)]

    def settle(self) -> None:
        """Forget what was assigned in any of them since the last look."""
        for older, _held in self.edited():
            older.settle()


def fit_edit(edit: Change, state: State) -> tuple[Change, State]:
    """The edit of an older frame as a change of the tables as they are now, and the state after; checked.

    Raises:
        DataError: it cannot be made, or the tables are not valid after it; the message names the rows.
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
    """In words, what of the edit of an older frame has no place in the tables any more; "" if nothing."""
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
    """Whether fit leaves a column out: it writes no values where they could not be what was meant."""
    if cells.new is None:
        return False
    if column not in frame:
        return cells.old is not None
    now = frame[column].dtype
    is_as_before = cells.old is not None and same_dtype(cells.old.dtype, now)
    return not (is_as_before or same_dtype(now, cells.new.dtype) or is_recast(now, cells.new.dtype))


def _refuse_taken_ids(rows: TableChange, frame: pd.DataFrame, table: str) -> None:
    """Rows added in the older frame must not carry ids that others have got since."""
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
    """A whole new column must not make up or drop values of rows the older frame does not have."""
    if not fitted.covers_all or fitted.new is None:
        return
    unknown = fitted.ids[~np.isin(fitted.ids, meant.ids)]
    can_be_missing = not (isinstance(fitted.new.dtype, np.dtype) and fitted.new.dtype.kind in "iub")
    if len(unknown) and not (fitted.old is None and can_be_missing):
        raise DataError(
            f"{column} was assigned as {fitted.new.dtype} in a frame without the rows that came since, "
            f"{first(unknown)}: assign it in the frame as it is now"
        )
