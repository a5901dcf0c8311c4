"""Candidate pairs of predictions and instances: same image, same label, and overlapping.

Everything after this works on plain arrays. Predictions are sorted by label, image and falling score,
instances by label and image; equal ones keep the row order of their table, as in COCO's evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, first
from ...core.geometry.masks.groups import Groups, spans
from ...core.geometry.overlap.masks import Masks
from ...core.geometry.overlap.pairs import Pairs, box_pairs, mask_pairs
from ...core.id_sets import distinct, union

Kind = Literal["mask", "box"]
Ints = npt.NDArray[np.int64]
Images = pd.DataFrame | Sequence[int] | npt.NDArray[np.int64] | pd.Index


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of one table that take part, in their new order; all arrays ``(n,)``.

    Attributes:
        rows: position of each row in its table, int64.
        label: index in the label list, int64.
        group: number of its image and label, ascending, int64.
    """

    rows: Ints
    label: Ints
    group: Ints

    def __len__(self) -> int:
        return len(self.rows)

    def rank(self) -> Ints:
        """Place of each row within its group, 0 first."""
        _, start, n = np.unique(self.group, return_index=True, return_counts=True)
        return np.arange(len(self)) - np.repeat(start, n)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The pairs of predictions and instances that may be matched.

    Attributes:
        found: predictions, sorted by label, image and falling score.
        truth: instances, sorted by label and image.
        score: score of each prediction in ``found``, float.
        crowd: whether each instance in ``truth`` is a crowd, bool.
        pairs: overlapping pairs, as positions in ``found`` and ``truth``.
        labels: names that ``label`` numbers.
        n_images: images evaluated.
    """

    found: Side
    truth: Side
    score: npt.NDArray[Any]
    crowd: npt.NDArray[np.bool_]
    pairs: Pairs
    labels: tuple[str, ...]
    n_images: int


def candidates(
    predictions: pd.DataFrame,
    instances: pd.DataFrame,
    images: Images | None = None,
    labels: Sequence[str] | None = None,
    *,
    kind: Kind = "mask",
    minimum: float = 0.0,
    per_group: int | None = None,
    same_label: bool = True,
    masks: tuple[Masks, Masks] | None = None,
) -> Candidates:
    """Sort both tables and find the overlapping pairs.

    Args:
        predictions: instance table with ``score``.
        instances: the ground truth, with ``crowd`` (absent: no crowds).
        images: evaluation set, a table of images or their ids; None: every image either table names.
        labels: names to evaluate; None: the categories of both tables.
        kind: compare "mask" or "box".
        minimum: leave out pairs of a lower IoU.
        per_group: only the best-scored predictions of each image and label, None: all.
        same_label: False pairs any labels (crowds still take only predictions of their own label).
        masks: those of both tables, for several calls; see :func:`masks_of`. The tables need none then.

    Raises:
        DataError: a column or a score is missing, ``kind`` is unknown, or a label is listed twice.
        MaskError: masks are malformed, or those of one image differ in size.
    """
    if kind not in ("mask", "box"):
        raise DataError(f"kind must be 'mask' or 'box', got {kind!r}")
    names = tuple(labels) if labels is not None else _all_labels(predictions, instances)
    if len(set(names)) < len(names):
        raise DataError(f"labels must be unique, got {', '.join(names)}")
    ids = _image_ids(predictions, instances, images)
    score = _scores(predictions)
    read = "given" if masks is not None else kind
    found = _side(predictions, "predictions", ids, names, read, same_label, -score)
    if per_group is not None:
        found = _select(found, np.flatnonzero(found.rank() < per_group))
    truth = _side(instances, "instances", ids, names, read, same_label)
    crowd = (
        instances["crowd"].to_numpy(bool)[truth.rows] if "crowd" in instances else np.zeros(len(truth), bool)
    )
    if kind == "mask" and masks is None:
        masks = masks_of(predictions, images), masks_of(instances, images)
    pairs = _pairs(predictions, instances, found, truth, crowd, masks, minimum)
    if not same_label:
        own = ~crowd[pairs.right] | (found.label[pairs.left] == truth.label[pairs.right])
        pairs = Pairs(pairs.left[own], pairs.right[own], pairs.iou[own])
    return Candidates(found, truth, score[found.rows], crowd, pairs, names, len(ids))


def masks_of(rows: pd.DataFrame, images: Images | None = None) -> Masks:
    """The masks of rows; where the images say their heights, fewer of them need comparing.

    Args:
        rows: instances or predictions.
        images: rows of images; ids and None say nothing of heights.
    """
    if not isinstance(images, pd.DataFrame) or "height" not in images:
        return Masks(rows["mask"])
    at = images.index.get_indexer(pd.Index(rows["image_id"]))
    return Masks(rows["mask"], np.append(images["height"].to_numpy(np.int64), 0)[at])


def _pairs(
    predictions: pd.DataFrame,
    instances: pd.DataFrame,
    found: Side,
    truth: Side,
    crowd: npt.NDArray[np.bool_],
    masks: tuple[Masks, Masks] | None,
    minimum: float,
) -> Pairs:
    """Overlapping pairs, of masks or without them of boxes; only rows that share a group are read."""
    met = Groups.of(found.group, truth.group)
    left, right = spans(met.left_start, met.left_end), spans(met.right_start, met.right_end)
    groups = Groups.of(found.group[left], truth.group[right])
    rows, others = found.rows[left], truth.rows[right]
    if masks is not None:
        pairs = mask_pairs(
            masks[0].picked(rows),
            masks[1].picked(others),
            groups,
            crowd[right],
            minimum=minimum,
            left_ids=predictions.index[rows],
            right_ids=instances.index[others],
        )
    else:
        sides = ["x", "y", "w", "h"]
        a, b = predictions[sides].to_numpy(float), instances[sides].to_numpy(float)
        pairs = box_pairs(a[rows], b[others], groups, crowd[right], minimum=minimum)
    return Pairs(left[pairs.left], right[pairs.right], pairs.iou)


def _side(
    frame: pd.DataFrame,
    table: str,
    ids: pd.Index,
    names: tuple[str, ...],
    read: str,
    same_label: bool,
    falling: npt.NDArray[Any] | None = None,
) -> Side:
    columns = {"mask": ["mask"], "box": ["x", "y", "w", "h"]}
    needed = ["image_id", "label", *columns.get(read, [])]
    missing = [name for name in needed if name not in frame]
    if missing:
        raise DataError(f"{table} needs the columns {', '.join(missing)}; it has {list(frame.columns)}")
    image = ids.get_indexer(pd.Index(frame["image_id"]))
    label = _codes(frame["label"], names)
    rows = np.flatnonzero((image >= 0) & (label >= 0))
    group = (label[rows] if same_label else 0) * np.int64(len(ids)) + image[rows]
    order = np.argsort(group, kind="stable") if falling is None else np.lexsort((falling[rows], group))
    return Side(rows[order], label[rows][order], group[order])


def _select(side: Side, at: Ints) -> Side:
    return Side(side.rows[at], side.label[at], side.group[at])


def _codes(column: pd.Series, names: tuple[str, ...]) -> Ints:
    """Index of each row's label in ``names``, -1 where it is not in there."""
    known = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("category")
    place = (
        pd.Index(names).get_indexer(known.cat.categories) if names else np.full(len(known.cat.categories), -1)
    )
    return np.append(place, -1)[known.cat.codes.to_numpy()].astype(np.int64)


def _all_labels(*frames: pd.DataFrame) -> tuple[str, ...]:
    """Categories of both tables, in order, those of the instances first."""
    names: dict[str, None] = {}
    for frame in reversed(frames):
        if "label" in frame:
            column = frame["label"]
            known = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("category")
            names.update(dict.fromkeys(known.cat.categories))
    return tuple(names)


def _image_ids(predictions: pd.DataFrame, instances: pd.DataFrame, images: Images | None) -> pd.Index:
    """Ids of the images evaluated, ascending."""
    if images is None:
        return pd.Index(union(predictions["image_id"], instances["image_id"]).astype(np.int64))
    ids = images.index if isinstance(images, pd.DataFrame) else images
    return pd.Index(distinct(np.asarray(ids, np.int64)))


def _scores(predictions: pd.DataFrame) -> npt.NDArray[Any]:
    if "score" not in predictions:
        raise DataError(f"predictions needs a column 'score'; it has {list(predictions.columns)}")
    score = predictions["score"].to_numpy(float)
    bad = np.flatnonzero(np.isnan(score))
    if len(bad):
        raise DataError(
            f"predictions: every row needs a score to be ranked by; {len(bad)} of {len(score)} have none: "
            f"{first(predictions.index[bad])}"
        )
    return score
