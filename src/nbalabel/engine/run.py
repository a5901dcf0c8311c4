"""Run a task many times elsewhere: bounded in flight, tried again where a worker died."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from typing import Any, TypeAlias, TypeVar

from ..core.errors import ImageError, ModelError, NbalabelError
from .workers import Workers, workers_of

_TRIES = 3
_PAUSE = 0.02  # seconds between looks at what is in flight
_PER_WORKER = 2  # calls in flight: one that runs, one that waits

Argument = TypeVar("Argument")
Result = TypeVar("Result")
On: TypeAlias = Any
"""A number of processes, a ``dask.distributed.Client``, or whatever has ``submit(function, *arguments)``."""


def run(
    task: Callable[[int, Argument], Result], calls: Iterable[tuple[int, Argument]], on: On
) -> Iterator[tuple[int, Result]]:
    """Call ``task(number, argument)`` for each pair, elsewhere; give ``(number, result)`` as calls end.

    Two calls per worker are in flight, so that neither memory nor a scheduler holds all of them. A call that
    failed because its worker died, or with an error that is none of ours, is made again, alone, after all
    others: so one that ends its worker each time is found, and costs nothing but itself. Ending the iteration
    early, also by an interrupt, cancels what has not begun; processes of ours end at once.

    Args:
        task: can be pickled, and may run more than once for a number.
        calls: number and argument of each call; taken one by one.
        on: where to run.

    Raises:
        DataError: ``on`` is nothing to run on.
        ModelError: a call failed three times.
    """
    with workers_of(on) as workers:
        yield from _run(task, iter(calls), workers)


def _run(
    task: Callable[[int, Argument], Result], calls: Iterator[tuple[int, Argument]], workers: Workers
) -> Iterator[tuple[int, Result]]:
    flying: dict[Any, tuple[int, Argument]] = {}
    again: deque[tuple[int, Argument]] = deque()
    failures: Counter[int] = Counter()
    try:
        while True:
            for call in _next(calls, again, len(flying), _PER_WORKER * workers.n()):
                flying[workers.start(task, *call)] = call
            if not flying:
                return
            done = [future for future in flying if future.done()]
            if not done:
                time.sleep(_PAUSE)
            for future in done:
                number, argument = flying.pop(future)
                error = _error_of(future)
                if error is None:
                    yield number, future.result()
                else:
                    failures[number] += 1
                    _give_up(number, failures[number], error)
                    again.append((number, argument))
    finally:
        for future in flying:
            future.cancel()


def _next(
    calls: Iterator[tuple[int, Argument]], again: deque[tuple[int, Argument]], flying: int, most: int
) -> Iterator[tuple[int, Argument]]:
    """The calls to start now: new ones first; those that failed one at a time, while nothing else runs."""
    while flying < most:
        call = next(calls, None)
        if call is None:
            break
        flying += 1
        yield call
    if not flying and again:
        yield again.popleft()


def _error_of(future: Any) -> BaseException | None:
    try:
        error: BaseException | None = future.exception()
    except CancelledError as cancelled:
        return cancelled
    return error


def _give_up(number: int, failures: int, error: BaseException) -> None:
    if isinstance(error, NbalabelError) and not isinstance(error, ImageError):
        raise error
    if failures >= _TRIES:
        said = str(error) or type(error).__name__
        raise ModelError(
            f"call {number} failed {failures} times, the last time alone: {said}. What is done is kept; a "
            "worker that ends without a word has often run out of memory: give it more, or a smaller batch="
        ) from error
