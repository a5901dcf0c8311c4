"""Centres of masks counted over the plane of the image, and how evenly they fill it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

_EVEN = 8  # cells along each side for the evenness, whatever is drawn: labels and selections can be compared
_FEWEST, _MOST = 8, 32  # cells along the longer side


@dataclass(frozen=True, eq=False)
class Plane:
    """Centres of masks, and cells to count them in.

    Attributes:
        x: shares of the image's width, ``(n,)`` 0..1; NaN where there is no centre.
        y: shares of the image's height, likewise.
        across: number of cells from left to right.
        down: number of cells from top to bottom.
    """

    x: Floats
    y: Floats
    across: int
    down: int

    @classmethod
    def of(cls, x: Floats, y: Floats, ratio: float, bins: int | None = None) -> Plane:
        """A plane with cells that are about square on an image.

        Args:
            x: see the class.
            y: see the class.
            ratio: width over height of an image.
            bins: cells along the longer side; None: twice the fourth root of the number of centres, 8 to 32.

        Source: the width of cells falls with the fourth root in two dimensions: D. W. Scott (1992),
            Multivariate density estimation.
        """
        n = int(np.isfinite(x).sum())
        longer = int(np.clip(round(2 * n**0.25), _FEWEST, _MOST)) if bins is None else bins
        shorter = max(round(longer * min(ratio, 1 / ratio)), 1)
        return cls(x, y, *((longer, shorter) if ratio >= 1 else (shorter, longer)))

    def count(self, rows: npt.NDArray[np.bool_]) -> Counts:
        """Number of centres in each cell, ``(down, across)``.

        Args:
            rows: which centres count, ``(n,)``.
        """
        return _counted(self.x[rows], self.y[rows], self.across, self.down)

    def evenness(self, rows: npt.NDArray[np.bool_]) -> float:
        """How evenly centres fill the plane, 0 (all in one place) to 1; NaN for fewer than 2 centres.

        The entropy of their shares of 8 by 8 cells, over the largest entropy that so many centres can have.
        Below a few hundred centres, even those placed at random stay below 1.

        Args:
            rows: which centres count, ``(n,)``.

        Source: E. C. Pielou (1966), The measurement of diversity in different types of biological
            collections; entropy, C. E. Shannon (1948).
        """
        counts = _counted(self.x[rows], self.y[rows], _EVEN, _EVEN).ravel()
        n = int(counts.sum())
        if n < 2:
            return float("nan")
        shares = counts[counts > 0] / n
        return float(-(shares * np.log(shares)).sum() / np.log(min(n, _EVEN * _EVEN))) + 0.0


def _counted(x: Floats, y: Floats, across: int, down: int) -> Counts:
    known = np.isfinite(x) & np.isfinite(y)
    column = np.clip((x[known] * across).astype(np.int64), 0, across - 1)
    row = np.clip((y[known] * down).astype(np.int64), 0, down - 1)
    return np.bincount(row * across + column, minlength=across * down).reshape(down, across).astype(np.int64)
