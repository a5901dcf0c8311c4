"""A lock with a callback at its outermost release, and that no interrupt leaves locked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .interrupts import checkpoint, deferred

_PATIENCE = 0.1  # seconds between two checks for a Ctrl-C while waiting


class OutermostLock:
    """A reentrant lock; after each outermost release, the thread that held it calls ``on_free``.

    Signals are deferred while the lock is held (:func:`deferred`), and act while waiting for it.

    Example:
        >>> lock = OutermostLock(lambda: print("free"))
        >>> with lock.held(), lock.held():
        ...     print("held")
        held
        free
    """

    def __init__(self, on_free: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._on_free = on_free

    def is_free_to_me(self) -> bool:
        """Whether no other thread holds the lock."""
        free = self._lock.acquire(blocking=False)
        if free:
            self._lock.release()
        return free

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock within the block."""
        outermost = not self._lock._is_owned()  # type: ignore[attr-defined]  # as threading.Condition does
        try:
            with deferred(), holding(self._lock):
                yield
        finally:
            if outermost:
                self._on_free()


@contextmanager
def holding(lock: threading.Lock | threading.RLock) -> Iterator[None]:
    """``with lock:`` that releases the lock even if an interrupt comes at its last line.

    Example:
        >>> lock = threading.Lock()
        >>> with holding(lock):
        ...     lock.locked()
        True
        >>> lock.locked()
        False
    """
    held = False
    try:
        try:
            while not held:
                held = lock.acquire(timeout=_PATIENCE)
                if not held:
                    checkpoint()
            yield
        finally:
            held = held and bool(lock.release())  # release() returns None: held is False in the same line
    except BaseException:
        if held:
            lock.release()
        raise
