"""What a forked child lets go of at once: open files, and locks of threads that it does not have.

Fork copies a process with one of its threads. The child shares every open file: what it writes lands in its
parent's, and a lock on one stays held for as long as the child lives. A lock between threads that another
thread held stays held for good. Whoever keeps one of these across calls says so here; where there is no fork,
nothing happens.

Source: POSIX.1-2024, ``fork`` and ``pthread_atfork``; flock(2), "duplicates of a file descriptor".
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Protocol


class Inherited(Protocol):
    """What has something to let go of."""

    def after_fork(self) -> None:
        """Called in a child before anything else runs there; must be short and must not raise."""


class _Kept:
    """All there is to let go of in this process."""

    def __init__(self) -> None:
        self.guard = threading.RLock()  # held around each fork: no file is open and not yet known then
        self.handles: dict[int, tuple[int, int]] = {}
        self.owners: list[weakref.ref[Inherited]] = []  # no WeakSet: a Ctrl-C within its callback is lost


_KEPT = _Kept()


def register(owner: Inherited) -> None:
    """Call ``owner.after_fork()`` in each child forked from here on; does not keep the owner alive."""
    with _KEPT.guard:
        _KEPT.owners = [known for known in _KEPT.owners if known() is not None] + [weakref.ref(owner)]


def hold(opens: Callable[[], int]) -> int:
    """An open file that no child keeps: it is closed there, which leaves the parent's lock on it alone.

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
    """Close a file that :func:`hold` opened; in a child, where that has happened, do nothing."""
    with _KEPT.guard:
        if _KEPT.handles.pop(handle, None) is not None:
            os.close(handle)


def _file(handle: int) -> tuple[int, int]:
    facts = os.fstat(handle)
    return facts.st_dev, facts.st_ino


def _is_still(handle: int, file: tuple[int, int]) -> bool:
    """Whether a descriptor is still that file: its number is given out again once somebody closes it."""
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
