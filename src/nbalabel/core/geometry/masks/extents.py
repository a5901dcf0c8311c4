"""Areas and pixel ranges of many masks without keeping their runs: a cheap prefilter for comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .runs import Runs, parse_blocks
from .strings import Rles
from .varints import Ints


@dataclass(frozen=True, eq=False)
class Extents:
    """Sizes of many masks, each ``(n,)`` int64, pixels.

    Attributes:
        totals: pixels of the mask's image.
        areas: pixels inside the mask.
        begins: first pixel inside, in column-major order; 0 for a mask without pixels.
        ends: pixel after the last pixel inside, likewise; 0 for a mask without pixels.
    """

    totals: Ints
    areas: Ints
    begins: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.totals)


def extents(rles: Rles) -> Extents:
    """Sizes of all masks in one pass over their strings; only one block of runs is in memory at a time.

    Args:
        rles: compressed masks, ``(n,)``; an Arrow column is read without copying.

    Raises:
        MaskError: a mask is missing or malformed; see :func:`.runs.parse`.

    Example:
        >>> e = extents([b"112", b"04"])
        >>> e.totals.tolist(), e.areas.tolist(), e.begins.tolist(), e.ends.tolist()
        ([4, 4], [1, 4], [1, 0], [2, 4])
    """
    parts = [_measure(runs) for _, runs in parse_blocks(rles)]
    return Extents(*np.concatenate([np.empty((4, 0), np.int64), *parts], axis=1))


def _measure(runs: Runs) -> Ints:
    first, last = runs.starts[:-1], runs.starts[1:] - 1
    totals, areas = runs.totals(), runs.areas()
    trailing = np.where(runs.lengths() % 2 == 1, runs.counts[last], 0)  # an odd number of runs ends in zeros
    some = areas > 0
    return np.stack(
        [totals, areas, np.where(some, runs.counts[first], 0), np.where(some, totals - trailing, 0)]
    )
