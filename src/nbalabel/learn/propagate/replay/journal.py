"""The journal of a propagation: one line per record, on disk; the propagation is replayed from it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ....core import forking
from ....core.errors import CorruptError, HistoryError, NbalabelError, ReadOnlyError, StorageError

_FORMAT = 1
_OWN = ("id", "begun", "versions")  # what two journals of the same propagation may differ in
Record = dict[str, Any]


class Journal:
    """A file of JSON lines; each line is synced to disk before the call that writes it returns.

    The first line holds the inputs and arguments of the propagation; the others are its records: answers,
    skips, finishes and undos. A last line without a line end is left by a crash within a call; it is dropped.

    Args:
        path: the file; None keeps the lines in memory alone.
        header: the inputs and arguments of the propagation. An existing file must hold the same, except for
            ``id``, ``begun`` (time in UTC, ISO 8601, added here) and ``versions``, which are taken from the
            file.

    Attributes:
        header: as it stands in the file.
        records: the lines after it.

    Raises:
        HistoryError: the file belongs to a propagation with other inputs or arguments.
        CorruptError: a line before the last cannot be read.
        StorageError: the file cannot be written.
    """

    def __init__(self, path: str | Path | None, header: Record) -> None:
        self.path = None if path is None else Path(path)
        begun = datetime.now(UTC).isoformat()
        self.header = {"op": "begin", "format": _FORMAT, "begun": begun, **header}
        self.records: list[Record] = []
        self._handle: int | None = None
        self._size = 0
        self._is_ours = True
        forking.register(self)
        if self.path is not None:
            with _told(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
                self._handle = forking.hold(partial(os.open, self.path, flags, 0o644))
                self._open()

    def append(self, record: Record) -> None:
        """Write one line; it is synced to disk when this returns."""
        with self.recording(record):
            return

    @contextlib.contextmanager
    def recording(self, record: Record) -> Iterator[None]:
        """Write one line; once it is synced to disk, the block, which applies it, runs.

        Raises:
            StorageError: the line could not be written, or something else wrote to the file. Then, and where
                the block fails, the file is as it was.
            ReadOnlyError: this is the copy in a forked child process.
        """
        if not self._is_ours:
            raise ReadOnlyError(
                f"{self.path} belongs to the process that this one was forked from: answer there"
            )
        self._check_file()
        size = self._size
        try:
            with _told(self.path):
                self._write(record)
            yield
        except BaseException:
            if self._handle is not None:
                os.ftruncate(self._handle, size)
            self._size = size
            raise
        self.records.append(record)

    def _check_file(self) -> None:
        """Check that the file is as this journal left it; a deleted file is written anew."""
        if self._handle is None or self.path is None:
            return
        if not self.path.exists():
            self._write_anew(self.path)
        here = os.fstat(self._handle)
        if here.st_size != self._size or not os.path.samestat(here, self.path.stat()):
            raise StorageError(
                f"something else wrote to {self.path}: only one propagation at a time may use it. "
                "Make this propagation again to resume from what the file holds"
            )

    def _write_anew(self, path: Path) -> None:
        """Write a deleted file anew, from the records in memory."""
        if not path.parent.is_dir():
            raise StorageError(
                f"{path.parent} is gone, and the journal with it: no more answers can be recorded. What was "
                "accepted so far is in memory"
            )
        self.close()
        with _told(path):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._handle, self._size = forking.hold(partial(os.open, path, flags, 0o644)), 0
            for line in (self.header, *self.records):
                self._write(line)
            _sync_folder(path.parent)

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            forking.release(self._handle)
            self._handle = None

    def after_fork(self) -> None:
        """In a forked child, leave the file to the parent; a journal in memory stays usable."""
        self._handle, self._is_ours = None, self.path is None

    def __del__(self) -> None:
        self.close()

    def _open(self) -> None:
        assert self.path is not None
        assert self._handle is not None
        lines, whole = _read(self.path)
        os.ftruncate(self._handle, whole)
        self._size = whole
        if not lines:
            self._write(self.header)
            _sync_folder(self.path.parent)
            return
        self._check(lines[0])
        self.header, self.records = lines[0], lines[1:]

    def _check(self, found: Record) -> None:
        own = json.loads(json.dumps(self.header))
        if found.get("op") != "begin" or found.get("format") != _FORMAT:
            raise CorruptError(f"{self.path} is no journal of a propagation that this version can read")
        keys = [key for key in {**own, **found} if key not in _OWN]
        other = [
            f"{key} {found.get(key)} -> {own.get(key)}" for key in keys if found.get(key) != own.get(key)
        ]
        if other:
            raise HistoryError(
                f"{self.path} is the journal of a propagation with other inputs or arguments: "
                f"{'; '.join(other)}. Give the same ones to resume, or journal= another file to begin anew"
            )

    def _write(self, record: Record) -> None:
        if self._handle is None:
            return
        data = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        os.lseek(self._handle, self._size, os.SEEK_SET)
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]
        os.fsync(self._handle)
        self._size += len(data)


def begun_with(path: Path) -> Record | None:
    """The inputs and arguments that a journal file began with; None where it is missing or empty.

    Raises:
        CorruptError: the file cannot be read.
        StorageError: likewise.
    """
    with _told(path):
        lines = _read(path)[0] if path.exists() else []
    return lines[0] if lines else None


def _read(path: Path) -> tuple[list[Record], int]:
    """The complete lines, and their size in bytes."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    lines = []
    for number, line in enumerate(data[:whole].splitlines(), 1):
        try:
            lines.append(json.loads(line))
        except ValueError as error:
            raise CorruptError(f"{path}, line {number}, cannot be read: {error}") from error
    return lines, whole


@contextlib.contextmanager
def _told(path: Path | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, NbalabelError):
            raise
        raise StorageError(f"the journal {path} cannot be used: {error}") from error


def _sync_folder(folder: Path) -> None:
    """Sync a folder, so that the name of a new file survives a crash, too."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
