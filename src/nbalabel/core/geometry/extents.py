"""How large masks are and how far they reach, without keeping their runs: the look before masks are compared.

The same reading as :func:`.runs.parse`, tuned for what real masks hold (nearly every number is one
character): about twice as fast, and only four numbers a mask are kept. Whatever looks wrong is handed to
``parse``, which says what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import MaskError
from .codec import Ints
from .column import Rles, blocks, characters
from .runs import parse


@dataclass(frozen=True, eq=False)
class Extents:
    """Sizes of many masks, each ``(n,)`` int64, pixels.

    Attributes:
        totals: pixels of the mask's image.
        areas: pixels inside the mask.
        begins: first pixel inside, counted column by column; 0 for a mask without pixels.
        ends: pixel after the last inside; 0 for a mask without pixels.
    """

    totals: Ints
    areas: Ints
    begins: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.totals)


def extents(rles: Rles) -> Extents:
    """Sizes of all masks.

    Args:
        rles: compressed masks, ``(n,)``; an Arrow column is read where it lies.

    Raises:
        MaskError: a mask is missing or malformed; see :func:`.runs.parse`.

    Example:
        >>> e = extents([b"112", b"04"])
        >>> e.totals.tolist(), e.areas.tolist(), e.begins.tolist(), e.ends.tolist()
        ([4, 4], [1, 4], [1, 0], [2, 4])
    """
    data, offsets = characters(rles)
    out = np.empty((4, len(offsets) - 1), np.int64)
    for a, b in blocks(offsets):
        block = _block(data[offsets[a] : offsets[b]], offsets[a : b + 1] - offsets[a])
        if block is None:
            parse(rles)
            raise MaskError(f"masks {a} to {b} could not be read")
        out[:, a:b] = block
    return Extents(*out)


def _block(chars: npt.NDArray[np.uint8], offsets: Ints) -> Ints | None:
    """Totals, areas, begins and ends of some masks, ``(4, n)``; None where a mask is malformed."""
    groups = chars - np.uint8(48)
    more = groups >= 32
    if (np.diff(offsets) == 0).any() or groups.max() > 63 or more[offsets[1:] - 1].any():
        return None
    continued = np.flatnonzero(more)
    starts = offsets - np.searchsorted(continued, offsets)
    counts = np.zeros(
        (len(chars) - len(continued) + 1) // 2 * 2, np.int64
    )  # even, so that both parities are as long
    counts[: starts[-1]] = (groups[~more] ^ 16).view(np.int8) - np.int8(
        16
    )  # the last group's highest bit is the sign
    if len(continued) and not _add_groups(counts, groups, continued):
        return None
    _sum_chains(counts, starts)
    if counts.min() < 0:
        return None
    return _measure(counts, starts)


def _add_groups(counts: Ints, groups: npt.NDArray[np.uint8], continued: Ints) -> bool:
    """Put in the lower groups of numbers of several characters; False where one is too long."""
    number = continued - np.arange(len(continued))
    first = np.flatnonzero(np.diff(number, prepend=-1))
    n = np.diff(first, append=len(continued))
    if n.max() > 5:
        return False
    at = number[first]
    values = counts[at]
    for k in range(1, int(n.max()) + 1):
        some = np.flatnonzero(n >= k)
        values[some] = (values[some] << 5) | (groups[continued[first[some] + n[some] - k]] & 31)
    counts[at] = values
    return True


def _sum_chains(counts: Ints, starts: Ints) -> None:
    """Undo the differences in place: from the fourth number on, each adds the run two before."""
    heads = np.zeros(len(counts), bool)
    lengths = np.diff(starts)
    for k in range(3):
        heads[starts[:-1][lengths > k] + k] = True
    for parity in range(2):
        chain = counts[parity::2]
        at = np.flatnonzero(heads[parity::2])
        if len(at):
            sums = np.add.reduceat(chain, at)
            chain[at[1:]] -= sums[:-1]
            np.cumsum(chain, out=chain)


def _measure(counts: Ints, starts: Ints) -> Ints:
    begin, end = starts[:-1], starts[1:]
    totals = np.add.reduceat(counts[: starts[-1]], begin)
    even, odd = (np.concatenate([[0], np.cumsum(counts[p::2])]) for p in range(2))
    at_even = even[(end + 1) // 2] - even[(begin + 1) // 2]
    areas = np.where(begin % 2 == 0, odd[end // 2] - odd[begin // 2], at_even)
    trailing = np.where((end - begin) % 2 == 1, counts[end - 1], 0)  # an odd number of runs ends in zeros
    some = areas > 0
    return np.stack([totals, areas, np.where(some, counts[begin], 0), np.where(some, totals - trailing, 0)])
