"""Bytes on disk that survive a crash: files appear whole or not at all, and locks end with their process."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...core import forking
from ...core.errors import ReadOnlyError, StorageError
from .errors import READ_ONLY, explained, no_locks, reading, writing
from .interrupts import checkpoint, deferred

TEMPORARY = ".part-"


def write_file(path: Path, *parts: bytes | memoryview, sync: bool = True) -> None:
    """Write a file atomically: readers see the old file or the new one, never a part.

    Args:
        path: path of the file; an existing file is replaced.
        parts: the bytes of the file.
        sync: wait until the bytes and the name are synced to disk; False for caches.

    Raises:
        StorageError: the file could not be written; the old file is unchanged.
    """
    partial = path.parent / f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}"
    with writing(path), gone_if_failed(partial):
        with open(partial, "wb") as file:
            for part in parts:
                file.write(part)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        publish(partial, path, sync=sync)


@contextlib.contextmanager
def gone_if_failed(partial: Path) -> Iterator[None]:
    """Remove an unfinished file if the block raises."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def publish(partial: Path, path: Path, *, sync: bool = True) -> None:
    """Rename a finished (and synced) file to its final path."""
    os.replace(partial, path)
    if sync:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are synced to disk (Windows does so by itself)."""
    if sys.platform == "win32":
        return
    with writing(folder):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folders: Iterable[Path]) -> None:
    """Remove unfinished files of dead writers. Hold the lock under which these folders are written."""
    for folder in folders:
        with contextlib.suppress(OSError):  # the next sweep tries again
            for path in listed(folder, f"{TEMPORARY}*"):
                path.unlink()


def listed(folder: Path, pattern: str) -> list[Path]:
    """The files in a folder whose names match a pattern, sorted by name.

    Raises:
        StorageError: the folder cannot be read.
    """
    with reading(folder):
        return sorted(folder.glob(pattern))


def try_lock(handle: int) -> bool:
    """Take the exclusive lock of an open file if it is free; the system releases it when the process ends.

    Returns:
        Whether the lock was taken.

    Raises:
        StorageError: the file system has no locks, or refuses this one for another reason.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 0x7FFFFFFF, os.SEEK_SET)  # a byte beyond any content, which stays readable
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise no_locks(error) or explained(error, "a lock cannot be taken") from error
    return True


@contextlib.contextmanager
def locked(path: Path, timeout: float = 60.0) -> Iterator[None]:
    """Hold the exclusive lock of a file within the block.

    Raises:
        ReadOnlyError: the folder cannot be written.
        StorageError: somebody else held it for ``timeout`` seconds, or the file system has no locks.
    """
    with deferred(), _opened(path) as handle:
        deadline = time.monotonic() + timeout
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise StorageError(
                    f"{path} has been locked by another process for {timeout:.0f} s; try again"
                )
            checkpoint()
            time.sleep(0.002)
        yield


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle, closed = _open_lock(path), False
    try:
        try:
            yield handle
        finally:
            closed = not forking.release(handle)  # type: ignore[func-returns-value]  # one line: no interrupt between
    except BaseException:
        if not closed:  # an interrupt came just before the release
            forking.release(handle)
        raise


def _open_lock(path: Path) -> int:
    try:
        return forking.hold(lambda: os.open(path, os.O_RDWR | os.O_CREAT, 0o644))
    except OSError as error:
        if error.errno in READ_ONLY:
            raise ReadOnlyError(
                f"{path.parent} can be read and not written ({error.strerror}): nothing in it can be edited. "
                f"Copy it to a place of your own (cp -r --no-preserve=mode {path.parent} copy.nbal) and "
                'nl.open("copy.nbal")'
            ) from error
        raise explained(error, f"{path} cannot be opened") from error
