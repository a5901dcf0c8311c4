"""Average precision and recall, equal to pycocotools, from tables in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from .accumulate import Outcomes, accumulate
from .candidates import Candidates, Images, Kind, candidates
from .greedy import greedy

_AREA_RANGES: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""COCO's area ranges in pixels; both ends belong to a range."""

_IOU_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
_RECALL_THRESHOLDS = np.linspace(0.0, 1.0, 101)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Metrics:
    """How good predictions are, as COCO measures it.

    Attributes:
        precision: interpolated precision, ``(T, R, K, A, M)`` float64: IoU threshold, recall 0, 0.01 .. 1,
            label, area range (all, small, medium, large), predictions allowed per image; -1 where the images
            hold no such instance.
        recall: highest recall, ``(T, K, A, M)`` float64, likewise.
        labels: label names, ``K``.
        iou_thresholds: ``T`` numbers.
        max_detections: ``M`` numbers, ascending.
        kind: "mask" or "box": what was compared.
        n_images: images evaluated.
        n_instances: instances of each label and area range, crowds left out, ``(K, A)`` int64.
        n_predictions: predictions of each label that took part, ``(K,)`` int64.
    """

    precision: Floats = field(repr=False)
    recall: Floats = field(repr=False)
    labels: tuple[str, ...]
    iou_thresholds: tuple[float, ...]
    max_detections: tuple[int, ...]
    kind: Kind
    n_images: int
    n_instances: npt.NDArray[np.int64] = field(repr=False)
    n_predictions: npt.NDArray[np.int64] = field(repr=False)

    @property
    def map(self) -> float:
        """Mean AP over labels and IoU thresholds (mAP50-95), 0..1; NaN where there is nothing to find."""
        return float(self.summary["AP"])

    @property
    def map50(self) -> float:
        """Mean AP at IoU 0.5, 0..1."""
        return float(self.summary["AP50"])

    @cached_property
    def summary(self) -> pd.Series:
        """COCO's twelve numbers AP, AP50, AP75, APs ... ARl, 0..1; NaN where there is nothing to find."""
        out = {
            "AP": self._mean(self.precision[..., 0, -1]),
            "AP50": self._mean(self._at(0.5)[..., 0, -1]),
            "AP75": self._mean(self._at(0.75)[..., 0, -1]),
        }
        out |= {f"AP{name[0]}": self._mean(self.precision[..., a, -1]) for a, name in self._ranges()}
        out |= {f"AR{n}": self._mean(self.recall[..., 0, m]) for m, n in enumerate(self.max_detections)}
        out |= {f"AR{name[0]}": self._mean(self.recall[..., a, -1]) for a, name in self._ranges()}
        return pd.Series(out, name=self.kind, dtype=float)

    @cached_property
    def per_label(self) -> pd.DataFrame:
        """One row per label, with number of instances and predictions, AP, AP50, AP75, APs, APm, APl, AR."""
        by_label = np.moveaxis(self.precision, 2, 0)
        half, tight = np.moveaxis(self._at(0.5), 2, 0), np.moveaxis(self._at(0.75), 2, 0)
        columns: dict[str, Any] = {"instances": self.n_instances[:, 0], "predictions": self.n_predictions}
        columns["AP"] = [self._mean(p[..., 0, -1]) for p in by_label]
        columns["AP50"] = [self._mean(p[..., 0, -1]) for p in half]
        columns["AP75"] = [self._mean(p[..., 0, -1]) for p in tight]
        for a, name in self._ranges():
            columns[f"AP{name[0]}"] = [self._mean(p[..., a, -1]) for p in by_label]
        columns["AR"] = [self._mean(r[..., 0, -1]) for r in np.moveaxis(self.recall, 1, 0)]
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def _at(self, threshold: float) -> Floats:
        """Precision at one IoU threshold, empty where it was not evaluated."""
        return self.precision[np.isclose(self.iou_thresholds, threshold)]

    @staticmethod
    def _ranges() -> list[tuple[int, str]]:
        return list(enumerate(_AREA_RANGES))[1:]

    @staticmethod
    def _mean(values: Floats) -> float:
        """Mean over the entries that are not -1."""
        valid = values[values > -1]
        return float(valid.mean()) if valid.size else float("nan")

    def __str__(self) -> str:
        numbers = "  ".join(f"{name} {value:.3f}" for name, value in self.summary.items())
        return f"{self.kind} metrics, {self._counts()}: {numbers}"

    def _counts(self) -> str:
        n_instances, n_predictions = int(self.n_instances[:, 0].sum()), int(self.n_predictions.sum())
        return f"{self.n_images:,} images, {n_instances:,} instances, {n_predictions:,} predictions"

    def _repr_html_(self) -> str:
        table = self.summary.to_frame().T.to_html(float_format="{:.3f}".format, na_rep="–", border=0)
        return f"<div>{table}<small>{self._counts()}</small></div>"


def evaluate(
    predictions: pd.DataFrame,
    instances: pd.DataFrame,
    images: Images | None = None,
    labels: Sequence[str] | None = None,
    *,
    kind: Kind = "mask",
    area: str | None = None,
    label_area: str = "area",
    max_detections: Sequence[int] = (1, 10, 100),
    iou_thresholds: Sequence[float] = _IOU_THRESHOLDS,
) -> Metrics:
    """Measure predictions against instances by COCO's rules; the arrays equal those of pycocotools.

    pycocotools sorts a prediction into small, medium and large by its *box* area whenever the result file has
    boxes, even when masks are compared; ``area="box"`` does the same. And it takes the ``area`` field of the
    label file, which for polygons differs from the mask's pixels a little; ``label_area="coco_area"`` takes
    the column the COCO reader keeps it in.

    Args:
        predictions: instance table with ``score``, one row per prediction.
        instances: the ground truth, one row per instance; a column ``crowd`` marks crowds.
        images: the evaluation set, a table of images or their ids; rows of other images are left out. None:
            every image that either table names.
        labels: names to evaluate, in the order of the arrays; None: the categories of both tables.
        kind: compare "mask" or "box".
        area: size by which predictions are small, medium or large: "mask" (column ``area``), "box"
            (``w * h``) or the name of a column, pixels. None: "mask" for masks, "box" for boxes.
        label_area: the same for instances.
        max_detections: most predictions per image and label; AP is measured at the largest.
        iou_thresholds: lowest IoU of a match, each in (0, 1].

    Raises:
        DataError: a column or a score is missing, or an argument is out of range.
        MaskError: masks are malformed, or those of one image differ in size.

    Source: Microsoft COCO, detection evaluation, https://cocodataset.org/#detection-eval

    Example:
        >>> mask = {"image_id": [1], "label": ["fish"], "mask": [b"112"], "area": [1]}
        >>> round(evaluate(pd.DataFrame({**mask, "score": [0.9]}), pd.DataFrame(mask)).map50, 6)
        1.0
    """
    thresholds = _thresholds(iou_thresholds)
    limits = _limits(max_detections)
    least = float(min(thresholds.min(), 1 - 1e-10))
    case = candidates(predictions, instances, images, labels, kind=kind, minimum=least, per_group=limits[-1])
    size = _areas(predictions, area or kind, "predictions")[case.found.rows]
    truth_outside = _outside(_areas(instances, label_area, "instances")[case.truth.rows])
    ignored = truth_outside | case.crowd[:, None]
    n_positive = np.stack(
        [np.bincount(case.truth.label[~i], minlength=len(case.labels)) for i in ignored.T], axis=1
    )
    outcomes = _outcomes(case, ignored, _outside(size), thresholds)
    precision, recall = accumulate(outcomes, n_positive, _RECALL_THRESHOLDS, limits)
    n_predictions = np.bincount(case.found.label, minlength=len(case.labels))
    return Metrics(
        precision,
        recall,
        case.labels,
        tuple(thresholds.tolist()),
        limits,
        kind,
        case.n_images,
        n_positive,
        n_predictions,
    )


def _outcomes(
    case: Candidates, ignored: npt.NDArray[np.bool_], outside: npt.NDArray[np.bool_], thresholds: Floats
) -> Outcomes:
    """Match, and sort the predictions by label and falling score over all images."""
    matches = greedy(case.pairs, case.found.group, ignored, case.crowd, thresholds)
    order = np.lexsort((-case.score, case.found.label))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    live_order = np.argsort(place[matches.live])
    truth = matches.truth[live_order]
    hit = truth >= 0
    void = hit & ignored[truth, np.arange(ignored.shape[1])] if len(ignored) else hit
    found = case.found
    live = place[matches.live][live_order]
    return Outcomes(found.label[order], found.rank()[order], outside[order], live, hit & ~void, void)


def _areas(frame: pd.DataFrame, area: str, table: str) -> Floats:
    """Sizes in pixels, ``(n,)``, from the boxes, the masks or a column."""
    if area == "box":
        sides = ["w", "h"]
        return np.asarray(np.prod([_column(frame, side, table) for side in sides], axis=0), float)
    return _column(frame, "area" if area == "mask" else area, table)


def _column(frame: pd.DataFrame, name: str, table: str) -> Floats:
    if name not in frame:
        raise DataError(
            f"{table} has no column {name!r} to tell small, medium and large by; it has {list(frame.columns)}"
        )
    return frame[name].to_numpy(float)


def _outside(area: Floats) -> npt.NDArray[np.bool_]:
    """Whether each size lies outside each of the area ranges, ``(n, A)``."""
    low, high = np.array(list(_AREA_RANGES.values())).T
    return (area[:, None] < low) | (area[:, None] > high)


def _thresholds(iou_thresholds: Sequence[float]) -> Floats:
    values = np.asarray(iou_thresholds, float).reshape(-1)
    if not len(values) or not ((values > 0) & (values <= 1)).all():
        raise DataError(f"iou_thresholds must be numbers in (0, 1], got {values.tolist()}")
    return values


def _limits(max_detections: Sequence[int]) -> tuple[int, ...]:
    limits = tuple(sorted(int(n) for n in max_detections))
    if not limits or limits[0] < 1:
        raise DataError(f"max_detections must be whole numbers >= 1, got {list(max_detections)}")
    return limits
