"""Evidence about labels: what was predicted there, what else is labeled there, how the crop looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.regions.of_tables import codes_of
from ....core.tables.of_images import sizes_of
from .boundary import boundary_ious
from .looks import AXES, Looks
from .pairs import Overlaps
from .shape import NAMES as SHAPE
from .shape import shape
from .touching import touching

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PART = 0.7  # share of a prediction inside a label from which it is a part of it
_SMALLER = 0.75  # area of a part, in areas of the whole, at most
_SURE = 0.15  # score of a part or a whole, at least
_COMPARED = 0.2  # IoU from which outlines are compared

_AGAINST = (
    "iou", "score", "strength", "same_iou", "same_strength", "other_strength", "predicted_iou",
    "chance_right", "boundary_iou", "area_ratio", "offset", "covered", "covered_by_score", "n_parts",
    "parts_cover", "part_size", "whole", "whole_cover", "whole_others", "n_near",
)  # fmt: skip
_BESIDE = (
    "label_iou", "inside_label", "around_label", "label_cover", "n_labels_near", "touching",
    "touching_one",
)  # fmt: skip
_AROUND = ("image_labels", "image_predictions", "image_iou", "image_found")
LOOKS = ("own_chance", "other_chance", "background", *(f"axis_{i}" for i in range(AXES)))
NAMES = (*_AGAINST, *_BESIDE, *_AROUND, *SHAPE, *LOOKS)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Evidence about the rows of a table.

    Attributes:
        columns: ``(n, d)`` float32, named by ``names``.
        names: names of the columns.
        best: position of the prediction that fits each row best, -1 for none, ``(n,)``.
        twin: position of the row of the same table that overlaps it most, -1 for none, ``(n,)``.
        parts: overlaps of rows with predictions.
    """

    columns: npt.NDArray[np.float32]
    names: tuple[str, ...]
    best: Ints
    twin: Ints
    parts: Overlaps


def of_labels(
    rows: pd.DataFrame,
    predictions: pd.DataFrame,
    quality: Floats,
    looks: Looks,
    images: pd.DataFrame,
    labels: tuple[str, ...],
    usual: Floats,
) -> Evidence:
    """Evidence about labels.

    Args:
        rows: labels, as they are or with planted errors.
        predictions: the predictions on their images.
        quality: of each prediction its score, predicted IoU and chance to be right, ``(m, 3)``.
        looks: crops of all rows.
        images: their images.
        labels: the label list.
        usual: see :func:`.shape.usual_area`.
    """
    codes, found = codes_of(rows["label"], labels), codes_of(predictions["label"], labels)
    over, beside = Overlaps.of(rows, predictions), Overlaps.of(rows)
    best = over.best(over.iou * (0.3 + quality[over.right, 0]))
    columns = np.column_stack(
        [
            _against(rows, predictions, codes, found, over, best, quality, images),
            _beside(beside),
            touching(rows, images),
            _around(rows, predictions, over, quality[:, 0]),
            shape(rows, images, usual, codes),
            looks.columns(rows, codes),
        ]
    )
    twins = beside.best(beside.iou)
    return Evidence(
        columns.astype(np.float32),
        NAMES,
        np.where(best >= 0, over.right[best] if len(over.right) else -1, -1),
        np.where(twins >= 0, beside.right[twins] if len(beside.right) else -1, -1),
        over,
    )


def _against(
    rows: pd.DataFrame, predictions: pd.DataFrame, codes: Ints, found: Ints, over: Overlaps, best: Ints,
    quality: Floats, images: pd.DataFrame,
) -> Floats:  # fmt: skip
    """What the predictions say of each label."""
    n, there = len(rows), best >= 0
    pair = best[there]
    score = quality[over.right, 0]
    same = codes[over.left] == found[over.right]
    strength = over.iou * score
    own = np.zeros((n, 6))  # IoU, score, predicted IoU, chance, boundary IoU, area ratio
    own[there, 0] = over.iou[pair]
    own[there, 1:4] = quality[over.right[pair]]
    own[there, 4] = _outlines(rows, predictions, over, pair, images)
    area, other = (f["area"].to_numpy(np.float64) for f in (rows, predictions))
    own[there, 5] = np.log((area[over.left[pair]] + 1) / (other[over.right[pair]] + 1))
    offset = np.zeros(n)
    centres = [
        np.column_stack([f["x"] + f["w"] / 2, f["y"] + f["h"] / 2]).astype(np.float64)
        for f in (rows, predictions)
    ]
    far = np.linalg.norm(centres[0][over.left[pair]] - centres[1][over.right[pair]], axis=1)
    offset[there] = far / np.sqrt(np.maximum(area[over.left[pair]], 1))
    part = (over.of_right > _PART) & (other[over.right] < _SMALLER * area[over.left]) & (score > _SURE)
    whole = (over.of_left > _PART) & (area[over.left] < _SMALLER * other[over.right]) & (score > _SURE)
    inside = over.total(over.of_right, whole, right=True)
    others = over.total(np.ones(len(over.left)), whole, right=True)
    shares = over.most(over.of_left, part)
    return np.column_stack(
        [
            own[:, 0],
            own[:, 1],
            over.most(strength),
            over.most(over.iou, same),
            over.most(strength, same),
            over.most(strength, ~same),
            own[:, 2:6],
            offset,
            over.most(over.of_left),
            over.most(over.of_left * score),
            over.total(np.ones(len(over.left)), part),
            over.total(over.of_left, part),
            shares,
            over.most(score, whole),
            over.most(inside[over.right], whole),
            over.most(others[over.right], whole),
            over.total(np.ones(len(over.left)), over.iou > 0.1),
        ]
    )


def _outlines(
    rows: pd.DataFrame, predictions: pd.DataFrame, over: Overlaps, pair: Ints, images: pd.DataFrame
) -> Floats:
    """Boundary IoU of each label with its best prediction, 0 where their masks hardly meet."""
    out = np.zeros(len(pair))
    near = np.flatnonzero(over.iou[pair] >= _COMPARED)
    left, right = over.left[pair[near]], over.right[pair[near]]
    masks = rows["mask"].to_numpy(object)[left].tolist()
    others = predictions["mask"].to_numpy(object)[right].tolist()
    sizes = sizes_of(images, rows["image_id"].to_numpy(np.int64)[left])
    out[near] = boundary_ious(masks, others, sizes)
    return out


def _beside(beside: Overlaps) -> Floats:
    """What the other labels of the image say."""
    every = np.ones(len(beside.left), bool)
    return np.column_stack(
        [
            beside.most(beside.iou),
            beside.most(beside.of_left),
            beside.most(beside.of_right),
            np.minimum(beside.total(beside.of_left, every), 2),
            beside.total(np.ones(len(beside.left)), beside.iou > 0.02),
        ]
    )


def _around(rows: pd.DataFrame, predictions: pd.DataFrame, over: Overlaps, score: Floats) -> Floats:
    """How many labels and predictions the image has, and how well they fit each other there."""
    fit = over.most(over.iou)
    frame = pd.DataFrame({"on": rows["image_id"].to_numpy(np.int64), "fit": fit, "found": fit > 0.5})
    groups = frame.groupby("on")
    seen = predictions["image_id"].to_numpy(np.int64)[score > 0.25]
    n_seen = frame["on"].map(pd.Series(seen).value_counts()).fillna(0).to_numpy(np.float64)
    n_rows = groups["fit"].transform("size").to_numpy(np.float64)
    return np.column_stack(
        [
            np.log1p(n_rows),
            np.log1p(n_seen),
            groups["fit"].transform("median"),
            groups["found"].transform("mean"),
        ]
    )
