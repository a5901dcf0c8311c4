"""The current version: a log of fixed-size lines, one line appended for each commit and checkout.

A commit takes effect when its line is appended. A line cut short by a crash does not count; a whole line that
fails its checksum is reported as damage. A version file without a line (of an unfinished commit) is not part
of the dataset.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import CorruptError, StorageError
from ..disk.atomic import sync_folder
from ..disk.errors import reading, writing

_ID, _KIND, _LINE = 40, 13, 64


@dataclass(frozen=True)
class HeadLog:
    """The file ``HEAD`` of a dataset folder."""

    path: Path

    def entries(self) -> list[tuple[str, str]]:
        """Version id and kind ("commit" or "checkout") of every entry, oldest first.

        Raises:
            CorruptError: a whole line fails its checksum.
            StorageError: the log holds no entry.
        """
        lines = self._lines()
        if not lines:
            raise StorageError(f"{self.path} holds no version: this is no finished nbalabel dataset")
        return [self._parse(line, number) for number, line in enumerate(lines, 1)]

    @property
    def is_empty(self) -> bool:
        """Whether the file is missing or has no whole line."""
        return not self._exists() or not self._lines()

    def current(self) -> str:
        """Id of the current version."""
        return self.entries()[-1][0]

    def commits(self) -> Iterator[str]:
        """Ids of committed versions, newest first; older lines are parsed only when needed."""
        lines = self._lines()
        for number in range(len(lines), 0, -1):
            version_id, kind = self._parse(lines[number - 1], number)
            if kind == "commit":
                yield version_id

    def append(self, version_id: str, kind: str) -> None:
        """Make a version current; returns once the line is synced to disk. Hold the folder's lock.

        Raises:
            StorageError: the line could not be written; the log is unchanged.
        """
        text = f"{version_id:<{_ID}} {kind:<{_KIND}} "
        line = f"{text}{zlib.crc32(text.encode()):08x}\n".encode()
        assert len(line) == _LINE
        is_new = not self._exists()
        keep = 0 if is_new else len(self._lines()) * _LINE
        with writing(self.path):
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
            try:
                _put(handle, line, keep)
            finally:
                os.close(handle)
        if is_new:
            sync_folder(self.path.parent)

    def _exists(self) -> bool:
        with reading(self.path):
            try:
                return bool(os.stat(self.path))
            except FileNotFoundError:
                return False

    def _lines(self) -> list[bytes]:
        data = self._read()
        lines = [data[i : i + _LINE] for i in range(0, len(data) - _LINE + 1, _LINE)]
        while lines and not any(lines[-1]):
            lines.pop()
        return lines

    def _read(self) -> bytes:
        try:
            with reading(self.path):
                return self.path.read_bytes()
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise CorruptError(f"{self.path} is missing: copy it from a backup") from error
            raise

    def _parse(self, line: bytes, number: int) -> tuple[str, str]:
        text, checksum = line[:-9], line[-9:-1]
        if line[-1:] != b"\n" or f"{zlib.crc32(text):08x}".encode() != checksum:
            raise CorruptError(
                f"{self.path} is damaged at line {number}: restore a backup, or delete it from there on; "
                "the versions themselves are in versions/"
            )
        return text[:_ID].decode().strip(), text[_ID:].decode().strip()


def _put(handle: int, line: bytes, at: int) -> None:
    """Truncate to an offset, write a line there and sync; a failure leaves nothing of the line."""
    try:
        if os.fstat(handle).st_size > at:
            os.ftruncate(handle, at)
        os.lseek(handle, at, os.SEEK_SET)
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except BaseException:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, at)
        raise
