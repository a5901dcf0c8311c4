"""Parallel work, one piece per core."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, TypeVar

from ...core.cores import cores

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_here = threading.local()


def each(work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> list[Result]:
    """Apply ``work`` to each piece, on all cores; results in order. A call from inside a piece runs serially.

    Meanwhile matrix products use one thread each: their threads wait for each other in busy loops, which
    costs more than they gain on pieces of this size.

    Example:
        >>> each(abs, [-1, 2, -3])
        [1, 2, 3]
    """
    pieces = list(pieces)
    if getattr(_here, "busy", False):
        return [work(piece) for piece in pieces]

    def worker(piece: Piece) -> Result:
        with _busy():
            return work(piece)

    with one_thread_a_product():
        if len(pieces) < 2:  # leaves the cores to parallel work inside the piece
            return [work(piece) for piece in pieces]
        with ThreadPoolExecutor(min(cores(), len(pieces))) as pool:
            return list(pool.map(worker, pieces))


@contextmanager
def _busy() -> Iterator[None]:
    _here.busy = True
    try:
        yield
    finally:
        _here.busy = False


def one_thread_a_product() -> AbstractContextManager[Any]:
    """Matrix products on one thread each, which also gives the same digits everywhere."""
    controller = _controller()
    return nullcontext() if controller is None else controller.limit(limits=1, user_api="blas")


@cache
def _controller() -> Any:
    try:
        from threadpoolctl import ThreadpoolController  # ships no types
    except ImportError:  # comes with scikit-learn
        return None
    return ThreadpoolController()
