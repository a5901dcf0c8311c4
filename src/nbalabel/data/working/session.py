"""The working copy of one session: a version and the changes since, each journaled before it takes effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ...core.change.change import Change, apply
from ...core.errors import HistoryError, ReadOnlyError, StorageError
from ...core.tables.state import State
from ..disk.interrupts import allowed, deferred
from ..merge.two_writers import merge_with, steps_between
from ..store.journal import Journal
from ..store.records import encode_change
from ..store.storage import Store, merge_all
from ..store.version_file import Manifest
from .recovery import Recovered, recover, waiting
from .undo_tree import Work


@dataclass(frozen=True, eq=False)
class Standing:
    """The state of a session, as one immutable value that a single assignment replaces.

    Attributes:
        base: id of the version that the work builds on.
        state: the current tables.
        work: the undo tree of the changes since the version.
        journal: the work on disk.
    """

    base: str
    state: State
    work: Work
    journal: Journal


class Session:
    """One working copy of a dataset folder.

    Each operation first computes the new Standing, then writes the record that makes the operation effective,
    then reads from the disk whether it is, and sets the Standing accordingly. So an exception at any line,
    such as a KeyboardInterrupt, leaves either the old or the new Standing; the next operation first completes
    any clean-up on disk.

    Attributes:
        store: the dataset's store.
        recovered: text about recovered work; "" if none.
        was_closed: whether the session of that work was closed regularly.
        read_only: why nothing can be edited, and what to do; "" if edits are possible.
        merge_note: text about rows that both sides of the last merge created; "" if none.
    """

    def __init__(self, store: Store, version_id: str | None = None) -> None:
        self._begin(store)
        with deferred():
            found, base, put_back = self._take_over(version_id)
            journal = found.journal if found else Journal(store.folder / "journal", base)
            try:
                with allowed():
                    state = store.state(base)
                    if found:
                        state = apply(state, merge_all(found.work.pending))
                        self.was_closed = found.closed
                self._at = Standing(base, state, found.work if found else Work(), journal)
            except HistoryError as error:
                kept = journal.set_aside()
                self.recovered = f"work of an earlier session does not fit {base} ({error}); kept as {kept}"
                journal, self.was_closed = Journal(store.folder / "journal", base), False
                self._at = Standing(base, store.state(base), Work(), journal)
            except BaseException:
                journal.close(keep=True)
                raise
        if put_back:
            self.recovered, self.was_closed = "; ".join(filter(None, [put_back, self.recovered])), False

    def _begin(self, store: Store) -> None:
        self.store = store
        self.recovered, self.was_closed, self.read_only, self.merge_note = "", True, "", ""
        self._unsettled: Callable[[], Standing] | None = None

    def _take_over(self, version_id: str | None) -> tuple[Recovered | None, str, str]:
        """Work of an earlier session, the version to start from, text about restored lines of ``HEAD``."""
        store, found = self.store, None
        try:
            with store.lock():
                put_back = store.tidy()
                if version_id is None:
                    found, self.recovered = recover(store)
                    self.was_closed = not self.recovered
                base = found.journal.base if found else version_id or store.head.current()
            return found, base, put_back
        except ReadOnlyError as error:
            self.read_only, self.recovered = str(error), waiting(store)
            return None, version_id or store.head.current(), store.lost()

    @classmethod
    def copy_of(cls, store: Store, base: str, state: State, pending: list[Change]) -> Session:
        """A read-only copy of another session's state."""
        session, work = cls.__new__(cls), Work()
        for change in pending:
            work = work.edited(change)
        session._begin(store)
        session._at = Standing(base, state, work, Journal(store.folder / "journal", base))
        store.place.disown()
        return session

    @property
    def is_fresh(self) -> bool:
        """Whether there is nothing to commit, undo or redo since the version."""
        return self._at.work.is_fresh

    @property
    def is_in_journal(self) -> bool:
        """Whether the uncommitted work, if there is any, is on disk, even if the folder was moved."""
        return self._at.work.is_empty or not self.journal.is_deleted

    def check(self) -> None:
        """Check before anything is changed; a deleted or moved journal is rewritten from memory.

        Raises:
            StorageError: the folder is gone.
            ReadOnlyError: this is a copy made by fork or pickle.
        """
        self.store.place.check()
        self.settle()
        if self.journal.is_lost:
            self._go_on_with(self.base, self.state, self.pending)

    def move_to(self, folder: Path) -> None:
        """Use the new path of a folder that was moved."""
        self.store.move_to(folder)
        self.journal.move_to(folder / "journal")

    @property
    def base(self) -> str:
        """Id of the version that the work builds on."""
        return self._at.base

    @property
    def state(self) -> State:
        """The current tables."""
        return self._at.state

    @property
    def journal(self) -> Journal:
        """The journal with the work on disk."""
        return self._at.journal

    @property
    def pending(self) -> list[Change]:
        """Changes since the base version, oldest first."""
        return self._at.work.pending

    @property
    def reachable(self) -> list[Change]:
        """Every change since the version that undo and redo can come to."""
        return self._at.work.reachable

    @property
    def net(self) -> Change:
        """The pending changes as one."""
        return self._at.work.total.net

    @property
    def origins(self) -> Mapping[str, int]:
        """Number of pending changes by origin."""
        return self._at.work.total.origins

    def edit(self, change: Change) -> State:
        """Apply a change; it is on disk when this returns.

        Raises:
            HistoryError: the change does not fit the working copy, which is unchanged.
            DataError: the change holds values that cannot be stored.
        """
        self.check()
        return self.record(change, apply(self.state, change))

    def record(self, change: Change, after: State) -> State:
        """As :meth:`edit`, for callers that already have the state after the change."""
        self.check()
        meta, body = encode_change(change)
        to = replace(self._at, state=after, work=self._at.work.edited(change))
        self._journal({"op": "edit", "change": meta}, body, to)
        return after

    def next(self, operation: str) -> Change | None:
        """The change that "undo" would take back or "redo" would repeat; None if there is none."""
        return self._at.work.next(operation)

    def move(self, operation: str) -> Change:
        """Do "undo", "redo" or "discard"; returns the resulting Change.

        Raises:
            HistoryError: there is nothing to undo or redo.
        """
        self.check()
        with allowed():
            change = self._at.work.change_for(operation)
            after = apply(self.state, change)
        to = replace(self._at, state=after, work=self._at.work.moved(operation))
        self._journal({"op": operation}, b"", to)
        return change

    def commit(self, message: str, author: str | None) -> Manifest | None:
        """Make the pending changes a version; None when they change nothing.

        Raises:
            ConflictError: somebody else committed changes of the same cells; the working copy is unchanged.
        """
        with self.store.lock():
            self.settle()
            changes, state, parent, merged = self.pending, self.state, self.base, None
            self.merge_note = note = ""
            with allowed():
                if not merge_all(changes):
                    return None
                head = self.store.head.current()
                if head != parent and self.store.is_ancestor(parent, head):
                    theirs = self.store.change_between(parent, head)
                    steps = partial(steps_between, self.store, parent, head)
                    joined = merge_with(changes, theirs, self.store.state(head), None, steps)
                    changes, state, note = joined.changes, joined.state, joined.note
                    parent, merged = head, self.base
            token = self.journal.token
            self._carry_out(
                lambda: self.store.publish(parent, state, changes, message, author, token, merged),
                lambda: self._after_commit(parent, token, state),
            )
            manifest, self.merge_note = self.store.manifest(self.base), note
            with allowed():
                self.store.shorten(manifest, state)
        return manifest

    def refresh(self, keep: str | None) -> Change:
        """Rebase the work onto what others committed since; returns their change.

        Raises:
            ConflictError: both changed the same cells, and ``keep`` is None.
        """
        self.settle()
        with nullcontext() if self.read_only else self.store.lock(), allowed():
            head, base = self.store.head.current(), self.base
            if head == base or not self.store.is_ancestor(base, head):
                return Change()
            theirs = self.store.change_between(base, head)
            steps = partial(steps_between, self.store, base, head)
            joined = merge_with(self.pending, theirs, self.store.state(head), keep, steps)
        self._go_on_with(head, joined.state, [change for change in joined.changes if change])
        return replace(theirs, note=joined.note) if joined.note else theirs

    def checkout(self, version_id: str) -> None:
        """Drop the work and start from a version, which becomes the current one."""
        with allowed():
            state = self.store.state(version_id)
        with self.store.lock():
            self.settle()
            head = self.store.head
            self._carry_out(
                lambda: None if head.current() == version_id else head.append(version_id, "checkout"),
                lambda: self._anew(version_id, state) if head.current() == version_id else self._at,
            )

    def close(self) -> None:
        """Close the journal; uncommitted work stays in it, and the next session recovers it."""
        with deferred():
            keep = True
            try:
                with suppress(StorageError, ReadOnlyError):  # the next session recovers from the journal
                    self.settle()
                    keep = not self._at.work.is_empty
                    if keep and not self.journal.is_deleted:
                        self.journal.append({"op": "close"})  # only marks a regular end
            finally:
                self.journal.close(keep=keep)

    def settle(self) -> None:
        """Complete an interrupted operation: set the Standing to what is on disk."""
        if self._unsettled is not None:
            with deferred():
                self._at = self._unsettled()
                self._unsettled = None

    def _carry_out(self, act: Callable[[], object], settle: Callable[[], Standing]) -> None:
        """Make an operation effective, and set the Standing after it.

        Args:
            act: writes the operation to disk.
            settle: reads from disk whether the operation is effective, cleans up, and returns the Standing.
                It is idempotent.
        """
        self._unsettled = settle
        try:
            act()
        except BaseException:
            with suppress(StorageError):  # the next operation retries, and fails until this succeeds
                self.settle()
            raise
        self.settle()

    def _go_on_with(self, base: str, state: State, changes: list[Change]) -> None:
        """Move to a version with these changes on top, written to a new journal."""
        here, work = self._at, Work()
        for change in changes:
            work = work.edited(change)
        folder, name = here.journal.folder, here.journal.path.name
        to = Standing(base, state, work, Journal(folder, base, replaces=name, expected=len(changes)))
        self._carry_out(lambda: _write(changes, to.journal), lambda: _replaced(here, to))

    def _journal(self, meta: dict[str, Any], body: bytes, to: Standing) -> None:
        """Write an operation to the journal; the Standing becomes ``to`` if it was written."""
        here, journal, size = self._at, self.journal, self.journal.size

        def settle() -> Standing:
            if journal.size > size:
                return to
            journal.cut(size)
            return here

        self._carry_out(lambda: journal.append(meta, body), settle)

    def _after_commit(self, parent: str, token: str, state: State) -> Standing:
        """After a successful commit, restart the journal; after a failed one, remove its version file."""
        for version_id in reversed(self.store.ids()):
            if self.store.manifest(version_id).token == token:
                return self._anew(version_id, state)
            if version_id == self.base:
                break
        self.store.unmake(parent, token)
        return self._at

    def _anew(self, version_id: str, state: State) -> Standing:
        self.journal.restart(version_id)
        return Standing(version_id, state, Work(), self.journal)


def _write(changes: list[Change], journal: Journal) -> None:
    for change in changes:
        with allowed():
            meta, body = encode_change(change)
            journal.append({"op": "edit", "change": meta}, body)


def _replaced(here: Standing, to: Standing) -> Standing:
    """Switch to the new journal if it was completely written; the other journal is removed."""
    goes, stays = (here, to) if to.journal.is_whole else (to, here)
    goes.journal.give_way(stays.journal)
    return stays
