"""The Euclidean space in which rows are compared: standardised features and the standardised score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

CHUNK = 4096
_NOTHING = 1e-14  # smaller shares of a column's squares are rounding, not variance


@dataclass(frozen=True, eq=False)
class Space:
    """Rows of one label, standardised when they are read: the features are never copied as a whole.

    Every column gets mean 0 and variance 1 (columns of one value become 0), then all are scaled so that the
    mean squared distance between two rows is 1. The score is one more column, whose mean squared difference
    is ``score_weight``. So the squared distance is that of the features plus that of the scores.

    Attributes:
        features: as given, ``(n, d)`` float32 or float64.
        rows: positions of the rows in ``features``, ``(m,)`` int64.
        mean: ``(d,)`` float64.
        scale: ``(d,)`` float64.
        score: the score's column, ``(m,)`` float64; None without scores.
    """

    features: npt.NDArray[np.floating]
    rows: Ints
    mean: Doubles
    scale: Doubles
    score: Doubles | None

    @classmethod
    def of(
        cls,
        features: npt.NDArray[np.floating],
        scores: Doubles | None = None,
        rows: Ints | None = None,
        score_weight: float = 1.0,
    ) -> Space:
        """The space of some rows.

        Args:
            features: finite, ``(n, d)``.
            scores: finite, ``(n,)``.
            rows: positions, ``(m,)``; all without it.
            score_weight: mean squared difference of the scores, relative to 1 for the features.

        Example:
            >>> import numpy as np
            >>> space = Space.of(np.array([[0.0, 7.0], [10.0, 7.0]]), np.array([0.2, 0.9]))
            >>> x, y = space.take(slice(None))
            >>> float(((x - y) ** 2).sum().round(6))   # 2 and 2: the mean counts each row with itself, too
            4.0
        """
        at = np.arange(len(features)) if rows is None else rows
        mean, variance = _moments(features, at)
        real = variance > 0
        scale = np.zeros(len(mean))
        scale[real] = 1 / np.sqrt(2 * real.sum() * variance[real])
        return cls(features, at, mean, scale, _column(scores, at, score_weight))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_columns(self) -> int:
        """Dimensions, the score's included."""
        return len(self.mean) + (self.score is not None)

    def take(self, at: slice | Ints) -> Doubles:
        """Points of some rows of the space, ``(k, n_columns)`` float64."""
        found = self.features[self.rows[at]]
        out = np.empty((len(found), self.n_columns))
        part = out[:, : len(self.mean)]
        np.subtract(found, self.mean, out=part)
        part *= self.scale
        if self.score is not None:
            out[:, -1] = self.score[at]
        return out

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Start and stop of consecutive chunks of a few thousand rows."""
        for start in range(0, len(self), CHUNK):
            yield start, min(start + CHUNK, len(self))


def _column(scores: Doubles | None, rows: Ints, weight: float) -> Doubles | None:
    if scores is None or weight == 0:
        return None
    mine = scores[rows].astype(np.float64)
    if len(mine) == 0:
        return mine
    mine -= mine[0]
    mine -= mine.mean()
    variance = float(np.mean(mine**2))
    return mine * np.sqrt(weight / (2 * variance)) if variance > 0 else mine


def _moments(features: npt.NDArray[np.floating], rows: Ints) -> tuple[Doubles, Doubles]:
    """Mean and variance of each column; less the first row, so that constant columns get variance 0."""
    d = features.shape[1]
    if len(rows) == 0 or d == 0:
        return np.zeros(d), np.zeros(d)
    origin = features[rows[0]].astype(np.float64)
    total, squares = np.zeros(d), np.zeros(d)
    for start in range(0, len(rows), CHUNK):
        part = features[rows[start : start + CHUNK]] - origin
        total += part.sum(axis=0)
        squares += np.einsum("ij,ij->j", part, part)
    mean, square = total / len(rows), squares / len(rows)
    variance = square - mean**2
    return origin + mean, np.where(variance > _NOTHING * square, variance, 0.0)
