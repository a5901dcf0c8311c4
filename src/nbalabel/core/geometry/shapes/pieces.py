"""Masks cut into vertical pieces of one column each, from which shape and place are computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..masks.flip import by_column
from ..masks.runs import Runs
from ..masks.varints import Ints, cumulative


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of ``n`` masks, mask by mask, left to right, top to bottom.

    Attributes:
        mask: the mask of each piece, ``(k,)`` int64, ascending.
        x: its column, pixels, ``(k,)``.
        top: its first row, pixels, ``(k,)``.
        bottom: the row after its last, pixels, ``(k,)``.
        n: number of masks; those without pixels have no piece.
    """

    mask: Ints
    x: Ints
    top: Ints
    bottom: Ints
    n: int

    @classmethod
    def of(cls, runs: Runs, heights: Ints) -> Pieces:
        """The pieces of masks.

        Args:
            runs: ``n`` masks.
            heights: height of each mask's image, ``(n,)`` pixels.
        """
        begin, end, offsets = runs.canonical().ones()
        row = np.repeat(np.arange(len(runs)), np.diff(offsets))
        begin, end, mask, height = by_column(begin, end, row, heights[row])
        x = begin // height
        return cls(mask, x, begin - x * height, end - x * height, len(runs))

    @cached_property
    def offsets(self) -> Ints:
        """Offset of each mask in the pieces, and the end of the last, ``(n + 1,)``."""
        return cumulative(np.bincount(self.mask, minlength=self.n))

    def sums(self, values: Ints) -> Ints:
        """Sums of a value of each piece over each mask, ``(n,)``; 0 for masks without pixels."""
        return np.diff(cumulative(values)[self.offsets])

    def boxes(self) -> Ints:
        """First column and row, column and row after the last, ``(n, 4)``; zeros for masks without pixels."""
        out = np.zeros((self.n, 4), np.int64)
        full = np.flatnonzero(np.diff(self.offsets))
        if len(full):
            first, last = self.offsets[:-1][full], self.offsets[1:][full] - 1
            tops, bottoms = np.minimum.reduceat(self.top, first), np.maximum.reduceat(self.bottom, first)
            out[full] = np.stack([self.x[first], tops, self.x[last] + 1, bottoms], axis=1)
        return out
