"""What masks are described by to what learns from answers: all of them in memory, or a part at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, TypeAlias

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

    It is made once: what was made lies in a temporary file, which ends with the process. Where there is no
    room for it, all is made again each time.

    Attributes:
        columns: the other table.
        make: makes rows of this one from rows of that.
    """

    columns: Joint
    make: Callable[[Floats], Floats]
    _kept: list[Floats] = field(default_factory=list, init=False)

    def __getitem__(self, rows: Ints) -> Floats:
        """Some rows, float32."""
        return self.make(self.columns[rows])

    def __matmul__(self, weights: Floats) -> Floats:
        """The product with some weights, ``(n,)`` float32."""
        out = np.empty(len(self.columns), np.float32)
        with ExitStack() as open_files:
            file: IO[bytes] | None = None if self._kept else open_files.enter_context(TemporaryFile())
            for start in range(0, len(out), PART):
                part = slice(start, start + PART)
                found = self._kept[0][part] if self._kept else self.make(self.columns[part])
                file = _written(found, file)
                out[part] = found @ weights
            if file is not None and len(out):
                file.flush()
                shape = len(out), len(weights)
                self._kept.append(np.memmap(file, np.float32, "r", shape=shape))
        return out


def _written(rows: Floats, file: IO[bytes] | None) -> IO[bytes] | None:
    """The file with these rows at its end; None where there is no file, or no room in it."""
    if file is None:
        return None
    try:
        file.write(np.ascontiguousarray(rows).data)
        file.flush()
    except OSError:
        return None
    return file


Described: TypeAlias = Floats | InParts
