"""Predictions on a few images, and as shards: an interrupted prediction continues from disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

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

    @classmethod
    def of(cls, shard: Shard) -> Part:
        """A part that was kept as a shard."""
        arrays = shard.arrays
        return cls(shard.rows, arrays["ids"], arrays["image"], arrays["instance"], dict(shard.failed))


def shards_in(folder: str | Path | None, fingerprint: str) -> Shards:
    """The shards of a prediction: in memory, and in ``folder / "parts"`` where a folder is given."""
    return Shards(None if folder is None else local_path(folder) / "parts", fingerprint, "prediction")


def gather(parts: list[Part]) -> Part:
    """All parts as one."""
    return Part(
        pd.concat([part.rows for part in parts], ignore_index=True),
        np.concatenate([part.image_ids for part in parts]),
        concatenate([part.image for part in parts]),
        concatenate([part.instance for part in parts]),
        {image_id: reason for part in parts for image_id, reason in part.failed.items()},
    )
