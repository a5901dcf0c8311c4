"""The working copy of one session: a version and the changes since; each is on disk before it counts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..core.change import Change, State, apply
from ..core.errors import HistoryError, ReadOnlyError, StorageError
from .codec import encode_change
from .journal import Journal
from .merging import merge_with, steps_between
from .recovery import recover, waiting
from .storage import Store, merge_all
from .versionfile import Manifest
from .work import Work


class Session:
    """One working copy of a dataset folder.

    Attributes:
        store: the folder.
        base: id of the version the work builds on.
        state: the tables as they are now.
        recovered: what was brought back from before, in words; "" if nothing.
        was_closed: whether that had been left behind in good order.
        read_only: why nothing can be edited, and what to do; "" where it can.
        merge_note: what the last commit and what it was merged with both held, in words; "" if nothing.
    """

    def __init__(self, store: Store, version_id: str | None = None) -> None:
        self.store = store
        self.recovered, self.was_closed, self.read_only = "", True, ""
        self.merge_note = ""
        self._work = Work()
        self._in_doubt: tuple[str, State] | None = None
        found = None
        try:
            with store.lock():
                put_back = store.tidy()
                if version_id is None:
                    found, self.recovered = recover(store)
                    self.was_closed = not self.recovered
                self.base = found.journal.base if found else version_id or store.head.current()
        except ReadOnlyError as error:
            self.read_only, put_back = str(error), store.lost()
            self.recovered = waiting(store)
            self.base = version_id or store.head.current()
        self.journal = found.journal if found else Journal(store.folder / "journal", self.base)
        try:
            self.state = store.state(self.base)
            if found:
                self.state = apply(self.state, merge_all(found.work.pending))
                self._work, self.was_closed = found.work, found.closed
        except HistoryError as error:
            kept = self.journal.set_aside()
            self.recovered = f"work of an earlier session does not fit {self.base} ({error}); kept as {kept}"
            self.journal, self.was_closed = Journal(store.folder / "journal", self.base), False
        except BaseException:
            self.journal.close(keep=True)
            raise
        if put_back:
            self.recovered, self.was_closed = "; ".join(filter(None, [put_back, self.recovered])), False

    @classmethod
    def copy_of(cls, store: Store, base: str, state: State, pending: list[Change]) -> Session:
        """What another session held at a moment, to read."""
        session = cls.__new__(cls)
        session.store, session.base, session.state = store, base, state
        session.recovered, session.was_closed = "", True
        session.journal, session._work = Journal(store.folder / "journal", base), Work()
        for change in pending:
            session._work.edit(change)
        store.place.disown()
        return session

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was edited since the version: there is nothing to commit, undo or redo."""
        return self._work.is_fresh

    @property
    def is_in_journal(self) -> bool:
        """Whether the uncommitted work, if there is any, is on disk, even if the folder was moved."""
        return self._work.is_empty or not self.journal.is_deleted

    def check(self) -> None:
        """Before anything is changed; a journal that was deleted or moved is written anew from memory.

        Raises:
            StorageError: the folder is gone.
            ReadOnlyError: this is a copy made by fork or pickle.
        """
        self.store.place.check()
        if self.journal.is_lost:
            self._write_journal_anew()

    def _write_journal_anew(self) -> None:
        old, work = self.journal, Work()
        folder, pending = self.store.folder / "journal", self.pending
        journal = Journal(folder, self.base, replaces=old.path.name, expected=len(pending))
        for change in pending:
            meta, body = encode_change(change)
            journal.append({"op": "edit", "change": meta}, body)
            work.edit(change)
        old.close(keep=False)  # where another file lies at its path, that is a copy of it
        self.journal, self._work = journal, work

    def move_to(self, folder: Path) -> None:
        """Go on where the folder has been moved to."""
        self.store.move_to(folder)
        self.journal.move_to(folder / "journal")

    @property
    def pending(self) -> list[Change]:
        """Changes since the base version, oldest first."""
        return self._work.pending

    @property
    def net(self) -> Change:
        """The pending changes as one."""
        return self._work.total.net

    @property
    def origins(self) -> Mapping[str, int]:
        """Who or what made how many of the pending changes."""
        return self._work.total.origins

    def edit(self, change: Change) -> State:
        """Apply a change; it is on disk when this returns.

        Raises:
            HistoryError: it does not fit the working copy, which stays as it was.
            DataError: it holds values that cannot be stored.
        """
        return self.record(change, apply(self.state, change))

    def record(self, change: Change, after: State) -> State:
        """As :meth:`edit`, for who has the state after the change already."""
        self.check()
        self._settle()
        meta, body = encode_change(change)
        with self.journal.recording({"op": "edit", "change": meta}, body):
            self._work.edit(change)
            self.state = after
        return after

    def next(self, operation: str) -> Change | None:
        """The change that "undo" would take back or "redo" would make again; None where there is none."""
        return self._work.next(operation)

    def move(self, operation: str) -> Change:
        """Take a step of "undo", "redo" or "discard"; returns what it did.

        Raises:
            HistoryError: there is no such step.
        """
        self.check()
        self._settle()
        change = self._work.change_for(operation)
        after = apply(self.state, change)
        with self.journal.recording({"op": operation}):
            self._work.move(operation)
            self.state = after
        return change

    def commit(self, message: str, author: str | None) -> Manifest | None:
        """Make the pending changes a version; None when they change nothing.

        Raises:
            ConflictError: somebody else committed changes of the same cells; the working copy stays as it is.
        """
        with self.store.lock():
            self._settle()
            changes, state, parent, merged = self.pending, self.state, self.base, None
            self.merge_note = ""
            if not merge_all(changes):
                return None
            head = self.store.head.current()
            if head != parent and self.store.is_ancestor(parent, head):
                theirs = self.store.change_between(parent, head)
                steps = partial(steps_between, self.store, parent, head)
                joined = merge_with(changes, theirs, self.store.state(head), None, steps)
                changes, state, self.merge_note = joined.changes, joined.state, joined.note
                parent, merged = head, self.base
            token = self.journal.token
            self._in_doubt = token, state
            try:
                manifest = self.store.publish(parent, state, changes, message, author, token, merged)
            except BaseException:
                self._settle()
                raise
            self._in_doubt = None
            self._start(manifest.id, state)
            self.journal.restart(manifest.id)
            self.store.shorten(manifest, state)
        return manifest

    def refresh(self, keep: str | None) -> Change:
        """Bring in what others committed since; returns that.

        Raises:
            ConflictError: both changed the same cells, and ``keep`` says not whose stay.
        """
        with nullcontext() if self.read_only else self.store.lock():
            head, base = self.store.head.current(), self.base
            if head == base or not self.store.is_ancestor(base, head):
                return Change()
            theirs = self.store.change_between(base, head)
            steps = partial(steps_between, self.store, base, head)
            joined = merge_with(self.pending, theirs, self.store.state(head), keep, steps)
            changes, state = [change for change in joined.changes if change], joined.state
        fresh = Journal(self.journal.folder, head, replaces=self.journal.path.name, expected=len(changes))
        try:
            for change in changes:
                meta, body = encode_change(change)
                fresh.append({"op": "edit", "change": meta}, body)
        except BaseException:
            fresh.close(keep=True)
            self.journal.remove_before_next(fresh.path)
            raise
        old, self.journal = self.journal, fresh
        self._start(head, state)
        for change in changes:
            self._work.edit(change)
        old.close(keep=True)
        self.journal.remove_before_next(old.path)
        return replace(theirs, note=joined.note) if joined.note else theirs

    def checkout(self, version_id: str) -> None:
        """Start over from a version, which becomes the current one."""
        state = self.store.state(version_id)
        with self.store.lock():
            if self.store.head.current() != version_id:
                self.store.head.append(version_id, "checkout")
            self._start(version_id, state)
            self.journal.restart(version_id)

    def close(self) -> None:
        """Let go of the journal; uncommitted work stays in it and is brought back by the next session."""
        if not self._work.is_empty and not self.journal.is_deleted:
            with suppress(StorageError):  # it only says that the session ended in good order
                self.journal.append({"op": "close"})
        self.journal.close(keep=not self._work.is_empty)

    def _settle(self) -> None:
        """After a commit that failed or was interrupted: where it did happen, the journal must not repeat it.

        Raises:
            StorageError: ``HEAD`` cannot be read: until then nobody knows, and nothing else may be done.
        """
        if self._in_doubt is None:
            return
        token, state = self._in_doubt
        head = self.store.head.current()
        if self.store.manifest(head).token == token:
            self._start(head, state)
            self.journal.restart(head)
        self._in_doubt = None

    def _start(self, base: str, state: State) -> None:
        self.base, self.state, self._work = base, state, Work()
