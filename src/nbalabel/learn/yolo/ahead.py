"""Make batches in a thread while the network trains on the previous batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_AHEAD = 2


class Ahead:
    """A data loader whose batches are made in a thread of their own, at most two ahead.

    The batches come in the same order as without the thread, and none is made beyond the end of an iteration,
    so that all draws depend on the seed alone.

    Args:
        loader: a data loader without workers.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __len__(self) -> int:
        return len(self._loader)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_loader"], name)

    def one_by_one(self) -> Iterator[Any]:
        """The same batches without an end, each made when it is asked for, in the thread that asks."""
        while True:
            yield from self._loader

    def __iter__(self) -> Iterator[Any]:
        left = len(self._loader)
        with ThreadPoolExecutor(1, thread_name_prefix="nbalabel-batches") as thread:
            batches = iter(self._loader)
            ahead: deque[Any] = deque()
            while left or ahead:
                while left and len(ahead) < _AHEAD:
                    ahead.append(thread.submit(next, batches))
                    left -= 1
                yield ahead.popleft().result()
