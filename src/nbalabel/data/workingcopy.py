"""The frames handed out, in step with the session: edits found in them go in, other changes come out."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pandas as pd

from ..core.change import Change, State, apply
from ..core.errors import DataError, first
from ..core.rows import ids_of
from .checks import check_change
from .session import Session
from .sync import read_edits, settle


class WorkingCopy:
    """The tables of a session as frames that people assign into.

    Attributes:
        session: the version, the changes since, and their journal.
        frames: "images", "instances" and "rejected" as handed out.
        refused: the frames of the last direct edit that was not valid.
        lock: held while anything changes.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.frames: dict[str, pd.DataFrame] = {}
        self.refused: dict[str, pd.DataFrame] = {}
        self.lock = threading.RLock()
        self._given: dict[str, pd.DataFrame] = {}
        self.hand_out()

    def sync(self) -> Change:
        """Look for what was assigned in the frames since, check it, journal it; returns it.

        Raises:
            DataError: the tables are not valid so; the frames are handed out anew as they were before.
        """
        with self.lock:
            try:
                change, after = read_edits(self.frames, self.session.state)
                if not change:
                    return change
                self._check_ids(change)
                self.session.record(change, after)
            except DataError as error:
                self.refused = dict(self.frames)
                self.hand_out(fresh=True)
                error.add_note(
                    "The working copy is as it was before; ds.rejected_edit holds the refused frames."
                )
                raise
            for name in change.tables:
                if not settle(self.frames[name], after.tables[name]):
                    self.frames[name] = after.tables[name].copy(deep=False)
            self._given = dict(after.tables)
            return change

    def make(self, build: Callable[[State], Change]) -> Change:
        """Build a change from the state, check it, journal it, apply it; nothing, where any of it fails."""
        with self.lock:
            self.sync()
            change = build(self.session.state)
            if change:
                after = apply(self.session.state, change)
                check_change(change, after)
                self.session.record(change, after)
                self.hand_out()
            return change

    def move(self, operation: str) -> Change:
        """Take a step of "undo", "redo" or "discard"."""
        with self.lock:
            self.sync()
            change = self.session.move(operation)
            self.hand_out()
            return change

    def assign(self, table: str, frame: pd.DataFrame) -> None:
        """Put a whole frame in place of one handed out: an edit like any other."""
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"{table} must be a DataFrame, got {type(frame).__name__}")
        with self.lock:
            self.sync()
            self.frames[table] = frame.copy(deep=False)
            self.sync()

    def hand_out(self, *, fresh: bool = False) -> None:
        """Give out copies (on write) of the tables that are not those given out already."""
        for name, frame in self.session.state.tables.items():
            if fresh or self._given.get(name) is not frame:
                self.frames[name] = frame.copy(deep=False)
        self._given = dict(self.session.state.tables)

    def reserve(self, table: str, n: int) -> int:
        """The first of ``n`` new ids."""
        tables = self.session.state.tables
        used = ["images"] if table == "images" else ["instances", "rejected"]
        above = max((int(tables[name].index[-1]) + 1 for name in used if len(tables[name])), default=0)
        return self.session.store.reserve(table, n, above)

    def _check_ids(self, change: Change) -> None:
        """Rows added in a frame carry ids of their own: they must be new, or come back."""
        session = self.session
        for name, rows in change.tables.items():
            if not len(rows.created):
                continue
            counter = "images" if name == "images" else "instances"
            ids, free = ids_of(rows.created), session.store.next_ids()[counter]
            known = [ids_of(session.store.state(session.base).tables[name])]
            known += [ids_of(c.tables[name].created) for c in session.pending if name in c.tables]
            used = ids[(ids < free) & ~np.isin(ids, np.concatenate(known))]
            if len(used):
                raise DataError(
                    f"{name}: ids are never used twice, and these were: {first(used)}. Number new rows from "
                    f"{free} on, or leave that to ds.add_{counter}(frame)"
                )
            if ids.max() >= free:
                session.store.reserve(counter, int(ids.max()) + 1 - free)
