"""Work on a long array some rows at a time: what is made on the way stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator

_SHORT = 1 << 16


def blocks(n: int, size: int = _SHORT) -> Iterator[slice]:
    """All of ``n`` rows, ``size`` at a time.

    Example:
        >>> [(some.start, some.stop) for some in blocks(5, 2)]
        [(0, 2), (2, 4), (4, 6)]
    """
    return (slice(begin, begin + size) for begin in range(0, n, size))
