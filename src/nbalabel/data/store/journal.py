"""Uncommitted work on disk: every edit is appended and synced before the call that made it returns.

There is one file per open session, locked by the operating system as long as its process lives. A file whose
lock nobody holds is the work of an ended process: :func:`orphans` finds the file, and the next session
continues in it. A file begins with the version that its work builds on and a token; a version with the same
token has committed everything in the file.
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
    """The contents of a journal file.

    Attributes:
        base: id of the version that the work builds on.
        token: identifies the work between two commits.
        records: operations in order, with their bodies.
        expected: number of records that a complete file has; fewer mean an unfinished rewrite.
        replaces: name of the journal that this file replaces; "" if none.
        size: bytes up to the end of the last whole record.
        damage: what is wrong with the bytes after that; None for nothing, or for a write cut short.
        written: time of its last record, nanoseconds since 1970; 0 if not recorded. The file's modification
            time, with a resolution of milliseconds, is too coarse to order two sessions.
        pid: process that wrote last; 0 if not recorded.
        host: host of that process.
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
        """Whether its session was closed regularly."""
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
        """Continue in the file of an ended process, whose lock we hold; a torn last record is cut off."""
        journal = cls(path.parent, contents.base)
        journal.path = path
        journal.token, journal._handle, journal._size = contents.token, handle, contents.size
        with writing(path):
            os.ftruncate(handle, contents.size)
        with contextlib.suppress(StorageError):  # work can be recovered even on a full disk
            journal.append({"op": "close", "adopted": True, **_whose()})
        return journal

    @property
    def size(self) -> int:
        """Bytes up to the end of the last record that was completely written and synced."""
        return self._size

    @property
    def is_whole(self) -> bool:
        """Whether the file holds all records that it was expected to hold."""
        return self._n_records >= int(self._replaces["expected"])

    def append(self, meta: dict[str, Any], body: bytes = b"") -> None:
        """Write one operation; it counts, and :attr:`size` grows, once it is synced to disk.

        Raises:
            StorageError: the operation could not be written. After this or any other exception the file is
                unchanged.
        """
        size = self._size
        try:
            with deferred():
                self._append(meta, body)
        except BaseException as error:
            if self._size == size:
                with contextlib.suppress(StorageError):  # the next record overwrites any rest
                    self.cut(size)
            if isinstance(error, OSError) and not isinstance(error, NbalabelError):
                raise explained(error, f"the edit was not made: {self.path} cannot be written") from error
            raise

    def cut(self, size: int) -> None:
        """Truncate the file to ``size`` bytes, which removes an unfinished record.

        Raises:
            StorageError: the system refuses; the next record overwrites the rest.
        """
        with writing(self.path):
            if self._handle is not None and os.fstat(self._handle).st_size != size:
                os.ftruncate(self._handle, size)
        self._size = size

    def restart(self, base: str) -> None:
        """Start an empty journal on ``base``: all work is committed or dropped. Repeat after an interrupt."""
        if self.is_lost:
            self.path = self.folder / f"{secrets.token_hex(8)}.nbj"
            self.close(keep=True)
        try:
            self.cut(0)
        except StorageError:  # its work is committed or discarded: continue in another file
            self._leave()
        self._size = 0
        self.base, self.token = base, secrets.token_hex(8)
        self._replaces = {"replaces": "", "expected": 0}

    @property
    def is_lost(self) -> bool:
        """Whether the open file is no longer the one at its path, so that nobody would find new records.

        If the system refuses to tell, the file counts as there and is written to.
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
        """Whether the open file was deleted, not moved; True also if the system cannot tell."""
        try:
            return self._handle is not None and os.fstat(self._handle).st_nlink == 0
        except OSError:
            return True

    def move_to(self, folder: Path) -> None:
        """Adopt the new path after the folder was moved together with the open file."""
        self.folder, self.path = folder, folder / self.path.name

    def after_fork(self) -> None:
        """Forget the file in a child: it belongs to the parent."""
        self._handle = None

    def give_way(self, other: Journal) -> None:
        """Close and remove the file, which must not be recovered; ``other`` retries before it writes."""
        other._useless = [*other._useless, *self._useless, self.path]
        other._try_to_remove_useless()  # while we hold its lock, so that nobody adopts it as an orphan
        with contextlib.suppress(OSError):
            self.close(keep=True)
        other._try_to_remove_useless()  # some systems cannot remove an open file

    def close(self, *, keep: bool) -> None:
        """Close the file; with ``keep`` it stays on disk."""
        self._try_to_remove_useless()
        if self._handle is None:
            return
        try:
            if not keep:
                with writing(self.path):
                    self.path.unlink(missing_ok=True)
        finally:  # one line, so that an interrupt cannot separate the two
            self._handle = forking.release(self._handle)  # type: ignore[func-returns-value]

    def set_aside(self) -> Path:
        """Close an unusable file and rename it to ``.damaged``; returns the new path."""
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
            with locked(self.folder.parent / "lock"):  # so that nobody adopts the new file as an orphan
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
        StorageError: another session holds the lock, or the file cannot be created.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with writing(path):
        handle = forking.hold(lambda: os.open(path, flags, 0o644))
    if not _is_mine(handle):
        raise StorageError(f"{path} belongs to another session")
    try:
        return handle
    except BaseException:  # an interrupt before the return would leak the handle
        forking.release(handle)
        raise


def orphans(folder: Path) -> Iterator[tuple[Path, int, Contents | None]]:
    """Journals of ended processes, newest first, each locked: path, open file, contents (None if empty).

    The caller closes the files. Hold the folder's lock.
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
    """Open and lock a journal; None if a session uses it or has just closed it, or it is another user's."""
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
    forking.release(handle)  # its session removed it before we got the lock
    return None


def _is_mine(handle: int) -> bool:
    """Try to lock an open file; a file that cannot be locked is closed."""
    mine = False
    try:
        mine = try_lock(handle)
    finally:
        if not mine:
            forking.release(handle)
    return mine


def read_if_there(path: Path) -> Contents | None:
    """Read a journal; None if its session has just removed it, or another user does not let us read it."""
    try:
        return read_journal(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | PermissionError):
            return None
        raise


def read_journal(path: Path) -> Contents | None:
    """The whole records of a journal; None if there is not even the first.

    A record cut short is ignored: a crash left it, and its edit was never acknowledged.
    Any other checksum failure is reported as damage, together with the records before it.
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
