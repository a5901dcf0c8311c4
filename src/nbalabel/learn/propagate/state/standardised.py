"""Features of millions of masks, standardised when they are looked at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ....core.errors import DataError, first
from ...embed.vectors import Vectors

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_NOTHING = 1e-12  # smaller variances are those of a constant column


@dataclass(frozen=True, eq=False)
class Standardised:
    """Features of mean 0 and standard deviation 1 in each column, never all of them at once.

    Attributes:
        vectors: as they are stored.
        mean: of each column, ``(d,)`` float32.
        scale: factor of each column, ``(d,)`` float32.
    """

    vectors: Vectors
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, vectors: Vectors) -> Standardised:
        """Find mean and deviation of each column, in one pass.

        Raises:
            DataError: values are not finite.
        """
        n, d = vectors.shape
        origin = vectors[slice(0, 1)].astype(np.float32).sum(axis=0)  # of a first row, if there is one
        total, square = np.zeros(d), np.zeros(d)
        bad = [np.zeros(0, np.int64)]
        for part in vectors.parts():
            block = vectors[part].astype(np.float32) - origin
            squares = np.einsum("ij,ij->j", block, block)
            if not np.isfinite(squares).all():
                bad.append(part.start + np.flatnonzero(~np.isfinite(vectors[part]).all(axis=1)))
            total += block.sum(axis=0)
            square += squares
        if lost := sum(map(len, bad)):
            raise DataError(
                f"features must be finite; {lost} of {n} rows hold nan or infinity: "
                f"{first(np.concatenate(bad))}. Leave these rows out, or give them features"
            )
        mean = total / max(n, 1)
        variance = np.maximum(square / max(n, 1) - mean**2, 0)
        scale = 1 / np.sqrt(np.where(variance > _NOTHING, variance, 1))
        return cls(vectors, (origin + mean).astype(np.float32), scale.astype(np.float32))

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.vectors.shape

    def __getitem__(self, rows: slice | Ints) -> Floats:
        """Some rows, ``(k, d)`` float32."""
        found = self.vectors[rows].astype(np.float32)
        found -= self.mean
        found *= self.scale
        return found

    def __deepcopy__(self, memo: object) -> Standardised:
        return self  # never changes

    def hash_into(self, digest: hashlib.blake2b) -> None:
        """Add all vectors, as they are stored, to a hash."""
        digest.update(f"{self.vectors.shape} {self.vectors.dtype}".encode())
        for part in self.vectors.parts():
            digest.update(np.ascontiguousarray(self.vectors[part]).data)
