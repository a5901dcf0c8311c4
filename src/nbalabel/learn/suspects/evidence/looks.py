"""Crops of all masks that occur, described once: as they are, with planted errors, and predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.regions.of_tables import codes_of
from ....core.tables.schema import LabeledImages
from ..crops.axes import spread
from ..crops.classify import BACKGROUND, crossed
from ..crops.cut import cut
from ..crops.describe import describe
from ..crops.instance_embeddings import background_of

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]

AXES = 12
"""Axes of the vectors among the evidence; the rest is for neighbours and look-alikes."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Vectors and guesses by image and mask.

    Attributes:
        place: (image id, mask) -> row.
        vectors: ``(n, d)`` float32.
        chances: of each label and of background, out of fold, ``(n, labels + 1)``.
    """

    place: dict[tuple[int, bytes], int]
    vectors: Vectors
    chances: Floats

    @classmethod
    def of(
        cls, tables: LabeledImages, labels: pd.DataFrame, others: Sequence[pd.DataFrame],
        predictions: pd.DataFrame, folds: int, seed: int,
    ) -> Looks:  # fmt: skip
        """Describe every mask once.

        Args:
            tables: the tables, for pixels.
            labels: the rows that the classifier of crops learns from.
            others: further rows to describe: labels with planted errors.
            predictions: predictions, described, and avoided by background where they have no label.
            folds: folds of images.
            seed: seed of background, folds and trees.
        """
        place: dict[tuple[int, bytes], int] = {}
        for frame in (labels, predictions, *others):
            for key in zip(frame["image_id"].tolist(), frame["mask"], strict=True):
                place.setdefault(key, len(place))
        empty = background_of(tables, labels, predictions, seed)
        on = np.array([k[0] for k in place] + empty["image_id"].tolist(), np.int64)
        raw = describe(*cut(tables, on, [k[1] for k in place] + empty["mask"].tolist()))
        codes = np.full(len(on), BACKGROUND)
        known = np.arange(len(on)) >= len(place)
        at = [place[key] for key in zip(labels["image_id"].tolist(), labels["mask"], strict=True)]
        codes[at] = codes_of(labels["label"], tables.labels)
        known[at] = True
        chances = crossed(raw, codes, on, known, len(tables.labels), folds, seed)
        return cls(place, spread(raw, len(place), seed), chances[: len(place)])

    def rows(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Row of each mask of a table, ``(n,)``."""
        keys = zip(frame["image_id"].tolist(), frame["mask"], strict=True)
        return np.array([self.place[key] for key in keys], np.int64)

    def columns(self, frame: pd.DataFrame, codes: npt.NDArray[np.int64]) -> Floats:
        """Chance of the own label, of the best other one and of background, and main axes, ``(n, 15)``."""
        at = self.rows(frame)
        named = self.chances[at, :-1]
        rows = np.arange(len(at))
        own = named[rows, np.maximum(codes, 0)].copy()
        rest = named.copy()
        rest[rows, np.maximum(codes, 0)] = 0
        other = rest.max(axis=1) if rest.shape[1] else np.zeros(len(at))
        axes = np.zeros((len(at), AXES))
        some = self.vectors[at][:, :AXES]
        axes[:, : some.shape[1]] = some
        return np.column_stack([own, other, self.chances[at, -1], axes])
