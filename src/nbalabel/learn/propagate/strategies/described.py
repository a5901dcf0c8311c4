"""What masks are described by to what learns from answers: all of them in memory, or a part at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...embed.reducers import Pca
from ...embed.vectors import PART
from ..state.standardised import Standardised

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Joint:
    """Features, log-odds of the score, and hints of each mask, made when they are looked at.

    Attributes:
        features: of all masks; None where the score alone is used.
        pca: their principal components.
        scale: which these are divided by.
        scores: 0..1, ``(n,)``.
        hints: further columns, ``(n, h)``; h may be 0.
    """

    features: Standardised | None
    pca: Pca
    scale: float
    scores: Floats
    hints: npt.NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: slice | Ints) -> Floats:
        """Columns of some masks, ``(k, d + 1 + h)`` float32."""
        score = np.clip(self.scores[rows], np.float32(1e-4), np.float32(1 - 1e-4))
        parts = [np.log(score / (1 - score))[:, None], self.hints[rows].astype(np.float32)]
        if self.features is not None:
            parts.insert(0, self.pca.transform(self.features[rows]) / np.float32(self.scale))
        return np.concatenate(parts, axis=1)


@dataclass(frozen=True, eq=False)
class InParts:
    """A table made from another one row by row, a part at a time.

    Attributes:
        columns: the other table.
        make: makes rows of this one from rows of that.
    """

    columns: Joint
    make: Callable[[Floats], Floats]

    def __getitem__(self, rows: Ints) -> Floats:
        """Some rows."""
        return self.make(self.columns[rows])

    def __matmul__(self, weights: Floats) -> Floats:
        """The product with some weights, ``(n,)`` float32."""
        out = np.empty(len(self.columns), np.float32)
        for start in range(0, len(out), PART):
            part = slice(start, start + PART)
            out[part] = self[part] @ weights  # type: ignore[index]
        return out


Described: TypeAlias = Floats | InParts
