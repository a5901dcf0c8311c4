"""A least-recently-used (LRU) cache with a limit on total size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """An LRU cache: the least recently used values are dropped while the total size exceeds a limit.

    Not thread-safe.

    Args:
        limit: largest total size of all values, >= 0.
        size: size of one value; default 1 each, so that ``limit`` is a number of values.
        least: number of values kept whatever their size. With 0, a value above the limit is not kept.

    Example:
        >>> kept = Recent(5, size=len)
        >>> for word in ("one", "two", "seven!"):
        ...     _ = kept.put(word, word)
        >>> list(kept), kept.total
        (['two'], 3)
    """

    def __init__(self, limit: int, size: Callable[[V], int] = lambda _: 1, *, least: int = 0) -> None:
        self.limit, self.total = limit, 0
        self._size, self._least = size, least
        self._values: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[K]:
        """Keys, the most recently used one last."""
        return iter(self._values)

    def get(self, key: K) -> V | None:
        """The value of a key, which counts as a use; None where there is none."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        """Store a value under a key, replacing an earlier one; returns the value."""
        if key in self._values:
            self.total -= self._size(self._values.pop(key))
        if self._size(value) > self.limit and not self._least:
            return value
        self._values[key] = value
        self.total += self._size(value)
        while self.total > self.limit and len(self._values) > self._least:
            self.total -= self._size(self._values.popitem(last=False)[1])
        return value
