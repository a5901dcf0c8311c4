"""COCO's variable-length integers to run lengths and back: many masks in NumPy, one in plain Python.

A COCO compressed mask is a string of numbers. Each number is cut into groups of five bits, lowest first,
until only its sign is left; a character is ``48 + group``, plus 32 when another group follows. The
numbers are the lengths of alternating runs of 0 and 1 of the mask read column by column; from the fourth on,
the stored number is the difference to the run two before.

Source: the COCO mask API, https://github.com/cocodataset/cocoapi (``rleToString``, ``rleFrString``).
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ...errors import MaskError

Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Chars: TypeAlias = npt.NDArray[np.uint8]

MAX_PIXELS = 1 << 29
"""Masks must have fewer pixels: pycocotools reserves six characters, 30 bits with sign, for a number."""

_MAX_GROUPS = 6


def cumulative(values: npt.NDArray[Any]) -> Ints:
    """Sums of the first 0, 1, 2 ... values, ``(n + 1,)`` int64.

    Example:
        >>> cumulative(np.array([2, 3])).tolist()
        [0, 2, 5]
    """
    out = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=out[1:])
    return out


def numbers(groups: Chars, more: Flags) -> tuple[Ints, Flags | None, Ints]:
    """Decode the numbers of many masks; differences are not yet undone.

    Args:
        groups: characters minus 48, ``(n_characters,)``; no number is cut off.
        more: where another group of the same number follows, ``(n_characters,)`` bool.

    Returns:
        The values ``(n_numbers,)``; which numbers have more than six groups (None: none has; otherwise the
        values are invalid); and the positions of numbers with a redundant last group, which pycocotools never
        writes.
    """
    values = _signed(groups[~more]).astype(np.int64)
    continued = np.flatnonzero(more)
    if not len(continued):
        return values, None, continued
    number = continued - np.arange(len(continued))
    head = np.flatnonzero(np.diff(number, prepend=-1))
    extra = np.diff(head, append=len(continued))  # groups below the last, of numbers that have any
    at = number[head]
    longest = int(extra.max())
    if longest >= _MAX_GROUPS:
        too_long = np.zeros(len(values), bool)
        too_long[at[extra >= _MAX_GROUPS]] = True
        return values, too_long, at[:0]
    below = head + extra - 1
    top, group = values[at], groups[continued[below]]
    padded = at[top == -((group >> 4) & 1).astype(np.int64)]
    top = (top << 5) | (group & 31)
    for k in range(1, longest):
        some = np.flatnonzero(extra > k)
        top[some] = (top[some] << 5) | (groups[continued[below[some] - k]] & 31)
    values[at] = top
    return values, None, padded


def _signed(groups: Chars) -> npt.NDArray[np.int8]:
    """Value of the last group of a number, whose highest bit is the sign."""
    return (groups ^ np.uint8(16)).view(np.int8) - np.int8(16)


def undo_differences(values: Ints, starts: Ints) -> Ints:
    """Run lengths from stored numbers: from the fourth number of a mask on, add the run two before.

    Args:
        values: numbers of all masks, ``(n_numbers,)``.
        starts: offset of each mask, and the end of the last mask, ``(n_masks + 1,)``.
    """
    n = len(values)
    heads = np.zeros(n, bool)  # where a new cumulative sum begins: the first three runs of a mask
    lengths = np.diff(starts)
    for k in range(3):
        heads[starts[:-1][lengths > k] + k] = True
    counts = values.copy()
    for parity in range(2):
        chain = counts[parity::2]
        at = np.flatnonzero(heads[parity::2])
        if len(at):
            sums = np.add.reduceat(chain, at)
            chain[at[1:]] -= sums[:-1]
            np.cumsum(chain, out=chain)
    return counts


def write(counts: Ints, starts: Ints) -> tuple[Chars, Ints]:
    """Characters of all masks, and ``(n_masks + 1,)`` int64 offsets into them.

    Args:
        counts: run lengths of all masks, ``(n_counts,)``.
        starts: offset of each mask, and the end of the last mask, ``(n_masks + 1,)``.
    """
    values = counts.copy()
    values[2:] -= counts[:-2]
    lengths = np.diff(starts)
    for k in range(3):
        at = starts[:-1][lengths > k] + k
        values[at] = counts[at]
    size = values ^ (values >> 63)
    n_groups = np.ones(len(values), np.int64)
    for bits in range(4, 30, 5):
        longer = size >= 1 << bits
        if not longer.any():
            break
        n_groups += longer
    ends = cumulative(n_groups)
    data = np.empty(int(ends[-1]), np.uint8)
    at, rest, left = ends[:-1], values, n_groups
    while len(at):
        left = left - 1
        data[at] = ((rest & 31) | ((left > 0) << 5)) + 48
        go = np.flatnonzero(left)
        at, rest, left = at[go] + 1, rest[go] >> 5, left[go]
    return data, ends[starts]


class _Numbers(dict[bytes, int]):
    """Number of each token; tokens of at most two characters, about a thousand, are cached."""

    def __missing__(self, token: bytes) -> int:
        if len(token) > _MAX_GROUPS:
            raise MaskError(f"numbers of a mask have at most six characters, got {token[:12]!r}")
        value = ((token[-1] - 48) ^ 16) - 16
        for char in token[-2::-1]:
            value = (value << 5) | ((char - 48) & 31)
        if len(token) <= 2:
            self[token] = value
        return value


_NUMBERS = _Numbers()
_tokens = re.compile(rb"[P-o]*[0-O]").findall


def read_one(rle: bytes) -> list[int]:
    """Run lengths of one mask, beginning with the 0-run.

    Raises:
        MaskError: the mask is not bytes, empty, cut off, has characters outside the format or a negative run.

    Example:
        >>> read_one(b"211")
        [2, 1, 1]
    """
    if not isinstance(rle, bytes):
        raise MaskError(f"a mask must be bytes, got {type(rle).__name__}")
    if len(rle) > LONG:
        listed: list[int] = read_array(rle).tolist()
        return listed
    found = _tokens(rle)
    if not found or sum(map(len, found)) != len(rle):
        raise MaskError(_MALFORMED.format(bytes(rle[:40])))
    counts = [_NUMBERS[token] for token in found]
    counts[1::2] = accumulate(counts[1::2])
    counts[2::2] = accumulate(counts[2::2])
    if min(counts) < 0:
        raise MaskError(f"a mask must not have negative runs, got {bytes(rle[:40])!r}")
    return counts


LONG = 400
"""Above this number of characters, NumPy parses one mask faster than plain Python."""


def read_array(rle: bytes) -> Ints:
    """As :func:`read_one`, for long masks."""
    groups = np.frombuffer(rle, np.uint8) - np.uint8(48)  # characters below 48 wrap around to more than 63
    more = groups >= 32
    if groups.max() > 63 or more[-1]:
        raise MaskError(_MALFORMED.format(bytes(rle[:40])))
    counts, too_long, _ = numbers(groups, more)
    if too_long is not None:
        raise MaskError(f"numbers of a mask have at most six characters, got {bytes(rle[:40])!r}")
    for chain in (counts[1::2], counts[2::2]):
        np.cumsum(chain, out=chain)
    if counts.min() < 0:
        raise MaskError(f"a mask must not have negative runs, got {bytes(rle[:40])!r}")
    return counts


_MALFORMED = "a mask must be complete numbers in characters '0' to 'o', got {!r}"
