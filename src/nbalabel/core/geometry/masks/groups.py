"""Which rows of two sorted tables to compare: those of the same group, such as one image and label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .runs import Ints

CELLS = 1 << 21
"""Default number of pairs per chunk."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Group ``g``: left rows ``left_start[g]:left_end[g]``, right rows ``right_start[g]:right_end[g]``.

    All pairs of a left and a right row of one group are compared. All four arrays are ``(n_groups,)`` int64.
    """

    left_start: Ints
    left_end: Ints
    right_start: Ints
    right_end: Ints

    @classmethod
    def of(cls, left: npt.ArrayLike, right: npt.ArrayLike) -> Groups:
        """Groups of the keys that occur on both sides.

        Args:
            left: key of each row of the first table, ``(n,)`` integers, ascending.
            right: key of each row of the second table, ``(m,)``, ascending.

        Example:
            >>> groups = Groups.of([0, 0, 2, 5], [0, 3, 5, 5])
            >>> groups.left_end.tolist(), groups.right_start.tolist()
            ([2, 4], [0, 2])
        """
        a, b = np.asarray(left, np.int64), np.asarray(right, np.int64)
        keys = b[np.flatnonzero(np.diff(b, prepend=b[:1] - 1))]
        a0, a1 = np.searchsorted(a, keys), np.searchsorted(a, keys, "right")
        b0, b1 = np.searchsorted(b, keys), np.searchsorted(b, keys, "right")
        both = a1 > a0
        return cls(a0[both], a1[both], b0[both], b1[both])

    def __len__(self) -> int:
        return len(self.left_start)

    def n_left(self) -> Ints:
        """Number of left rows of each group, ``(n_groups,)``."""
        return self.left_end - self.left_start

    def n_right(self) -> Ints:
        """Number of right rows of each group, ``(n_groups,)``."""
        return self.right_end - self.right_start

    def pairs(self) -> tuple[Ints, Ints]:
        """Left and right row of every pair, ``(n_pairs,)`` each, sorted by group, then left row."""
        n_right = np.repeat(self.n_right(), self.n_left())
        left = np.repeat(spans(self.left_start, self.left_end), n_right)
        start = np.repeat(self.right_start, self.n_left())
        return left, spans(start, start + n_right)

    def chunks(self, limit: int = CELLS) -> Iterator[Groups]:
        """The same groups in chunks of about ``limit`` pairs; larger groups are cut by left rows."""
        cut = self._cut(limit)
        done = np.concatenate([[0], np.cumsum(cut.n_left() * cut.n_right())])
        bounds = np.unique(np.append(np.searchsorted(done, np.arange(0, done[-1], limit)), len(cut)))
        for a, b in pairwise(bounds.tolist()):
            yield Groups(cut.left_start[a:b], cut.left_end[a:b], cut.right_start[a:b], cut.right_end[a:b])

    def _cut(self, limit: int) -> Groups:
        step = np.maximum(1, limit // self.n_right())
        parts = -(-self.n_left() // step)
        group = np.repeat(np.arange(len(self)), parts)
        nth = spans(np.zeros_like(parts), parts)
        start = self.left_start[group] + nth * step[group]
        end = np.minimum(start + step[group], self.left_end[group])
        return Groups(start, end, self.right_start[group], self.right_end[group])


def spans(start: Ints, end: Ints) -> Ints:
    """Concatenate the integer ranges ``start[i]:end[i]``.

    Example:
        >>> spans(np.array([0, 7]), np.array([2, 10])).tolist()
        [0, 1, 7, 8, 9]
    """
    n = end - start
    offset: Ints = np.repeat(start - (np.cumsum(n) - n), n)
    return np.arange(len(offset)) + offset
