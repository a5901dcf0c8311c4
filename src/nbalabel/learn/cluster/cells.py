"""Cells of neighbouring rows, learned from a sample: a row finds its own without looking at other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..embed.vectors import Vectors
from .neighbour_groups import centers_of, nearest
from .space import Space

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_ROWS_A_CELL = 128
_CELLS = (1_024, 8_192)  # of a label: at least the first where that gives 8 rows each, at most the second
_ONE_CELL = 2_000  # of a label with no more rows there is one cell, which is the label's exact tree
_SEEN = 32  # rows of the sample per cell
_SEEN_COARSE = 128


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of the rows of one label, on two levels of centers.

    Attributes:
        mean: of each column, the score the last one, ``(d + 1,)`` float64.
        scale: of each column, ``(d + 1,)`` float64.
        coarse: centers of groups of cells, ``(a, d + 1)`` float32.
        begin: first cell of each group, and the number of cells, ``(a + 1,)`` int64.
        centers: centers of the cells, ``(c, d + 1)`` float32.
    """

    mean: Doubles
    scale: Doubles
    coarse: Floats
    begin: Ints
    centers: Floats

    def __len__(self) -> int:
        return len(self.centers)

    @classmethod
    def learn(cls, vectors: Vectors, scores: Floats, rows: Ints, seed: int) -> Cells:
        """Learn cells from at most 32 rows per cell, drawn at random.

        A label of up to 2,000 rows is one cell. Others have a cell per 128 rows, at least 1,024 where these
        get 8 rows each, at most 8,192.

        Args:
            vectors: of all rows.
            scores: of all rows, ``(n,)``.
            rows: those of the label, ``(m,)``.
            seed: seed of the sample and of k-means.
        """
        rng = np.random.default_rng([seed, 41])
        wanted = _wanted(len(rows))
        n = max(_SEEN * wanted, _ONE_CELL)
        sample = np.sort(rng.choice(rows, n, replace=False)) if len(rows) > n else rows
        seen = vectors[sample].astype(np.float32)
        space = Space.of(seen, scores[sample].astype(np.float64))
        mean, scale = _affine(space, scores[sample])
        if wanted == 1:
            return cls(mean, scale, *_one(len(mean)))
        points = _points(seen, scores[sample], mean, scale)
        few = min(len(points), _SEEN_COARSE * round(wanted**0.5))
        coarse = centers_of(points[rng.choice(len(points), few, replace=False)], round(wanted**0.5), rng)
        code, _ = nearest(points, coarse)
        held = np.bincount(code, minlength=len(coarse))
        coarse, held = coarse[held > 0], held[held > 0]
        code, _ = nearest(points, coarse)
        share = np.maximum(np.round(held * wanted / len(points)).astype(int), 1)
        fine = [centers_of(points[code == g], int(k), rng) for g, k in enumerate(share)]
        begin = np.concatenate([[0], np.cumsum([len(one) for one in fine])]).astype(np.int64)
        return cls(mean, scale, coarse, begin, np.concatenate(fine))

    def points(self, vectors: npt.NDArray[np.floating[Any]], scores: Floats) -> Floats:
        """Rows in the space of the cells, ``(k, d + 1)`` float32."""
        return _points(vectors, scores, self.mean, self.scale)

    def of(self, points: Floats) -> tuple[Ints, Floats]:
        """The cell of each point, ``(k,)``, and the squared distance from its center, ``(k,)``."""
        code, _ = nearest(points, self.coarse)
        cell, far = np.empty(len(points), np.int64), np.empty(len(points), np.float32)
        order = np.argsort(code, kind="stable")
        ends = np.searchsorted(code[order], np.arange(len(self.coarse) + 1))
        for g in range(len(self.coarse)):
            rows = order[ends[g] : ends[g + 1]]
            if len(rows):
                begin, end = self.begin[g], self.begin[g + 1]
                near, far[rows] = nearest(points[rows], self.centers[begin:end])
                cell[rows] = begin + near
        return cell, far


def _wanted(n: int) -> int:
    """Number of cells of a label with n rows."""
    if n <= _ONE_CELL:
        return 1
    few, most = _CELLS
    return min(max(-(-n // _ROWS_A_CELL), min(few, n // 8)), most)


def _affine(space: Space, scores: Floats) -> tuple[Doubles, Doubles]:
    """Mean and scale of the features and of the score."""
    deviation = float(scores.astype(np.float64).std())
    last = 1 / (np.sqrt(2) * deviation) if deviation > 0 else 0.0
    return np.append(space.mean, scores.mean(dtype=np.float64)), np.append(space.scale, last)


def _points(vectors: npt.NDArray[np.floating[Any]], scores: Floats, mean: Doubles, scale: Doubles) -> Floats:
    out = np.empty((len(vectors), len(mean)), np.float32)
    out[:, :-1] = vectors
    out[:, -1] = scores
    out -= mean.astype(np.float32)
    out *= scale.astype(np.float32)
    return out


def _one(columns: int) -> tuple[Floats, Ints, Floats]:
    middle = np.zeros((1, columns), np.float32)
    return middle, np.array([0, 1]), middle
