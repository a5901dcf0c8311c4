"""A queue's database as a SQLite file, for people on one machine."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....core.errors import CorruptError, StorageError
from .sql import Row, Sql

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: SQLite's own waiting has to do
    fcntl = None

_PATIENCE = 60  # seconds to wait for others who write
_OFTEN, _LONG = 100, 16_000  # transactions of one process, and pages of the log, until it is written back
_WORDS = {"{id}": "INTEGER PRIMARY KEY", "{int}": "INTEGER", "{real}": "REAL", "{lock}": "", "{wait}": ""}


class SqliteFile(Sql):
    """A SQLite file in WAL mode.

    Those who wait for a SQLite file sleep, longer and longer, and may be overtaken. Here they queue up for
    a lock of the system before they begin, which wakes them at once.

    Source: https://www.sqlite.org/wal.html; a WAL file must not lie on a network file system.

    Args:
        path: of the file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.place = path, str(path)
        self.shown = f"{'/'.join(path.parts[-2:])} in the dataset's folder"
        self._turnstile: int | None = None
        self._n_written, self._n_changes = _OFTEN, 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{path}: the queue cannot be kept there: {error}") from error
        self.prepare()

    def connect(self) -> sqlite3.Connection:
        """A connection that commits only when told."""
        try:
            connection = sqlite3.connect(
                self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")  # see _write_back
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error
        return connection

    def begin(self, *, durable: bool, reading: bool) -> None:
        """Begin to write, when nobody else does until the end; or to read what there is now."""
        if not reading:
            self._enter()
        try:
            in_sqlite = durable and fcntl is None  # else in `ended`
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if in_sqlite else 'NORMAL'}")
            self._connection.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
            self._n_changes = self._connection.total_changes
        except BaseException as error:
            self._leave()
            if isinstance(error, sqlite3.DatabaseError):
                raise self._told(error) from error
            raise

    def run(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; returns its rows."""
        try:
            rows: list[Row] = self._connection.execute(_worded(text), values).fetchall()
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error
        return rows

    def ended(self, *, durable: bool) -> None:
        """Let the next one write, then wait for the disk: nobody else waits for that.

        Commits are in the log, so syncing it keeps this one and all before. Without a log, whoever closed
        the file has synced it.
        """
        writing = self._connection.total_changes != self._n_changes
        self._leave()
        if writing:
            self._write_back()
        if not durable or fcntl is None:
            return
        try:
            for place in (self.path.with_name(f"{self.path.name}-wal"), self.path.parent):
                with suppress(FileNotFoundError):
                    _sync(place)
        except OSError as error:
            raise StorageError(f"{self.path}: it is not known whether this is on disk: {error}") from error

    def _write_back(self) -> None:
        """Write the log back into the file now and then, while others may write.

        SQLite would do it within a transaction, while all others wait for the disk. Where others never pause,
        the log cannot begin anew, and once in a while they have to wait.
        """
        self._n_written += 1
        if self._n_written < _OFTEN:
            return
        self._n_written = 0
        with suppress(sqlite3.OperationalError):  # somebody else is at it
            ((_, pages, _),) = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if pages > _LONG:
                self._enter()
                try:
                    self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
                finally:
                    self._leave()

    def many(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row."""
        self._connection.executemany(_worded(text), rows)

    def back(self) -> None:
        """Take a transaction back."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        finally:
            self._leave()

    def now(self) -> float:
        """The time of this machine."""
        return time.time()

    def close(self) -> None:
        """Close the connection and the lock's file."""
        super().close()
        if self._turnstile is not None:
            os.close(self._turnstile)
            self._turnstile = None

    def after_fork(self) -> None:
        """A child opens file and lock anew."""
        super().after_fork()
        self._turnstile = None

    def _enter(self) -> None:
        if fcntl is None:
            return
        if self._turnstile is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._turnstile = os.open(self.path.with_suffix(".lock"), flags, 0o666)
        fcntl.flock(self._turnstile, fcntl.LOCK_EX)

    def _leave(self) -> None:
        if self._turnstile is not None:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)

    def _told(self, error: sqlite3.DatabaseError) -> StorageError:
        if isinstance(error, sqlite3.OperationalError):
            return StorageError(f"{self.path}: the queue cannot be read or written: {error}")
        return CorruptError(
            f"{self.path} is no queue of nbalabel, or it is damaged: {error}. "
            "Move it away to begin a new queue"
        )


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _worded(text: str) -> str:
    for word, meant in _WORDS.items():
        text = text.replace(word, meant)
    return text
