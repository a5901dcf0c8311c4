"""What the operating system refuses, in words: what could not be done, why, and what to do about it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from ...core.errors import NbalabelError, StorageError

READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""Errors by which a folder says that it may be read and not written."""

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
    """An error of the system as one that says what to do.

    Args:
        error: what the system said.
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
        StorageError: something in the block was refused; errors that are nbalabel's already stay.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, NbalabelError):
            raise
        raise explained(error, what) from error


def reading(path: Path) -> contextlib.AbstractContextManager[None]:
    """As :func:`explaining`, for who reads a file."""
    return explaining(f"{path} cannot be read")


def writing(path: Path) -> contextlib.AbstractContextManager[None]:
    """As :func:`explaining`, for who writes a file or changes a name."""
    return explaining(f"{path} cannot be written")


def no_locks(error: OSError) -> StorageError | None:
    """What to tell where a file system has no locks; None where the error says something else."""
    if error.errno not in _NO_LOCKS:
        return None
    told = StorageError(
        f"the file system of this folder has no file locks (flock: {error.strerror}), so that two sessions "
        "on it could not see each other and one would lose its work: move the dataset to a local disk, or "
        "have the share mounted with locks (NFS: a running lock service; Lustre: -o flock), and open it there"
    )
    told.errno = error.errno
    return told
