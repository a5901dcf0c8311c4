"""Uncommitted work on disk: every edit is appended and synced before the call that made it returns.

One file an open session, locked by the system as long as its process lives. A file nobody holds the lock of
is the work of a process that ended: :func:`orphans` finds it, and the next session carries on in it. A file
begins with the version it builds on and a token; a version that holds the token has committed everything in
it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core import forking
from ...core.errors import NbalabelError, StorageError
from ..disk.atomic import listed, locked, sync_folder, try_lock
from ..disk.errors import explained, reading, writing
from ..disk.interrupts import deferred
from .records import Damage, frame_record, read_record

Record = tuple[dict[str, Any], bytes]


@dataclass(frozen=True)
class Contents:
    """What a journal file holds.

    Attributes:
        base: id of the version the work builds on.
        token: names this stretch of work, from one commit to the next.
        records: operations in order, with their bodies.
        expected: records it must hold to count; fewer are a rewrite that did not finish.
        replaces: name of the journal it was written to replace; "" if none.
        size: bytes up to the end of the last whole record.
        damage: what is wrong with the bytes after that, if it is more than a write cut short.
        written: when its last record was written, nanoseconds since 1970; 0 where none says so. The file's
            own time is too coarse to tell two sessions apart: the system counts it in ticks of milliseconds.
        pid: the process that wrote to it last, 0 where none says so.
        host: the machine that process ran on.
    """

    base: str
    token: str
    records: list[Record]
    expected: int
    replaces: str
    size: int
    damage: str | None
    written: int = 0
    pid: int = 0
    host: str = ""

    @property
    def was_closed(self) -> bool:
        """Whether its session left it behind in good order."""
        last = self.records[-1][0] if self.records else {}
        return last.get("op") == "close" and not last.get("adopted")


class Journal:
    """The journal of one session. The file appears with the first edit."""

    def __init__(self, folder: Path, base: str, *, replaces: str = "", expected: int = 0) -> None:
        self.folder = folder
        self.base = base
        self.path = folder / f"{secrets.token_hex(8)}.nbj"
        self.token = secrets.token_hex(8)
        self._replaces: dict[str, Any] = {"replaces": replaces, "expected": expected}
        self._handle: int | None = None
        self._size = self._n_records = 0
        self._useless: list[Path] = []
        forking.register(self)

    @classmethod
    def adopt(cls, path: Path, handle: int, contents: Contents) -> Journal:
        """Carry on in the file of an ended process, whose lock we hold; a torn last record is cut off."""
        journal = cls(path.parent, contents.base)
        journal.path = path
        journal.token, journal._handle, journal._size = contents.token, handle, contents.size
        with writing(path):
            os.ftruncate(handle, contents.size)
        with contextlib.suppress(StorageError):  # on a full disk, work still comes back
            journal.append({"op": "close", "adopted": True, **_whose()})
        return journal

    @property
    def size(self) -> int:
        """Bytes that count: up to the end of the last record that was written in whole and synced."""
        return self._size

    @property
    def is_whole(self) -> bool:
        """Whether it holds all records it was made to hold."""
        return self._n_records >= int(self._replaces["expected"])

    def append(self, meta: dict[str, Any], body: bytes = b"") -> None:
        """Write one operation; it counts, and :attr:`size` grows, once it is on the medium.

        Raises:
            StorageError: it could not be written. Then, as after any other exception, the file is as it was.
        """
        size = self._size
        try:
            with deferred():
                self._append(meta, body)
        except BaseException as error:
            if self._size == size:
                with contextlib.suppress(StorageError):  # what stays after that is written over by the next
                    self.cut(size)
            if isinstance(error, OSError) and not isinstance(error, NbalabelError):
                raise explained(error, f"the edit was not made: {self.path} cannot be written") from error
            raise

    def cut(self, size: int) -> None:
        """Take off what was written after that many bytes and does not count.

        Raises:
            StorageError: the system refuses; what is there is written over by the next record.
        """
        with writing(self.path):
            if self._handle is not None and os.fstat(self._handle).st_size != size:
                os.ftruncate(self._handle, size)
        self._size = size

    def restart(self, base: str) -> None:
        """Forget everything: it is committed, or meant to be gone. Where it was cut off, do it again."""
        if self.is_lost:
            self.path = self.folder / f"{secrets.token_hex(8)}.nbj"
            self.close(keep=True)
        try:
            self.cut(0)
        except StorageError:  # what is in it is committed or given up: what comes next goes into another file
            self._leave()
        self._size = 0
        self.base, self.token = base, secrets.token_hex(8)
        self._replaces = {"replaces": "", "expected": 0}

    @property
    def is_lost(self) -> bool:
        """Whether the open file is not the one at its path: nobody would find there what is written to it.

        Where the system refuses to say, it is taken to be there: it is then, and goes on being written to.
        """
        if self._handle is None:
            return False
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self._handle))
        except FileNotFoundError:
            return True
        except OSError:
            return False

    @property
    def is_deleted(self) -> bool:
        """Whether the open file is nowhere: it was not even moved. So it is called where nobody can say."""
        try:
            return self._handle is not None and os.fstat(self._handle).st_nlink == 0
        except OSError:
            return True

    def move_to(self, folder: Path) -> None:
        """The folder lies elsewhere now, and the open file with it."""
        self.folder, self.path = folder, folder / self.path.name

    def after_fork(self) -> None:
        """In a child, the file is the parent's alone."""
        self._handle = None

    def give_way(self, other: Journal) -> None:
        """Let go of the file, which must not be found again: it goes before ``other`` records any more."""
        other._useless = [*other._useless, *self._useless, self.path]
        other._try_to_remove_useless()  # while we have its lock, so that nobody takes it for an orphan
        with contextlib.suppress(OSError):
            self.close(keep=True)
        other._try_to_remove_useless()  # what is open cannot be removed everywhere

    def close(self, *, keep: bool) -> None:
        """Let go of the file; it stays when it holds work."""
        self._try_to_remove_useless()
        if self._handle is None:
            return
        try:
            if not keep:
                with writing(self.path):
                    self.path.unlink(missing_ok=True)
        finally:  # in one line: both or none
            self._handle = forking.release(self._handle)  # type: ignore[func-returns-value]

    def set_aside(self) -> Path:
        """Let go of a file that cannot be used, under another name."""
        self.close(keep=True)
        kept = self.path.with_suffix(".damaged")
        with writing(self.path):
            os.replace(self.path, kept)
        return kept

    def _leave(self) -> None:
        new = self.folder / f"{secrets.token_hex(8)}.nbj"
        self._useless, self.path, self._size = [*self._useless, self.path], new, 0
        with contextlib.suppress(OSError):
            self.close(keep=True)
        self._try_to_remove_useless()

    def _try_to_remove_useless(self) -> None:
        with contextlib.suppress(StorageError):
            self._remove_useless()

    def _remove_useless(self) -> None:
        while self._useless:
            with writing(self._useless[-1]):
                self._useless[-1].unlink(missing_ok=True)
            self._useless.pop()

    def _append(self, meta: dict[str, Any], body: bytes) -> None:
        self._remove_useless()
        data = frame_record({"at": time.time_ns(), **meta}, body)
        if self._handle is None:
            with locked(self.folder.parent / "lock"):  # so that nobody takes the new file for an orphan
                self._handle = open_locked(self.path)
            sync_folder(self.folder)
        if self._size == 0:
            what = {"base": self.base, "token": self.token, **_whose()}
            data = frame_record({"op": "begin", **what, **self._replaces}) + data
        os.lseek(self._handle, self._size, os.SEEK_SET)
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]
        os.fsync(self._handle)
        self._size, self._n_records = self._size + len(data), self._n_records + 1


def _whose() -> dict[str, Any]:
    return {"pid": os.getpid(), "host": socket.gethostname()}


def open_locked(path: Path) -> int:
    """Open a journal and take its lock.

    Raises:
        StorageError: another session has it, or it cannot be made.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with writing(path):
        handle = forking.hold(lambda: os.open(path, flags, 0o644))
    if not _is_mine(handle):
        raise StorageError(f"{path} belongs to another session")
    try:
        return handle
    except BaseException:  # an exception at the line before: nobody would let go of it
        forking.release(handle)
        raise


def orphans(folder: Path) -> Iterator[tuple[Path, int, Contents | None]]:
    """Journals of ended processes, newest first, each locked: path, open file, contents (None if empty).

    Whoever takes one closes its file. Hold the folder's lock.
    """
    found: list[tuple[int, Path, int, Contents | None]] = []
    try:
        for path in listed(folder, "*.nbj"):
            handle = _open_orphan(path)
            if handle is not None:
                found.append((0, path, handle, None))
                contents = read_journal(path)
                found[-1] = (contents.written if contents else 0, path, handle, contents)
    except BaseException:
        for _, _, handle, _ in found:
            forking.release(handle)
        raise
    for _, path, handle, contents in sorted(found, key=lambda one: one[0], reverse=True):
        yield path, handle, contents


def _open_orphan(path: Path) -> int | None:
    """A journal with its lock; None where a session has it, closed it just now, or it is another user's."""
    try:
        with writing(path):
            handle = forking.hold(lambda: os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0)))
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | PermissionError):
            return None
        raise
    if not _is_mine(handle):
        return None
    try:
        with reading(path):
            if os.fstat(handle).st_nlink:
                return handle
    except BaseException:
        forking.release(handle)
        raise
    forking.release(handle)  # its session removed it between the two
    return None


def _is_mine(handle: int) -> bool:
    """Whether the lock of an open file could be taken; the file is closed where not."""
    mine = False
    try:
        mine = try_lock(handle)
    finally:
        if not mine:
            forking.release(handle)
    return mine


def read_if_there(path: Path) -> Contents | None:
    """A journal; None where its session removed it just now, or it is another user's alone."""
    try:
        return read_journal(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | PermissionError):
            return None
        raise


def read_journal(path: Path) -> Contents | None:
    """The whole records of a journal; None when there is not even the first.

    A record cut short is what a crash leaves of an edit that was never acknowledged: it is ignored.
    Anything else that does not check out is reported as damage, together with the records before it.
    """
    with reading(path):
        data = memoryview(path.read_bytes())
    at, records, damage = 0, list[Record](), None
    while at < len(data):
        try:
            meta, body, at = read_record(data, at)
        except Damage as found:
            damage = None if found.torn else found.reason
            break
        records.append((meta, bytes(body)))
    if not records or records[0][0].get("op") != "begin":
        return None if damage is None else Contents("", "", [], 0, "", 0, damage)
    begin, written = records[0][0], int(records[-1][0].get("at", 0))
    whose = str(begin["base"]), str(begin["token"])
    last = next((meta for meta, _ in reversed(records) if "pid" in meta), {})
    by = int(last.get("pid", 0)), str(last.get("host", ""))
    return Contents(*whose, records[1:], begin["expected"], begin["replaces"], at, damage, written, *by)
