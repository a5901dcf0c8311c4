"""Evidence about predictions without label: whether something is there that nobody labeled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.geometry.overlap.keep_best import losers, overlapping
from ....core.regions.of_tables import codes_of
from .looks import AXES, Looks
from .pairs import Overlaps
from .shape import NAMES as SHAPE
from .shape import shape

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ABOUT = 0.3  # IoU with a label from which a prediction is about that label
_COVERED = 0.5  # share of a prediction that labels cover from which it is about them
_SAME = 0.5  # IoU of two predictions from which the weaker one says nothing new

OWN = ("score", "predicted_iou", "chance_right", "iou", "covered", "on_labels", "rivals", "rival_score")
_AROUND = ("image_labels", "image_found", "image_open")
LOOKS = ("own_chance", "other_chance", "background", *(f"axis_{i}" for i in range(AXES)))
NAMES = (*OWN, *_AROUND, *SHAPE, *LOOKS)


@dataclass(frozen=True, eq=False)
class Open:
    """Predictions without label.

    Attributes:
        rows: their positions in the predictions, ``(k,)``.
        columns: ``(k, d)`` float32, named by :data:`NAMES`.
    """

    rows: Ints
    columns: npt.NDArray[np.float32]


def of_open(
    predictions: pd.DataFrame,
    judged: npt.NDArray[np.bool_],
    labels_there: pd.DataFrame,
    quality: Floats,
    looks: Looks,
    images: pd.DataFrame,
    labels: tuple[str, ...],
    usual: Floats,
) -> Open:
    """Evidence about the predictions that are about no label; of those that overlap, the best is kept.

    Args:
        predictions: all predictions.
        judged: which of them lie where everything is labeled, ``(m,)``.
        labels_there: the labels, as they are or with planted errors.
        quality: of each prediction its score, predicted IoU and chance to be right, ``(m, 3)``.
        looks: crops of all predictions.
        images: their images.
        labels: the label list.
        usual: see :func:`.shape.usual_area`.
    """
    over = Overlaps.of(predictions, labels_there)
    iou = over.most(over.iou)
    covered = np.minimum(over.total(over.of_left, np.ones(len(over.left), bool)), 1)
    free = np.flatnonzero(judged & (iou < _ABOUT) & (covered < _COVERED))
    some = predictions.iloc[free]
    pairs = overlapping(some["image_id"], some["mask"], above=_SAME) if len(some) else None
    worth = quality[free, 0] + quality[free, 2]
    if pairs is not None:
        gone = losers(np.column_stack([pairs.left, pairs.right]), np.argsort(-worth, kind="stable"))
        free = np.delete(free, gone)
    rows = predictions.iloc[free]
    codes = codes_of(rows["label"], labels)
    own = np.column_stack([quality, iou, covered, over.most(over.of_right)])
    columns = np.column_stack(
        [
            own[free],
            _rivals(predictions, quality[:, 0])[free],
            _around(predictions, labels_there, over, free),
            shape(rows, images, usual, codes),
            looks.columns(rows, codes),
        ]
    )
    return Open(free, columns.astype(np.float32))


def _rivals(predictions: pd.DataFrame, score: Floats) -> Floats:
    """How many other predictions overlap each one, and their best score."""
    over = Overlaps.of(predictions)
    near = over.iou > 0.1
    return np.column_stack([over.total(np.ones(len(over.left)), near), over.most(score[over.right], near)])


def _around(predictions: pd.DataFrame, there: pd.DataFrame, over: Overlaps, free: Ints) -> Floats:
    """Labels on the image, the share of them that was found, and predictions without label."""
    on = predictions["image_id"].to_numpy(np.int64)[free]
    fit = over.most(over.iou, right=True) > 0.5
    groups = pd.Series(fit).groupby(there["image_id"].to_numpy(np.int64))
    n = pd.Series(on).map(groups.size()).fillna(0).to_numpy(np.float64)
    found = pd.Series(on).map(groups.mean()).fillna(0).to_numpy(np.float64)
    n_open = pd.Series(on).map(pd.Series(on).value_counts()).to_numpy(np.float64)
    return np.column_stack([np.log1p(n), found, np.log1p(n_open)])
