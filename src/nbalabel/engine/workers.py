"""Who runs calls: processes of this machine, a Dask cluster, or anything with ``submit``."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Protocol

from ..core import carried
from ..core.cores import cores
from ..core.errors import DataError, short
from .memory import keep_freed_memory

_ASK_AGAIN = 1.0  # seconds until a cluster is asked again how many workers it has
_UNKNOWN = 8  # workers that an executor is taken to have which does not say


class Workers(Protocol):
    """Where calls run."""

    def n(self) -> int:
        """How many calls can run at once now; at least 1."""

    def start(self, task: Any, *arguments: Any) -> Any:
        """Start a call; the future has ``done``, ``result`` and ``cancel``."""


@contextmanager
def workers_of(on: Any) -> Iterator[Workers]:
    """The workers that are meant; processes of ours end with the context, a cluster stays.

    Raises:
        DataError: it is neither a number of processes nor something with ``submit``.
    """
    if isinstance(on, int) and not isinstance(on, bool) and on > 0:
        processes = _Processes(on)
        try:
            yield processes
        finally:
            processes.close()
    elif callable(getattr(on, "submit", None)):
        yield _Submitting(on)
    else:
        raise DataError(
            "on must be a number of processes, a dask.distributed.Client, or have submit(function, "
            f"*arguments) as an Executor of concurrent.futures has; got {short(on)}"
        )


def call(kept: carried.Kept, task: Any, arguments: tuple[Any, ...]) -> Any:
    """What a worker does: take over the settings of the session that asks, then the task."""
    keep_freed_memory()
    carried.restore(kept)
    return task(*arguments)


def _threads_of(n: int) -> int:
    """Threads of each of ``n`` processes: the cores shared out, and no more than this session may take.

    Args:
        n: number of processes.
    """
    most = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    share = max(1, cores() // n)
    return min(share, int(most)) if most.isdigit() and int(most) > 0 else share


class _Submitting:
    """A Dask client, or an Executor."""

    def __init__(self, client: Any) -> None:
        self._client = client
        is_dask = type(client).__module__.partition(".")[0] == "distributed"
        # The same call may be made twice on purpose, and is no value that could be kept.
        self._more: dict[str, Any] = {"pure": False} if is_dask else {}
        self._n, self._asked = 1, -math.inf

    def n(self) -> int:
        now = time.monotonic()
        if now >= self._asked + _ASK_AGAIN:  # a question to the scheduler goes through three threads
            self._n, self._asked = self._ask(), now
        return self._n

    def _ask(self) -> int:
        threads = getattr(self._client, "nthreads", None)
        if callable(threads):
            return max(1, int(sum(threads().values())))
        return max(1, int(getattr(self._client, "_max_workers", None) or _UNKNOWN))

    def start(self, task: Any, *arguments: Any) -> Any:
        return self._client.submit(call, carried.kept(), task, arguments, **self._more)


class _Processes:
    """Processes of this machine, which end with this one, however it ends."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._open()

    def n(self) -> int:
        return self._n

    def start(self, task: Any, *arguments: Any) -> Any:
        try:
            return self._pool.submit(call, carried.kept(), task, arguments)
        except BrokenExecutor:  # one died, and the executor is of no use any more
            self.close()
            self._open()
            return self._pool.submit(call, carried.kept(), task, arguments)

    def close(self) -> None:
        self._line.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _open(self) -> None:
        context = multiprocessing.get_context("spawn")
        theirs, self._line = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(self._n, context, _begin, (theirs, _threads_of(self._n)))


def _begin(line: Connection, threads: int) -> None:
    """First in a process: end when the line to its parent closes; leave interrupts to the parent."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()


def _end_with(line: Connection) -> None:
    try:
        line.poll(None)
    finally:
        os._exit(0)
