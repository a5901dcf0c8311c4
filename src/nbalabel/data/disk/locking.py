"""A lock that says when its outermost holder lets it go, and that no interrupt leaves locked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .interrupts import checkpoint, deferred

_PATIENCE = 0.1  # seconds between two looks for a Ctrl-C while waiting


class OutermostLock:
    """A reentrant lock; each time it is free again, ``on_free`` is called by who held it.

    Signals wait while it is held (:func:`deferred`), and act while it is waited for.

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
        """Whether no other thread holds it."""
        free = self._lock.acquire(blocking=False)
        if free:
            self._lock.release()
        return free

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it."""
        outermost = not self._lock._is_owned()  # type: ignore[attr-defined]  # as Condition asks
        try:
            with deferred(), holding(self._lock):
                yield
        finally:
            if outermost:
                self._on_free()


@contextmanager
def holding(lock: threading.Lock | threading.RLock) -> Iterator[None]:
    """``with lock:`` that lets go even where an exception comes at its very last line.

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
            held = held and bool(lock.release())  # release returns None: not held any more, in one line
    except BaseException:
        if held:
            lock.release()
        raise
