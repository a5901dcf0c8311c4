"""Suppress Pillow's warnings while several threads read images."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ...core import forking


class Quiet:
    """Suppress Python's warnings while at least one reader is active.

    ``warnings.catch_warnings`` alone is not thread-safe: if two blocks overlap, the second restores the
    filters of the first, and warnings stay off permanently.
    """

    def __init__(self) -> None:
        self._caught: warnings.catch_warnings[None] | None = None
        self.after_fork()
        forking.register(self)

    def after_fork(self) -> None:
        """Reset in a child, where the readers of other threads never finish."""
        caught, self._caught = self._caught, None
        self._lock, self._n = threading.Lock(), 0
        if caught is not None:
            caught.__exit__(None, None, None)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Suppress all warnings within the block."""
        self._come()
        try:
            yield
        finally:
            self._go()

    def _come(self) -> None:
        with self._lock:
            self._n += 1
            if self._n == 1:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.simplefilter("ignore")

    def _go(self) -> None:
        with self._lock:
            self._n = max(self._n - 1, 0)
            if not self._n and self._caught is not None:
                caught, self._caught = self._caught, None
                caught.__exit__(None, None, None)
