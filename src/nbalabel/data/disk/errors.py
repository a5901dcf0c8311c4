"""Explain errors of the operating system: what could not be done, why, and what to do about it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from ...core.errors import NbalabelError, StorageError

READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""Error numbers that mean a folder can be read but not written."""

_ADVICE = {
    errno.ENOSPC: "free some space on the disk, then do it again",
    errno.EDQUOT: "your quota is used up: free some space, then do it again",
    errno.EFBIG: "the file system takes no file so large: move the folder to another one",
    errno.EIO: "the disk fails: copy the folder to another one before anything else",
    errno.EROFS: "the file system is read-only: do it again in a folder of your own",
    errno.EACCES: "you lack the permission: ask its owner, or do it again in a folder of your own",
    errno.EPERM: "you lack the permission: ask its owner, or do it again in a folder of your own",
    errno.ENOENT: "it is gone: was the folder moved or deleted? Put it back, or open it where it is now",
    errno.ENOTDIR: "a part of its path is a file: choose another folder",
    errno.EISDIR: "there is a folder where a file should be: choose another name, or move the folder away",
    errno.EEXIST: "there is a file where a folder should be: choose another name, or move the file away",
    errno.ELOOP: "links lead in a circle: name the folder itself",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.EMFILE: "too many files are open in this process: close some, or raise `ulimit -n`",
    errno.ENFILE: "too many files are open on this machine: close some programs, then do it again",
    errno.ESTALE: "the share was disconnected: open the dataset again once it is back",
}
_NO_LOCKS = frozenset(
    {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, getattr(errno, "ENOTSUP", errno.EOPNOTSUPP), errno.EINVAL}
)


def explained(error: OSError, what: str) -> StorageError:
    """Convert an error of the operating system to a StorageError that says what to do.

    Args:
        error: the error of the system.
        what: what could not be done, with the path: "x/HEAD cannot be written".
    """
    why = error.strerror or str(error) or type(error).__name__
    advice = _ADVICE.get(error.errno or 0, "see whether the disk or share is in order, then do it again")
    told = StorageError(f"{what} ({why}): {advice}")
    told.errno = error.errno
    return told


@contextlib.contextmanager
def explaining(what: str) -> Iterator[None]:
    """Turn errors of the system within the block into a StorageError; see :func:`explained`.

    Raises:
        StorageError: the system refused an operation in the block; nbalabel's own errors pass unchanged.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, NbalabelError):
            raise
        raise explained(error, what) from error


def reading(path: Path) -> contextlib.AbstractContextManager[None]:
    """As :func:`explaining`, for code that reads a file."""
    return explaining(f"{path} cannot be read")


def writing(path: Path) -> contextlib.AbstractContextManager[None]:
    """As :func:`explaining`, for code that writes or renames a file."""
    return explaining(f"{path} cannot be written")


def no_locks(error: OSError) -> StorageError | None:
    """The error to raise if a file system has no locks; None if ``error`` means something else."""
    if error.errno not in _NO_LOCKS:
        return None
    told = StorageError(
        f"the file system of this folder has no file locks (flock: {error.strerror}), so that two sessions "
        "on it could not see each other and one would lose its work: move the dataset to a local disk, or "
        "have the share mounted with locks (NFS: a running lock service; Lustre: -o flock), and open it there"
    )
    told.errno = error.errno
    return told
