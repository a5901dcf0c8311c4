"""Work on many image files by several threads, which mostly wait for a disk or a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ...core.cores import cores
from .remote.reading import THREADS

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Sequence[T], what: str) -> list[R]:
    """``work(item)`` for each item, in order; a progress bar says ``what`` where it takes over a second."""
    from ...core.progress import Bar

    with ThreadPoolExecutor(min(32, max(THREADS, cores() + 4))) as pool:

        def done() -> Iterator[R]:
            """Start the threads only after the bar is imported: warnings are suppressed while they read."""
            yield from pool.map(work, items)

        try:
            return list(Bar(done(), desc=what, total=len(items), delay=1, leave=False))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
