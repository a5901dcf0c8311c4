"""What masks are described by to what learns from answers: all of them in memory, or a part at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryFile
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
    """A table made from another one row by row, a part at a time; once needed whole, it is kept in a file.

    Attributes:
        columns: the other table.
        make: makes rows of this one from rows of that.
    """

    columns: Joint
    make: Callable[[Floats], Floats]

    def __getitem__(self, rows: slice | Ints) -> Floats:
        """Some rows, float32."""
        return self.make(self.columns[rows])

    def __matmul__(self, weights: Floats) -> Floats:
        """The product with some weights, ``(n,)`` float32."""
        table = self if self._kept is None else self._kept
        return np.concatenate([table[part] @ weights for part in self._parts()])

    @cached_property
    def _kept(self) -> Floats | None:
        """All rows, mapped from a file that ends with the process; None where there is no room for it."""
        try:
            with TemporaryFile() as file:
                for part in self._parts():
                    rows = self[part]
                    file.write(np.ascontiguousarray(rows).data)
                file.flush()
                return np.memmap(file, np.float32, "r", shape=(len(self.columns), rows.shape[1]))
        except OSError:
            return None

    def _parts(self) -> list[slice]:
        return [slice(start, start + PART) for start in range(0, max(len(self.columns), 1), PART)]


Described: TypeAlias = Floats | InParts
