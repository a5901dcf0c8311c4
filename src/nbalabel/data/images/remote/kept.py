"""Bytes of pictures from elsewhere, kept on this disk, so that the next session need not fetch them again.

One file for each URL, written whole and renamed, with the hash of its bytes; what is damaged is fetched anew.
The files that were asked for longest ago go first where they take too much room. Several processes may share
the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ....core import forking

_DAY = 86_400.0
_FRESH = _DAY  # seconds for which the server is not asked whether there is something new
_LEFT = 0.9  # share of the room that is used after files were removed
_PART = ".part"


class Kept(NamedTuple):
    """Bytes that were fetched before.

    Attributes:
        data: the bytes.
        mark: what the server says of these bytes: see :class:`.fetching.Got`.
        fresh: whether they are taken as they are, without asking the server.
    """

    data: bytes
    mark: str | None
    fresh: bool


class Disk:
    """Bytes by URL in a folder.

    Args:
        folder: made when something is kept.
        room: most bytes of all files; 0 keeps nothing.

    Example:
        >>> import tempfile
        >>> disk = Disk(Path(tempfile.mkdtemp()), room=1000)
        >>> disk.put("s3://bucket/a.png", b"pixels", None)
        >>> disk.get("s3://bucket/a.png")
        Kept(data=b'pixels', mark=None, fresh=True)
    """

    def __init__(self, folder: Path, room: int) -> None:
        self.folder, self.room = folder, room
        self.after_fork()
        forking.register(self)

    def after_fork(self) -> None:
        """Count anew in a child."""
        self._lock = threading.Lock()
        self._used: int | None = None

    def get(self, url: str) -> Kept | None:
        """What is kept of a URL; None for nothing, for a damaged file, and where nothing is to be kept."""
        if not self.room:
            return None
        path = self._path(url)
        try:
            head, _, data = path.read_bytes().partition(b"\n")
            age = time.time() - path.stat().st_mtime
            told = json.loads(head)
            whole = told["url"] == url and told["sha256"] == hashlib.sha256(data).hexdigest()
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return Kept(data, told.get("mark"), 0 <= age < _FRESH) if whole else None

    def put(self, url: str, data: bytes, mark: str | None) -> None:
        """Keep bytes; a disk that is full, or read-only, keeps none."""
        told = {"url": url, "mark": mark, "sha256": hashlib.sha256(data).hexdigest()}
        head = json.dumps(told).encode() + b"\n"
        if len(head) + len(data) > self.room:
            return
        path = self._path(url)
        part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}{_PART}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(head + data)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            self._make_room(len(head) + len(data))

    def confirm(self, url: str) -> None:
        """Note that the server has just said that nothing is new."""
        with suppress(OSError):
            os.utime(self._path(url))

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / name[:2] / name

    def _make_room(self, added: int) -> None:
        """Remove the files that were asked for longest ago, where all take more room than there is."""
        with self._lock:
            if self._used is not None:
                self._used += added
            if self._used is not None and self._used <= self.room:
                return
            files = sorted(self._files(), key=lambda file: file.when)
            self._used = sum(file.size for file in files)
            if self._used <= self.room:
                return
            for file in files:
                if self._used <= self.room * _LEFT:
                    break
                with suppress(OSError):
                    file.path.unlink()
                self._used -= file.size

    def _files(self) -> list[_File]:
        found = []
        for path in self.folder.glob("??/*"):
            with suppress(OSError):
                state = path.stat()
                if path.suffix != _PART or time.time() - state.st_mtime > _DAY:  # else: being written now
                    found.append(_File(state.st_mtime, state.st_size, path))
        return found


class _File(NamedTuple):
    when: float
    size: int
    path: Path
