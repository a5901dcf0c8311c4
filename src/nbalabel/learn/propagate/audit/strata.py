"""The sampling frame of an audit: rows by stratum, and within a stratum by bins of similar doubt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ....core.errors import DataError, first

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_BINS = 16


class Cells:
    """Rows by stratum and bin of doubt; each cell holds its rows in a random order that the seed fixes.

    A uniform draw from a cell takes its next row, so the cost of a draw does not grow with the rows.

    Args:
        strata: disjoint positions, one array per stratum.
        doubt: prior chance that a row is wrong, ``(n_total,)``, indexed by row.
        rng: source of the random orders.
        bins: most cells per stratum.

    Attributes:
        stratum: of each cell, ascending, ``(c,)`` int64.
        doubt: mean doubt of each cell, ``(c,)`` float64.
        size: rows of each cell, ``(c,)`` int64.
        ends: cells of strata 0..k are the first ``ends[k]``, ``(k,)`` int64.

    Raises:
        DataError: a row lies in two strata or beyond ``doubt``, or a doubt is not within 0..1.
    """

    def __init__(
        self,
        strata: Sequence[Ints],
        doubt: npt.NDArray[np.floating],
        rng: np.random.Generator,
        bins: int = _BINS,
    ) -> None:
        rows = np.concatenate([np.asarray(s, np.int64).reshape(-1) for s in strata])
        of = np.repeat(np.arange(len(strata)), [len(s) for s in strata])
        chance = _checked(rows, doubt)
        shuffle = rng.permutation(len(rows))
        rows, of, chance = rows[shuffle], of[shuffle], chance[shuffle]
        cell = of * bins + _binned(chance, of, len(strata), bins)
        order = np.argsort(cell.astype(np.uint16) if len(strata) * bins < 1 << 16 else cell, kind="stable")
        self._rows = rows[order]
        size = np.bincount(cell)
        names = np.flatnonzero(size)
        self.size = size[names]
        self._start = np.cumsum(self.size) - self.size
        self.stratum = names // bins
        self.doubt = np.add.reduceat(chance[order], self._start) / self.size if len(rows) else np.empty(0)
        self.ends = np.searchsorted(self.stratum, np.arange(len(strata)), side="right")

    def __len__(self) -> int:
        return len(self.size)

    def __deepcopy__(self, memo: object) -> Cells:
        return self  # never changes, and may hold a million rows

    def row(self, cell: int, place: int) -> int:
        """The row at a place of a cell's random order."""
        return int(self._rows[self._start[cell] + place])

    def draw(self, left: Ints, weight: Doubles, uniform: Doubles) -> tuple[Ints, Ints]:
        """Draw rows one at a time, each with a probability in proportion to the weight of its cell.

        Args:
            left: rows of each cell not drawn before, ``(c,)``.
            weight: of each row of a cell, ``(c,)``.
            uniform: random numbers within 0..1, one per draw, ``(n,)``.

        Returns:
            The rows and their cells, ``(n,)`` int64 each.
        """
        left = left.copy()
        rows, cells = np.zeros(len(uniform), np.int64), np.zeros(len(uniform), np.int64)
        for t, u in enumerate(uniform.tolist()):
            mass = np.cumsum(left * weight)
            cell = int(np.searchsorted(mass, min(u * mass[-1], np.nextafter(mass[-1], 0)), side="right"))
            rows[t] = self.row(cell, int(self.size[cell] - left[cell]))
            cells[t] = cell
            left[cell] -= 1
        return rows, cells

    def within(self, values: npt.NDArray[np.generic]) -> Doubles:
        """Sums over the cells of strata 0..k, for each k, ``(..., c)`` -> ``(..., k)``."""
        sums = np.cumsum(values, axis=-1, dtype=np.float64)
        return np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], axis=-1)[..., self.ends]


def _checked(rows: Ints, doubt: npt.NDArray[np.floating]) -> Doubles:
    beyond = rows[(rows < 0) | (rows >= len(doubt))]
    if len(beyond):
        raise DataError(f"rows must be positions in doubt, 0..{len(doubt) - 1}, got {first(beyond)}")
    held = np.zeros(len(doubt), np.bool_)
    held[rows] = True
    if np.count_nonzero(held) < len(rows):
        twice = np.flatnonzero(np.bincount(rows) > 1)
        raise DataError(f"strata must be disjoint; rows in two of them: {first(twice)}")
    chance = np.asarray(doubt, np.float64)[rows]
    bad = rows[~((chance >= 0) & (chance <= 1))]
    if len(bad):
        raise DataError(f"doubt must lie within 0..1 and not be nan; it does not at rows {first(bad)}")
    return chance


def _binned(chance: Doubles, of: Ints, n_strata: int, bins: int) -> Ints:
    """Bins of equal width in the root of the doubt, to which the best sampling weights are proportional."""
    root = np.sqrt(chance)
    low, high = np.full(n_strata, np.inf), np.full(n_strata, -np.inf)
    np.minimum.at(low, of, root)
    np.maximum.at(high, of, root)
    width = np.where(high - low > 1e-3, high - low, np.inf)
    return np.minimum(((root - low[of]) / width[of] * bins).astype(np.int64), bins - 1)
