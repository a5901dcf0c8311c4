"""Areas and boxes of many masks without keeping their runs: a cheap prefilter for comparisons."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from .runs import Runs, cumulative, parse_blocks
from .strings import Rles
from .varints import Ints

Small = npt.NDArray[np.int32]
_MOST = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Extents:
    """Sizes of many masks, each ``(n,)`` int32, pixels; boxes are 0 for masks without pixels.

    Attributes:
        totals: pixels of the mask's image; of one too large for int32 the largest.
        areas: pixels inside the mask.
        lefts: first column of the box.
        rights: column after the last.
        tops: first row of the box.
        bottoms: row after the last.
    """

    totals: Small
    areas: Small
    lefts: Small
    rights: Small
    tops: Small
    bottoms: Small

    @classmethod
    def unknown(cls, n: int) -> Extents:
        """Room for ``n`` masks, to be filled by :meth:`put`."""
        return cls(*(np.empty(n, np.int32) for _ in fields(cls)))

    def put(self, rows: npt.ArrayLike, found: Extents) -> None:
        """Set the sizes of some rows."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(found, field.name)

    def take(self, rows: npt.ArrayLike) -> Extents:
        """The sizes of some rows."""
        return Extents(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.totals)


def extents(rles: Rles, heights: npt.ArrayLike | None = None) -> Extents:
    """Sizes of all masks in one pass over their strings; only one block of runs is in memory at a time.

    Two masks that share a pixel have boxes that meet, whatever height is given, as long as it is the same
    for both: pixel p then lies in column p // height, row p % height of both.

    Args:
        rles: compressed masks, ``(n,)``; an Arrow column is read without copying.
        heights: height of each mask's image, ``(n,)`` or one number, pixels, above 0; None takes all pixels
            for one column, which makes the boxes ranges of pixels.

    Raises:
        MaskError: a mask is missing or malformed; see :func:`.runs.parse`.

    Example:
        >>> e = extents([b"112", b"04"], 2)
        >>> e.totals.tolist(), e.areas.tolist(), e.tops.tolist(), e.bottoms.tolist()
        ([4, 4], [1, 4], [1, 0], [2, 2])
    """
    height = None if heights is None else np.asarray(heights, np.int64)
    parts = [
        _measure(runs, height[rows] if height is not None and height.ndim else height)
        for rows, runs in parse_blocks(rles)
    ]
    nothing = Extents.unknown(0)
    return Extents(
        *(np.concatenate([getattr(x, f.name) for x in (nothing, *parts)]) for f in fields(Extents))
    )


def _measure(runs: Runs, height: npt.NDArray[np.int64] | None) -> Extents:
    begin, end, offsets = runs.ones()
    areas = np.diff(cumulative(end - begin)[offsets])
    full = np.flatnonzero(np.diff(offsets))
    box = np.zeros((4, len(runs)), np.int32)
    first, last = offsets[:-1][full], offsets[1:][full] - 1
    if height is None:
        box[:, full] = np.zeros(len(full)), np.ones(len(full)), begin[first], end[last]
    elif len(full):
        box[:, full] = _box(begin, end, first, last, _per_run(height, offsets))
    total, area = (np.minimum(sizes, _MOST).astype(np.int32) for sizes in (runs.totals(), areas))
    return Extents(total, area, *box)


def _box(begin: Ints, end: Ints, first: Ints, last: Ints, height: Any) -> tuple[Ints, Ints, Ints, Ints]:
    """Columns and rows of masks, from their 1-runs ``first`` to ``last``: left, right, top, bottom."""
    column = begin // height
    top = begin - column * height
    bottom = top + (end - begin)
    beyond = bottom > height  # a run that goes on in the next column
    top[beyond] = 0
    bottom = np.minimum(bottom, height)
    at_last = height if np.ndim(height) == 0 else height[last]
    right = (end[last] - 1) // at_last + 1
    return column[first], right, np.minimum.reduceat(top, first), np.maximum.reduceat(bottom, first)


def _per_run(height: npt.NDArray[np.int64], offsets: Ints) -> Any:
    """The height of the image of each 1-run; one number where all are the same, which divides faster."""
    if height.ndim == 0 or bool((height == height[0]).all()):
        return height if height.ndim == 0 else height[0]
    return np.repeat(height, np.diff(offsets))
