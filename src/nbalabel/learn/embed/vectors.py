"""Vectors of some rows, read from where they lie when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

PART = 1 << 15
"""Rows looked at at once where a loop goes over all of them."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Some rows of a table of vectors, which may be mapped from a file and of float16.

    Attributes:
        source: ``(m, d)`` float16 or float32.
        at: position of each row in ``source``, ``(n,)`` int64; None where it has all rows in this order.
    """

    source: npt.NDArray[np.floating[Any]]
    at: Ints | None = None

    def __len__(self) -> int:
        return len(self.source) if self.at is None else len(self.at)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), self.source.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """As they are stored."""
        return self.source.dtype

    def __getitem__(self, rows: slice | Ints) -> npt.NDArray[np.floating[Any]]:
        """Some rows, as they are stored, ``(k, d)``."""
        return self.source[rows if self.at is None else self.at[rows]]

    def parts(self, size: int = PART) -> Iterator[slice]:
        """Consecutive stretches of all rows."""
        for start in range(0, len(self), size):
            yield slice(start, min(start + size, len(self)))
