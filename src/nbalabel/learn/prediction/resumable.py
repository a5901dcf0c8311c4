"""Predictions on a few images, and as shards: an interrupted prediction continues from disk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import StorageError
from ...core.urls import local_path
from ...engine.shards import Shard, Shards
from ..embed.pooling import Floats, concatenate


@dataclass
class Part:
    """Predictions on a few images.

    Attributes:
        rows: one row per prediction: image_id, code (label index), mask, x, y, w, h, area, score.
        image_ids: ids of the images predicted on, ``(n,)``.
        image: embeddings of these images, ``(n, d)``.
        instance: embeddings of the rows, ``(len(rows), e)``.
        failed: images that could not be read, and why.
    """

    rows: pd.DataFrame
    image_ids: npt.NDArray[np.int64]
    image: Floats
    instance: Floats
    failed: dict[int, str] = field(default_factory=dict)

    def shard(self) -> Shard:
        """The same as a shard."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "ids": self.image_ids,
            "image": self.image,
            "instance": self.instance,
        }
        return Shard(self.rows, arrays, self.failed)

    def of_codes(self, codes: Collection[int]) -> Part:
        """The predictions of these codes alone."""
        known = self.rows["code"].isin(list(codes)).to_numpy()
        if known.all():
            return self
        instance = self.instance[known] if len(self.instance) else self.instance
        return replace(self, rows=self.rows[known], instance=instance)

    @classmethod
    def of(cls, shard: Shard) -> Part:
        """A part that was kept as a shard."""
        arrays = shard.arrays
        return cls(shard.rows, arrays["ids"], arrays["image"], arrays["instance"], dict(shard.failed))


def shards_in(folder: str | Path | None, fingerprint: str) -> Shards:
    """The shards of a prediction: in memory, and in ``folder / "parts"`` where a folder is given."""
    return Shards(None if folder is None else local_path(folder) / "parts", fingerprint, "prediction")


def gather(parts: Iterable[Part], folder: Path | None = None) -> Part:
    """All parts as one.

    Args:
        parts: looked at one by one.
        folder: where more vectors than 256 MB are joined in a file, which ends with the array; None joins all
            in memory.

    Raises:
        StorageError: the folder cannot be written to, or is full.
    """
    rows, ids = [], [np.zeros(0, np.int64)]
    image, instance = _Joined(folder), _Joined(folder)
    failed: dict[int, str] = {}
    for part in parts:
        rows.append(part.rows)
        ids.append(part.image_ids)
        image.add(part.image)
        instance.add(part.instance)
        failed |= part.failed
    return Part(
        pd.concat(rows, ignore_index=True), np.concatenate(ids), image.array(), instance.array(), failed
    )


_IN_MEMORY = 1 << 28  # bytes


class _Joined:
    """Vectors of parts, one after the other: in memory, or where there are many in a file."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._parts: list[Floats] = []
        self._n_bytes = 0

    def add(self, part: Floats) -> None:
        """Add some vectors, ``(k, d)``; those without numbers are left out."""
        if not part.size:
            return
        self._n_bytes += part.nbytes
        self._parts.append(part)
        if self._folder is None or self._n_bytes <= _IN_MEMORY:
            return
        with self._told():
            if self._file is None:
                self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed by `array`
            for one in self._parts:
                self._file.write(np.ascontiguousarray(one).data)
        self._parts = [part[:0]]

    def array(self) -> Floats:
        """All of them, ``(n, d)``; ``(0, 0)`` where there are none."""
        if self._file is None:
            return concatenate(self._parts)
        kind, d = self._parts[0].dtype, self._parts[0].shape[1]
        with self._told(), self._file as file:
            file.flush()
            shape = (self._n_bytes // (kind.itemsize * d), d)
            return np.memmap(file, kind, "r", shape=shape)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"{self._n_bytes:,} bytes of embeddings cannot be written to {self._folder} ({error}): make "
                "room there and predict again, which goes on from the parts, or give embed=False"
            ) from error
