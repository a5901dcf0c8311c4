"""Bytes on disk that survive a crash: files appear whole or not at all, and locks end with their process."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import StorageError

TEMPORARY = ".part-"


def write_file(path: Path, *parts: bytes | memoryview, sync: bool = True) -> None:
    """Put a file in place in one step: readers see the old file, or the new one, never a part of it.

    Args:
        path: where; an existing file is replaced.
        parts: its bytes.
        sync: wait until the bytes and the name are on the medium; False for what can be made again.
    """
    partial = path.parent / f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}"
    with open(partial, "wb") as file:
        for part in parts:
            file.write(part)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    publish(partial, path, sync=sync)


def publish(partial: Path, path: Path, *, sync: bool = True) -> None:
    """Give a finished (and synced) file its name."""
    os.replace(partial, path)
    if sync:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the medium (Windows does so by itself)."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path, older_than: float = 3600.0) -> None:
    """Remove what crashed writers left unfinished, once it is certain that nobody is still writing it."""
    for path in folder.glob(f"**/{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > older_than:
                path.unlink()


def try_lock(handle: int) -> bool:
    """Take the exclusive lock of an open file if nobody has it; the system drops it when the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 0x7FFFFFFF, os.SEEK_SET)  # a byte beyond any content, which stays readable
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def locked(path: Path, timeout: float = 60.0) -> Iterator[None]:
    """Hold the exclusive lock of a file for a moment.

    Raises:
        StorageError: somebody else held it for ``timeout`` seconds.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + timeout
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise StorageError(
                    f"{path} has been locked by another process for {timeout:.0f} s; try again"
                )
            time.sleep(0.002)
        yield
    finally:
        os.close(handle)
