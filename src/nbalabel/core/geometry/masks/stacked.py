"""Several masks on top of each other: which of them cover each stretch of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from .runs import Ints, Runs, cumulative, from_ones

MOST = 62
"""Masks in one stack, at most: each is one bit of an int64."""


@dataclass(frozen=True, eq=False)
class Stretches:
    """Runs of pixels that the same masks of a stack cover, in order of the stack, then of the pixels.

    Attributes:
        stack: number of the stack, ``(n,)``.
        begin: first pixel, column by column, ``(n,)``.
        end: pixel after the last, ``(n,)``.
        covered: which masks cover it: bit j is the mask at place j of the stack, ``(n,)``, never 0.
        totals: pixels of the image of each stack, ``(n_stacks,)``.
    """

    stack: Ints
    begin: Ints
    end: Ints
    covered: Ints
    totals: Ints

    def masks(self, kept: np.ndarray) -> Runs:
        """One mask per stack, of the stretches that are kept, ``(n,)`` bool."""
        counts = np.bincount(self.stack[kept], minlength=len(self.totals))
        return from_ones(self.begin[kept], self.end[kept], cumulative(counts), self.totals)


def stretches(runs: Runs, stack: Ints, place: Ints, n_stacks: int) -> Stretches:
    """What the masks of each stack cover, in one sweep over the ends of all runs.

    Args:
        runs: masks, ``(n,)``.
        stack: number of the stack of each mask, ``(n,)``; masks of one stack are of one image.
        place: place of each mask in its stack, ``(n,)``, from 0 and once each.
        n_stacks: number of stacks; each has a mask.

    Raises:
        DataError: a stack has more than 62 masks.

    Example:
        >>> from .rle import parse
        >>> found = stretches(parse([b"13", b"22"]), np.array([0, 0]), np.array([0, 1]), 1)
        >>> list(zip(found.begin.tolist(), found.end.tolist(), found.covered.tolist()))
        [(1, 2, 1), (2, 4, 3)]
    """
    if len(place) and int(place.max()) >= MOST:
        raise DataError(f"a stack has {MOST} masks at most, got {int(place.max()) + 1}")
    totals = np.zeros(n_stacks, np.int64)
    totals[stack] = runs.totals()
    origin = cumulative(totals + 1)
    begin, end, offsets = runs.ones()
    row = np.repeat(np.arange(len(runs)), np.diff(offsets))
    start = origin[stack[row]]
    at = np.concatenate([begin + start, end + start])
    bit = np.left_shift(np.int64(1), place[row])
    order = np.argsort(at, kind="stable")
    at, covered = at[order], np.bitwise_xor.accumulate(np.concatenate([bit, bit])[order])
    keep = np.flatnonzero((covered[:-1] != 0) & (at[:-1] < at[1:])) if len(at) else np.zeros(0, np.int64)
    of = np.searchsorted(origin, at[keep], "right") - 1
    return Stretches(of, at[keep] - origin[of], at[keep + 1] - origin[of], covered[keep], totals)
