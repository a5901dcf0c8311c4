"""Three steps for each of many things: a device works on one while threads prepare the next and end the last.

A network on an accelerator is done with a batch in a few milliseconds. Reading, scaling and encoding around
it take far longer on one core, and a device that waits for them is busy for a few percent of the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ...core.cores import cores

Item = TypeVar("Item")
Ready = TypeVar("Ready")
Done = TypeVar("Done")
Result = TypeVar("Result")

_MOST = 8  # threads that prepare: as many things are held in memory


def staged(
    items: Iterable[Item],
    prepare: Callable[[Item], Ready],
    work: Callable[[Ready], Done],
    finish: Callable[[Done], Result],
    *,
    threads: int | None = None,
) -> Iterator[Result]:
    """``finish(work(prepare(item)))`` of each item, in order.

    ``work`` runs in the thread that asks for results, one item after the other. ``prepare`` runs in threads,
    for a few of the next items; ``finish`` in threads, for a few of the last. No more than these are held at
    once. An error of a step is raised where its result would have come.

    Args:
        items: taken one by one, in the calling thread.
        prepare: of several items at once, in any order.
        work: see above.
        finish: as ``prepare``.
        threads: that prepare, and as many that finish, >= 1; default: a half of the cores, at most 8.

    Example:
        >>> list(staged([1, 2, 3], lambda x: x + 1, lambda x: x * 10, str))
        ['20', '30', '40']
    """
    n = max(1, min(_MOST, cores() // 2)) if threads is None else threads
    source = iter(items)
    coming: deque[Future[Ready]] = deque()
    leaving: deque[Future[Result]] = deque()
    with (
        ThreadPoolExecutor(n, thread_name_prefix="nbalabel-prepare") as before,
        ThreadPoolExecutor(n, thread_name_prefix="nbalabel-finish") as after,
    ):
        try:
            for item in source:
                coming.append(before.submit(prepare, item))
                if len(coming) > n:
                    leaving.append(after.submit(finish, work(coming.popleft().result())))
                if len(leaving) > n:
                    yield leaving.popleft().result()
            while coming:
                leaving.append(after.submit(finish, work(coming.popleft().result())))
                if len(leaving) > n:
                    yield leaving.popleft().result()
            while leaving:
                yield leaving.popleft().result()
        finally:
            before.shutdown(wait=False, cancel_futures=True)
            after.shutdown(wait=False, cancel_futures=True)
