"""What was told, line by line on disk: a propagation is replayed from it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ....core import forking
from ....core.errors import CorruptError, HistoryError, NbalabelError, ReadOnlyError, StorageError

_FORMAT = 1
Record = dict[str, Any]


class Journal:
    """JSON lines, each synced before the call that made it returns.

    The first line says what the propagation was given; the others are what was told, skipped and taken back.
    A last line without an end is what a crash leaves of a call that never returned: it is dropped.

    Args:
        path: the file; None keeps the lines in memory alone.
        header: what the propagation was given. Of an existing file it must be the same, except for ``id``
            and ``versions``, which are taken from the file.

    Attributes:
        header: as it stands in the file.
        records: the lines after it.

    Raises:
        HistoryError: the file belongs to a propagation that was given something else.
        CorruptError: a line before the last cannot be read.
        StorageError: the file cannot be written.
    """

    def __init__(self, path: str | Path | None, header: Record) -> None:
        self.path = None if path is None else Path(path)
        self.header = {"op": "begin", "format": _FORMAT, **header}
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
        """Write one line; it is on the medium when this returns."""
        with self.recording(record):
            return

    @contextlib.contextmanager
    def recording(self, record: Record) -> Iterator[None]:
        """Write one line; the block, which makes it count, runs once it is on the medium.

        Raises:
            StorageError: it could not be written, or somebody else writes to the file. Then, and where the
                block fails, the file is as it was.
            ReadOnlyError: this is the copy of a forked child.
        """
        if not self._is_ours:
            raise ReadOnlyError(
                f"{self.path} belongs to the process that this one was forked from: tell it there"
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
        """The file is there and holds what was told, or is made to where it was deleted."""
        if self._handle is None or self.path is None:
            return
        if not self.path.exists():
            self._write_anew(self.path)
        here = os.fstat(self._handle)
        if here.st_size != self._size or not os.path.samestat(here, self.path.stat()):
            raise StorageError(
                f"{self.path} was written to by somebody else since: one propagation at a time may use it. "
                "Make this one again to carry on from what the file holds"
            )

    def _write_anew(self, path: Path) -> None:
        """The file was deleted: what it held is in memory."""
        if not path.parent.is_dir():
            raise StorageError(
                f"{path.parent} is gone, and the journal with it: nothing more can be told here. What was "
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
        """Let go of the file."""
        if self._handle is not None:
            forking.release(self._handle)
            self._handle = None

    def after_fork(self) -> None:
        """In a child, the file is the parent's alone; what is kept in memory may go on."""
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
        keys = [key for key in {**own, **found} if key not in ("id", "versions")]
        other = [
            f"{key} {found.get(key)} -> {own.get(key)}" for key in keys if found.get(key) != own.get(key)
        ]
        if other:
            raise HistoryError(
                f"{self.path} is the journal of a propagation that was given something else: "
                f"{'; '.join(other)}. Give the same again to carry on, or journal= another file to begin anew"
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


def _read(path: Path) -> tuple[list[Record], int]:
    """Whole lines, and how many bytes they take."""
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
    """So that the new file's name survives, too."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
