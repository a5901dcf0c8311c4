"""No warnings of Pillow's while it reads, whatever number of threads do."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ...core import forking


class Quiet:
    """Python's warnings, off from the first reader's coming to the last one's going.

    ``warnings.catch_warnings`` alone is not for threads: where two overlap, the second puts back what the
    first had set, and warnings stay off for good.
    """

    def __init__(self) -> None:
        self._caught: warnings.catch_warnings[None] | None = None
        self.after_fork()
        forking.register(self)

    def after_fork(self) -> None:
        """Begin anew: in a child the other threads' readings never end."""
        caught, self._caught = self._caught, None
        self._lock, self._n = threading.Lock(), 0
        if caught is not None:
            caught.__exit__(None, None, None)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Within it no warning is shown or raised."""
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
