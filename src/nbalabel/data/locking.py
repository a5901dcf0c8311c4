"""A lock that says when its outermost holder lets it go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class OutermostLock:
    """A reentrant lock; each time it is free again, ``on_free`` is called by who held it.

    Example:
        >>> lock = OutermostLock(lambda: print("free"))
        >>> with lock, lock:
        ...     print("held")
        held
        free
    """

    def __init__(self, on_free: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._on_free = on_free

    def is_free_to_me(self) -> bool:
        """Whether no other thread holds it."""
        free = self._lock.acquire(blocking=False)
        if free:
            self._lock.release()
        return free

    def __enter__(self) -> Self:
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        free = self._depth == 0
        self._lock.release()
        if free:
            self._on_free()
