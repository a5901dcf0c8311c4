"""Features of a prediction from its rivals: the other predictions on the same image that overlap it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.overlap.keep_best import overlapping

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_OVERLAP = 0.1  # IoU above which another prediction is a rival
_SAME_THING = 0.3  # IoU above which a rival is probably about the same object


@dataclass(frozen=True, eq=False)
class Rivals:
    """Overlapping pairs of predictions of one image, each in both directions.

    Attributes:
        n: number of predictions.
        own: row of a prediction, ``(k,)`` int64.
        other: row of the one it overlaps, ``(k,)`` int64.
        iou: of the two masks, ``(k,)`` float64.
        score: score of the other, ``(k,)`` float64, 0..1.
        same: whether both have the same label, ``(k,)`` bool.
    """

    n: int
    own: Ints
    other: Ints
    iou: Floats
    score: Floats
    same: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, predictions: pd.DataFrame) -> Rivals:
        """Rivals among predictions with ``image_id``, ``label``, ``score`` and ``mask``."""
        pairs = overlapping(
            predictions["image_id"], predictions["mask"], above=_OVERLAP, ids=predictions.index
        )
        own, other = pairs.left, pairs.right
        label = predictions["label"].cat.codes.to_numpy()
        score = predictions["score"].to_numpy(np.float64)
        return cls(len(predictions), own, other, pairs.iou, score[other], label[own] == label[other])

    def columns(self, score: Floats) -> dict[str, Floats]:
        """Features of every prediction.

        Args:
            score: score of each prediction, ``(n,)``.

        Returns:
            Name -> ``(n,)``: how many rivals, how many of the same label, the largest overlap; how far the
            rivals agree on the mask (mean IoU, weighted by score); by how much their scores fall short of the
            own one; and their best score times IoU. The last two for rivals of the same label and of others.
        """
        near = self.iou > _SAME_THING
        weight = self._sum(self.score, near)
        agreed = self._sum(self.score * self.iou, near)
        same, strong = self.same, self.score * self.iou
        return {
            "n_rivals": np.log1p(np.bincount(self.own, minlength=self.n)),
            "n_same": np.log1p(np.bincount(self.own[same], minlength=self.n)),
            "overlap": self._most(self.iou, near | ~near),
            "consensus": np.divide(agreed, weight, out=np.zeros(self.n), where=weight > 0),
            "margin_same": score - self._most(self.score, near & same),
            "margin_other": score - self._most(self.score, near & ~same),
            "rival_same": self._most(strong, same),
            "rival_other": self._most(strong, ~same),
        }

    def _sum(self, value: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(self.own[chosen], value[chosen], self.n).astype(np.float64)

    def _most(self, value: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
        out = np.zeros(self.n)
        np.maximum.at(out, self.own[chosen], value[chosen])
        return out
