"""The frames handed out, in step with the session: edits found in them go in, other changes come out."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from ..core import forking
from ..core.change import Change, State, apply, merge
from ..core.errors import DataError, NbalabelWarning, ReadOnlyError, first
from ..core.rows import ids_of
from .checks import check_change
from .locking import OutermostLock
from .older import OlderFrame, OlderFrames, fit_edit, missed
from .session import Session
from .sync import read_edits, settle


class WorkingCopy:
    """The tables of a session as frames that people assign into.

    Attributes:
        session: the version, the changes since, and their journal.
        frames: "images", "instances" and "rejected" as handed out.
        refused: the frames of the last direct edit that was not valid, or not in whole.
        lock: held while anything changes.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.frames: dict[str, pd.DataFrame] = {}
        self.refused: dict[str, pd.DataFrame] = {}
        self._listeners: list[Callable[[], None]] = []
        self.lock = OutermostLock(self._tell)
        self._given = State({}, ())
        self._older = OlderFrames()
        self.hand_out()
        self._told = self._given
        forking.register(self)

    def sync(self) -> Change:
        """Look for what was assigned in the frames since, check it, journal it; returns it.

        The frames handed out now come first, then older ones somebody still holds, in the order they were
        replaced. Each older one is a change of its own, fitted to the tables as they are by then.

        Raises:
            DataError: the tables are not valid so; the frames are handed out anew as they were before.
            ReadOnlyError: this is a copy made by fork or pickle.
        """
        self.session.store.place.check_ours()
        with self.lock:
            held = list(self.frames.values())
            self.hand_out()  # where an interrupt came between a change and this
            change = self._take_current()
            for older, frame in self._older.edited():
                taken = self._take_older(older, frame)
                change = merge(change, taken) if taken else change
            del held  # not before: what was assigned in them is looked for as well
            return change

    def peek(self) -> State:
        """The tables with what was assigned since, and nothing journaled: to read where nothing can be kept.

        Raises:
            DataError: the tables are not valid so.
        """
        with self.lock:
            _, state = read_edits(self.frames, self.session.state)
            for older, _held in self._older.edited():
                _, state = fit_edit(older.edit(state.labels), state)
            return state

    def after_fork(self) -> None:
        """In a child nobody is there to let go of the lock, or to finish what was being handed out."""
        was_changing = not self.lock.is_free_to_me()
        self.lock = OutermostLock(lambda: None)
        self._listeners.clear()
        if was_changing:
            self._given, self._older = State({}, ()), OlderFrames()
            self.hand_out()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back when the tables are others, after the call that changed them; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

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
            self._replace(table, frame.copy(deep=False), self._given.tables[table])
            self.sync()

    def hand_out(self) -> None:
        """Give out copies (on write) of the tables that are not those given out already."""
        given, state = self._given.tables, self.session.state
        for name, frame in state.tables.items():
            if given.get(name) is not frame:
                self._replace(name, frame.copy(deep=False), given.get(name))
        self._given = state

    def abandon(self) -> None:
        """Forget what was assigned since the last look: it is given up with the rest."""
        held = {name: frame.copy(deep=False) for name, frame in self.frames.items()}
        self._given = State(held, self._given.labels)
        self._older.settle()

    def reserve(self, table: str, n: int) -> int:
        """The first of ``n`` new ids."""
        tables = self.session.state.tables
        used = ["images"] if table == "images" else ["instances", "rejected"]
        above = max((int(tables[name].index[-1]) + 1 for name in used if len(tables[name])), default=0)
        return self.session.store.reserve(table, n, above)

    def _tell(self) -> None:
        if self._given is not self._told:
            self._told = self._given
            for listener in list(self._listeners):
                listener()

    def _take_current(self) -> Change:
        try:
            change, after = read_edits(self.frames, self.session.state)
            if not change:
                return change
            self._check_ids(change)
            self.session.record(change, after)
        except (DataError, ReadOnlyError) as error:
            self.refused = dict(self.frames)
            for name, table in self._given.tables.items():
                self._replace(name, table.copy(deep=False), table, self.frames[name].copy(deep=False))
            error.add_note("The working copy is as it was before; ds.rejected_edit holds the refused frames.")
            raise
        self._given = after
        for name in change.tables:
            frame = self.frames[name]
            if not settle(frame, after.tables[name]):
                self._replace(name, after.tables[name].copy(deep=False), frame.copy(deep=False))
        return change

    def _take_older(self, older: OlderFrame, frame: pd.DataFrame) -> Change:
        state = self.session.state
        try:
            edit = older.edit(state.labels)
            change, after = fit_edit(edit, state)
            if change:
                self._check_ids(change)
                self.session.record(change, after)
        except (DataError, ReadOnlyError) as error:
            older.put_aside()
            self.refused = {older.table: frame}
            error.add_note(
                f"This was assigned in an older ds.{older.table} and is not taken; ds.rejected_edit holds it."
            )
            raise
        older.settle()
        self.hand_out()
        lost = missed(edit, state)
        if lost:
            self.refused = {older.table: frame}
            text = f"edits in an older ds.{older.table} are not taken of {lost}. ds.rejected_edit holds them"
            warnings.warn(text, NbalabelWarning, stacklevel=4)
        return change

    def _replace(
        self,
        name: str,
        frame: pd.DataFrame,
        base: pd.DataFrame | None,
        seen: pd.DataFrame | None = None,
    ) -> None:
        """Hand out another frame; the one before is watched while somebody holds it.

        Args:
            name: the table.
            frame: what is handed out from here on.
            base: what the one before held when it was last in step; None where there is none.
            seen: what it held at the last look, where that was refused.
        """
        if base is not None:
            seen = base if seen is None else seen
            self._older.remember(name, self.frames[name], self._given.labels, base, seen)
        self.frames[name] = frame

    def _check_ids(self, change: Change) -> None:
        """Rows added in a frame carry ids of their own: they must be new, or come back."""
        session = self.session
        for name, rows in change.tables.items():
            if not len(rows.created):
                continue
            counter = "images" if name == "images" else "instances"
            ids, free = ids_of(rows.created), session.store.next_ids()[counter]
            used = ids[ids < free]
            if len(used):  # they come back, or are not new
                known = [ids_of(session.store.state(session.base).tables[name])]
                known += [ids_of(c.tables[name].created) for c in session.pending if name in c.tables]
                used = used[~np.isin(used, np.concatenate(known))]
            if len(used):
                raise DataError(
                    f"{name}: ids are never used twice, and these were: {first(used)}. Number new rows from "
                    f"{free} on, or leave that to ds.add_{counter}(frame)"
                )
            if ids.max() >= free:
                session.store.reserve(counter, int(ids.max()) + 1 - free)
