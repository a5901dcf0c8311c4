"""Which version is current: a log of fixed-size lines, one appended for each commit and checkout.

Appending one line is the moment a commit happens. A line cut short by a crash is not there yet; a whole
line that fails its checksum is damage, and said so. What never got a line (a version file of a commit that
did not finish) is not part of the dataset.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import CorruptError, StorageError
from .files import sync_folder

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
        data = self._read()
        lines = [data[i : i + _LINE] for i in range(0, len(data) - _LINE + 1, _LINE)]
        while lines and not any(lines[-1]):
            lines.pop()
        if not lines:
            raise StorageError(f"{self.path} holds no version: this is no finished nbalabel dataset")
        return [self._parse(line, number) for number, line in enumerate(lines, 1)]

    def current(self) -> str:
        """Id of the current version."""
        return self.entries()[-1][0]

    def append(self, version_id: str, kind: str) -> None:
        """Make a version current; returns once that is on the medium. Hold the folder's lock."""
        text = f"{version_id:<{_ID}} {kind:<{_KIND}} "
        line = f"{text}{zlib.crc32(text.encode()):08x}\n".encode()
        assert len(line) == _LINE
        keep = len(self.entries()) * _LINE if self.path.exists() else 0
        is_new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            if os.fstat(handle).st_size > keep:
                os.ftruncate(handle, keep)
            os.lseek(handle, keep, os.SEEK_SET)
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            sync_folder(self.path.parent)

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise CorruptError(f"{self.path} is missing: copy it from a backup") from error

    def _parse(self, line: bytes, number: int) -> tuple[str, str]:
        text, checksum = line[:-9], line[-9:-1]
        if line[-1:] != b"\n" or f"{zlib.crc32(text):08x}".encode() != checksum:
            raise CorruptError(
                f"{self.path} is damaged at line {number}: restore a backup, or delete it from there on; "
                "the versions themselves are in versions/"
            )
        return text[:_ID].decode().strip(), text[_ID:].decode().strip()
