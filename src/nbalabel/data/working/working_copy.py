"""The frames handed out, in step with the session: edits found in them go in, other changes come out."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pandas as pd

from ...core import forking
from ...core.change.change import Change, apply, merge
from ...core.change.table_change import ids_of
from ...core.errors import DataError, NbalabelWarning, ReadOnlyError, first
from ...core.tables.state import State
from ..disk.interrupts import allowed
from ..disk.locking import OutermostLock, holding
from ..edits.validate import check_change
from .frame_edits import is_untouched, read_edits, settle
from .session import Session
from .stale_frames import HandedFrame, OlderFrames, fit_edit, missed


class WorkingCopy:
    """The tables of a session as frames that people assign into.

    Attributes:
        session: the version, the changes since, and their journal.
        refused: the frames of the last direct edit that was not valid, or not in whole.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.refused: dict[str, pd.DataFrame] = {}
        self._listeners: list[Callable[[], None]] = []
        self._lock = OutermostLock(self._tell)
        self._handing = threading.RLock()  # held for a moment, never while something is written or waited for
        self._handed: dict[str, HandedFrame] = {}
        self._older = OlderFrames()
        self._shown = self._told = State({}, ())
        self.hand_out()
        self._told = self._shown
        forking.register(self)

    @property
    def lock(self) -> AbstractContextManager[None]:
        """To be held while anything changes; signals wait meanwhile, but within ``allowed()``."""
        return self._lock.held()

    def frame(self, table: str) -> pd.DataFrame:
        """The frame of a table that is handed out now."""
        with self._handing:
            handed = self._handed[table]
            handed.threads.add(threading.get_ident())
            return handed.frame

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
            self.session.settle()
            self.hand_out()  # where an interrupt came between a change and this
            change = self._take_current()
            for older in self._older.touched():
                taken = self._take_older(older)
                change = merge(change, taken) if taken else change
            self._older.let_go()
            return change

    def peek(self) -> State:
        """The tables with what was assigned since, and nothing journaled: to read where nothing can be kept.

        Raises:
            DataError: the tables are not valid so.
        """
        with self.lock:
            self.hand_out()  # as in sync
            seen = {name: handed.look() for name, handed in self._handed.items()}
            with allowed():
                _, state = read_edits(seen, self.session.state)
                for older in self._older.touched():
                    _, state = fit_edit(older.edit(older.look(), state.labels), state)
            return state

    def after_fork(self) -> None:
        """In a child nobody is there to let go of the locks, or to finish what was being handed out."""
        was_changing = not self._lock.is_free_to_me()
        self._lock, self._handing = OutermostLock(lambda: None), threading.RLock()
        self._listeners.clear()
        if was_changing:
            self._handed, self._older = {}, OlderFrames()
            self.hand_out()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back when the tables are others, after the call that changed them; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def make(self, build: Callable[[State], Change]) -> Change:
        """Build a change from the state, check it, journal it, apply it; nothing, where any of it fails."""
        with self.lock:
            self.sync()
            with allowed():
                change = build(self.session.state)
                if not change:
                    return change
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
            self._replace(table, frame.copy(deep=False))
            self.sync()

    def hand_out(self) -> None:
        """Give out copies (on write) of the tables that are not those given out already."""
        state = self.session.state
        for name, table in state.tables.items():
            if name not in self._handed or self._handed[name].base is not table:
                self._replace(name, table.copy(deep=False))
        self._shown = state
        self._older.let_go()

    def abandon(self) -> None:
        """Forget what was assigned since the last look: it is given up with the rest."""
        for handed in self._handed.values():
            handed.in_step(handed.look())
        self._older.give_up()

    def reserve(self, table: str, n: int) -> int:
        """The first of ``n`` new ids."""
        tables = self.session.state.tables
        used = ["images"] if table == "images" else ["instances", "rejected"]
        above = max((int(tables[name].index[-1]) + 1 for name in used if len(tables[name])), default=0)
        return self.session.store.reserve(table, n, above)

    def _tell(self) -> None:
        if self._shown is not self._told:
            self._told = self._shown
            for listener in list(self._listeners):
                listener()

    def _take_current(self) -> Change:
        seen = {name: handed.look() for name, handed in self._handed.items()}
        try:
            with allowed():
                change, after = read_edits(seen, self.session.state)
                if not change:
                    return change
            self._check_ids(change)
            self.session.record(change, after)
        except (DataError, ReadOnlyError) as error:
            self.refused = {name: handed.frame for name, handed in self._handed.items()}
            for name, handed in list(self._handed.items()):
                self._replace(name, handed.base.copy(deep=False))
                handed.seen = seen[name]
            error.add_note("The working copy is as it was before; ds.rejected_edit holds the refused frames.")
            raise
        for name in change.tables:
            self._bring_to(self._handed[name], seen[name], after.tables[name])
        self.hand_out()
        return change

    def _bring_to(self, handed: HandedFrame, seen: pd.DataFrame, after: pd.DataFrame) -> None:
        """Bring a frame to what became of its edit, in place if nobody can be writing in it meanwhile."""
        with holding(self._handing):
            in_place = handed.is_mine and is_untouched(handed.frame, seen) and settle(handed.frame, after)
            handed.in_step(after if in_place else seen)

    def _take_older(self, older: HandedFrame) -> Change:
        state, seen = self.session.state, older.look()
        try:
            with allowed():
                edit = older.edit(seen, state.labels)
                change, after = fit_edit(edit, state)
            if change:
                self._check_ids(change)
                self.session.record(change, after)
        except (DataError, ReadOnlyError) as error:
            older.seen = seen
            self.refused = {older.table: older.frame}
            error.add_note(
                f"This was assigned in an older ds.{older.table} and is not taken; ds.rejected_edit holds it."
            )
            raise
        older.in_step(seen)
        self.hand_out()
        lost = missed(edit, state)
        if lost:
            self.refused = {older.table: older.frame}
            text = f"edits in an older ds.{older.table} are not taken of {lost}. ds.rejected_edit holds them"
            warnings.warn(text, NbalabelWarning, stacklevel=4)
        return change

    def _replace(self, name: str, frame: pd.DataFrame) -> None:
        """Hand out another frame, in step with the state; the one before is watched from here on."""
        state = self.session.state
        handed = HandedFrame(name, frame, state.labels, state.tables[name])
        with holding(self._handing):
            if name in self._handed:
                self._older.keep(self._handed[name])
            self._handed[name] = handed

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
