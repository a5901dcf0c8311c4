"""Keep the frames in step with the session: journal edits in them, hand out new ones after other changes."""

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
from ...core.tables.schema import COUNTERS
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
        refused: the frames of the last direct edit that was refused, wholly or in part.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.refused: dict[str, pd.DataFrame] = {}
        self._listeners: list[Callable[[], None]] = []
        self._lock = OutermostLock(self._tell)
        self._handing = threading.RLock()  # held briefly, never during a write or a wait
        self._handed: dict[str, HandedFrame] = {}
        self._older = OlderFrames()
        self._shown = self._told = State({}, ())
        self.hand_out()
        self._told = self._shown
        forking.register(self)

    @property
    def lock(self) -> AbstractContextManager[None]:
        """Lock to hold during changes; interrupts are deferred meanwhile, except inside ``allowed()``."""
        return self._lock.held()

    def frame(self, table: str) -> pd.DataFrame:
        """The current frame of a table."""
        with self._handing:
            handed = self._handed[table]
            handed.threads.add(threading.get_ident())
            return handed.frame

    def glance(self, table: str) -> pd.DataFrame:
        """The current frame of a table, to read from at once: nothing is looked for, checked or journaled.

        New assignments are in it, unless they were made in an older frame.
        """
        if self._shown is not self.session.state:
            with self.lock:
                self.hand_out()  # an interrupt may have skipped it after the last change
        with self._handing:
            return self._handed[table].frame

    def sync(self) -> Change:
        """Detect assignments into the frames, validate and journal them; returns the Change.

        The current frames come first, then older frames that somebody still holds, in the order of their
        replacement. Each older frame makes a change of its own, rebased onto the tables at that time.

        Raises:
            DataError: the edited tables are not valid; new frames with the old content are handed out.
            ReadOnlyError: this is a copy made by fork or pickle.
        """
        self.session.store.place.check_ours()
        with self.lock:
            self.session.settle()
            self.hand_out()  # an interrupt may have skipped it after the last change
            change = self._take_current()
            for older in self._older.touched():
                taken = self._take_older(older)
                change = merge(change, taken) if taken else change
            self._older.let_go()
            return change

    def peek(self) -> State:
        """The tables including new assignments, without journaling them; works in a read-only copy.

        Raises:
            DataError: the edited tables are not valid.
        """
        with self.lock:
            self.hand_out()  # as in sync
            seen = {name: handed.look() for name, handed in self._handed.items()}
            with allowed():
                _, state = read_edits(seen, self.session.state)
                for older in self._older.touched():
                    _, state = fit_edit(older.edit(older.look(), state), state)
            return state

    def after_fork(self) -> None:
        """Renew the locks in a child, and hand out frames again if another thread was changing them."""
        was_changing = not self._lock.is_free_to_me()
        self._lock, self._handing = OutermostLock(lambda: None), threading.RLock()
        self._listeners.clear()
        if was_changing:
            self._handed, self._older = {}, OlderFrames()
            self.hand_out()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after each call that changed the tables; returns a function that unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def make(self, build: Callable[[State], Change]) -> Change:
        """Build a change from the state, validate, journal and apply it; a failure changes nothing."""
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
        """Do "undo", "redo" or "discard"."""
        with self.lock:
            self.sync()
            change = self.session.move(operation)
            self.hand_out()
            return change

    def assign(self, table: str, frame: pd.DataFrame) -> None:
        """Replace a whole frame, as an edit."""
        if not isinstance(frame, pd.DataFrame):
            raise DataError(f"{table} must be a DataFrame, got {type(frame).__name__}")
        with self.lock:
            self.sync()
            self._replace(table, frame.copy(deep=False))
            self.sync()

    def hand_out(self) -> None:
        """Hand out copy-on-write copies of the tables that changed."""
        state = self.session.state
        for name, table in state.tables.items():
            if name not in self._handed or self._handed[name].base is not table:
                self._replace(name, table.copy(deep=False))
        self._shown = state
        self._older.let_go()

    def abandon(self) -> None:
        """Discard all assignments since the last look."""
        for handed in self._handed.values():
            handed.in_step(handed.look())
        self._older.give_up()

    def reserve(self, table: str, n: int) -> int:
        """Allocate ``n`` consecutive new ids; returns the first."""
        tables = self.session.state.tables
        used = [name for name, counter in COUNTERS.items() if counter == table]
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
        """Mark a frame as in step after its edit; update it in place if no other thread can write to it."""
        with holding(self._handing):
            in_place = handed.is_mine and is_untouched(handed.frame, seen) and settle(handed.frame, after)
            handed.in_step(after if in_place else seen)

    def _take_older(self, older: HandedFrame) -> Change:
        state, seen = self.session.state, older.look()
        try:
            with allowed():
                edit = older.edit(seen, state)
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
        """Hand out a new frame, in step with the state; the previous frame is watched from now on."""
        state = self.session.state
        handed = HandedFrame(name, frame, state.labels, state.tables[name])
        with holding(self._handing):
            if name in self._handed:
                self._older.keep(self._handed[name])
            self._handed[name] = handed

    def _check_ids(self, change: Change) -> None:
        """Check ids of rows added in a frame: each must be unused, or restore a row that had it before."""
        session = self.session
        for name, rows in change.tables.items():
            if not len(rows.created):
                continue
            counter = COUNTERS[name]
            ids, free = ids_of(rows.created), session.store.next_ids()[counter]
            used = ids[ids < free]
            if len(used):  # allowed only if these rows existed before
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
