"""Registry of what a forked child must drop at once: open files, and locks held by threads it does not have.

Fork copies a process with only one of its threads. The child shares every open file: what it writes lands in
the parent's file, and a file lock stays held as long as the child lives. A thread lock that another thread
held at the fork stays locked forever in the child. Code that keeps such a file or lock across calls registers
it here. On platforms without fork nothing happens.

Source: POSIX.1-2024, ``fork`` and ``pthread_atfork``; flock(2), "duplicates of a file descriptor".
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Protocol


class Inherited(Protocol):
    """An object that must drop something in a forked child."""

    def after_fork(self) -> None:
        """Called in a child before anything else runs there; must be short and must not raise."""


class _Kept:
    """The registered files and objects of this process."""

    def __init__(self) -> None:
        self.guard = threading.RLock()  # held around each fork, so no file is open but not yet registered
        self.handles: dict[int, tuple[int, int]] = {}
        self.owners: list[weakref.ref[Inherited]] = []  # no WeakSet: a Ctrl-C inside its callback is lost


_KEPT = _Kept()


def register(owner: Inherited) -> None:
    """Call ``owner.after_fork()`` in each child forked from now on; keeps only a weak reference to it."""
    with _KEPT.guard:
        _KEPT.owners = [known for known in _KEPT.owners if known() is not None] + [weakref.ref(owner)]


def hold(opens: Callable[[], int]) -> int:
    """Open a file that every forked child closes; closing it there does not release the parent's lock.

    Args:
        opens: opens the file and returns its descriptor.

    Returns:
        The descriptor; close it with :func:`release`, nowhere else.
    """
    with _KEPT.guard:
        handle = opens()
        _KEPT.handles[handle] = _file(handle)
        return handle


def release(handle: int) -> None:
    """Close a file that :func:`hold` opened; does nothing in a child, where the file is closed already."""
    with _KEPT.guard:
        if _KEPT.handles.pop(handle, None) is not None:
            os.close(handle)


def _file(handle: int) -> tuple[int, int]:
    facts = os.fstat(handle)
    return facts.st_dev, facts.st_ino


def _is_still(handle: int, file: tuple[int, int]) -> bool:
    """Whether a descriptor still refers to this file: the system reuses the number of a closed descriptor."""
    try:
        return _file(handle) == file
    except OSError:
        return False


def _in_child() -> None:
    _KEPT.guard = threading.RLock()
    handles, _KEPT.handles = _KEPT.handles, {}
    for handle, file in handles.items():
        if _is_still(handle, file):
            os.close(handle)
    for known in _KEPT.owners:
        owner = known()
        if owner is not None:
            owner.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _KEPT.guard.acquire(),
        after_in_parent=lambda: _KEPT.guard.release(),
        after_in_child=_in_child,
    )
