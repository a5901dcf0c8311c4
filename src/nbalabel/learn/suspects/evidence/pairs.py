"""Overlaps of labels with predictions and with each other, and what follows from them for each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.geometry.overlap.keep_best import overlapping

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Overlapping pairs of two tables.

    Attributes:
        left: positions in the first table, ``(k,)``.
        right: positions in the second, ``(k,)``.
        iou: of the two masks, ``(k,)``, above 0.
        of_left: share of the left mask that the right one covers, ``(k,)``, 0..1.
        of_right: share of the right mask that the left one covers, ``(k,)``, 0..1.
        n_left: rows of the first table.
        n_right: rows of the second.
    """

    left: Ints
    right: Ints
    iou: Floats
    of_left: Floats
    of_right: Floats
    n_left: int
    n_right: int

    @classmethod
    def of(cls, a: pd.DataFrame, b: pd.DataFrame | None = None) -> Overlaps:
        """Overlaps of the rows of two tables, or of one table with itself (both directions)."""
        second = a if b is None else b
        if not len(a) or not len(second):
            rows, numbers = np.zeros(0, np.int64), np.zeros(0)
            return cls(rows, rows, numbers, numbers, numbers, len(a), len(second))
        if b is None:
            found = overlapping(a["image_id"], a["mask"], above=0.0)
        else:
            found = overlapping(a["image_id"], a["mask"], b["image_id"], b["mask"], above=0.0)
        own, other = (f["area"].to_numpy(np.float64) for f in (a, second))
        own, other = own[found.left], other[found.right]
        shared = found.iou / (1 + found.iou) * (own + other)
        return cls(
            found.left, found.right, found.iou, shared / np.maximum(own, 1), shared / np.maximum(other, 1),
            len(a), len(second),
        )  # fmt: skip

    def most(self, value: Floats, chosen: Bools | None = None, right: bool = False) -> Floats:
        """The largest value among the pairs of each row, 0 where there is none."""
        rows, n = (self.right, self.n_right) if right else (self.left, self.n_left)
        out = np.zeros(n)
        keep = slice(None) if chosen is None else chosen
        np.maximum.at(out, rows[keep], value[keep])
        return out

    def total(self, value: Floats, chosen: Bools, right: bool = False) -> Floats:
        """The sum of a value over the chosen pairs of each row."""
        rows, n = (self.right, self.n_right) if right else (self.left, self.n_left)
        return np.bincount(rows[chosen], value[chosen], n).astype(np.float64)

    def best(self, value: Floats) -> Ints:
        """The pair of the largest value of each left row, -1 where there is none, ``(n_left,)``."""
        out = np.full(self.n_left, -1, np.int64)
        order = np.lexsort((value, self.left))
        out[self.left[order]] = order  # the last one assigned is the largest
        return out
