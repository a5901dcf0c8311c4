"""Whole numbers in few bytes, for messages: seven bits a byte, the high bit where more follow (LEB128)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BITS = np.uint64(7)


def packed(numbers: npt.NDArray[np.integer]) -> bytes:
    """Numbers from 0 on as bytes; ``js/src/core/rows/gaps.ts`` reads them.

    Example:
        >>> packed(np.array([0, 127, 128])).hex()
        '007f8001'
    """
    left = numbers.astype(np.uint64)
    n = max(int(left.max(initial=0)).bit_length(), 1)
    parts: list[npt.NDArray[np.uint8]] = []
    used: list[npt.NDArray[np.bool_]] = []
    for _ in range(-(-n // 7)):
        more = left >> _BITS > 0
        parts.append(((left & np.uint64(127)) | (more.astype(np.uint64) << _BITS)).astype(np.uint8))
        used.append(left > 0 if used else np.ones(len(left), np.bool_))
        left = left >> _BITS
    written: npt.NDArray[np.uint8] = np.stack(parts, axis=1)[np.stack(used, axis=1)]
    return written.tobytes()


def gaps(ascending: npt.NDArray[np.integer]) -> bytes:
    """Ascending numbers from 0 on as the gaps between them."""
    return packed(np.diff(ascending, prepend=0))


def runs(values: npt.NDArray[np.int32]) -> bytes:
    """Numbers, also negative ones, as runs of equal ones: the step from the run before, and the length.

    A step of k is 2 k, one of -k is 2 k - 1.

    Example:
        >>> runs(np.array([4, 4, 4, 3], np.int32)).hex()
        '08030101'
    """
    begins = np.flatnonzero(np.diff(values, prepend=values[:1] - 1))
    steps = np.diff(values[begins].astype(np.int64), prepend=0)
    pairs = np.stack([np.where(steps < 0, -2 * steps - 1, 2 * steps), np.diff(begins, append=len(values))], 1)
    return packed(pairs.ravel())
