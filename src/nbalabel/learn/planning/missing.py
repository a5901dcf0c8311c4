"""How many instances on an image no prediction has found, from what was missed on labeled images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.regions.measured import counted
from ...core.tables.of_images import groups_of, labeled_all_over
from ...core.tables.schema import LabeledImages
from ..metrics.match import match
from ..runs.measured import trains
from ..runs.run import Run
from .candidates import best_of_each
from .chances import NEAR, Chances

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

_FEW_IMAGES = 4
_LINES = 60
_BLIND = (1.0, 0.25)  # missed per image, and per instance found, where nothing is labeled


@dataclass(frozen=True, eq=False)
class Missing:
    """Expected missing instances per image: ``a + b * found``, and what is not known about a and b.

    Attributes:
        images: ids, ``(n,)``.
        expected: missing instances of each, ``(n,)``, those drawn already left out.
        known: where the numbers come from, in words.
    """

    images: Ids
    expected: Floats
    known: str
    _found: Floats
    _there: Floats
    _lines: Floats
    _spread: float

    def draws(self, n: int, rng: np.random.Generator) -> Floats:
        """Missing instances as they might be, ``(n, len(images))`` whole numbers."""
        lines = self._lines[rng.integers(len(self._lines), size=n)]
        mean = np.maximum(lines[:, :1] + lines[:, 1:] * self._found - self._there, 0.02)
        shape = 1 / max(self._spread, 1e-3)
        return np.asarray(rng.poisson(mean * rng.gamma(shape, 1 / shape, size=mean.shape)), np.float64)


def missing(
    tables: LabeledImages, run: Run, chances: Chances, images: Ids, there: pd.DataFrame, seed: int = 0
) -> Missing:
    """Estimate what is missing on these images.

    Args:
        tables: the tables as they are now.
        run: the predictions.
        chances: of the run.
        images: ids of images that wait for labels.
        there: instances on them that no prediction found.
        seed: seed of the bootstrap over labeled images, by group.
    """
    rng = np.random.default_rng(seed)
    found = _found(run.predictions[run.predictions["image_id"].isin(images)], chances, images)
    drawn = _per_image(there, images)
    labeled = _labeled(tables, run)
    if len(labeled) < 2:
        lines = np.array(_BLIND) * np.exp(rng.normal(size=(_LINES, 2)))
        known, spread = "assumed: no image is labeled all over", 1.0
    else:
        x, y = _seen(tables, run, chances, labeled)
        unit = groups_of(tables.images, pd.Series(labeled))
        lines = np.stack([_line(x[some], y[some]) for some in _resampled(unit, rng)])
        known, spread = f"missed on {len(labeled):,} labeled images", _spread(x, y)
    mean = lines.mean(axis=0)
    expected = np.maximum(mean[0] + mean[1] * found - drawn, 0.0)
    return Missing(images, expected, known, found, drawn, lines, spread)


def _resampled(unit: Ids, rng: np.random.Generator) -> Iterator[Ids]:
    """Positions of images, whole groups drawn with replacement; as many times as there are lines."""
    rows = [np.flatnonzero(unit == one) for one in np.unique(unit)]
    for _ in range(_LINES):
        yield np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])


def unfound(tables: LabeledImages, run: Run, images: Ids) -> pd.DataFrame:
    """Instances on these images that no prediction overlaps by half."""
    rows = tables.instances[tables.instances["image_id"].isin(images)]
    near = run.predictions[run.predictions["image_id"].isin(images)]
    return match(near, rows, pd.Index(images), iou=NEAR).missed if len(rows) else rows


def _labeled(tables: LabeledImages, run: Run) -> Ids:
    """Labeled images predicted on; held-out ones alone where there are enough."""
    images = tables.images
    chosen = labeled_all_over(images) & images.index.isin(run.predicted_ids)
    held = chosen & ~trains(images)
    return images.index[held if held.sum() >= _FEW_IMAGES else chosen].to_numpy(np.int64)


def _found(predictions: pd.DataFrame, chances: Chances, images: Ids) -> Floats:
    """Expected number of instances that the best prediction of each place has found, per image."""
    kept = best_of_each(predictions, chances.right)
    close = (chances.right + chances.near).loc[kept.index]
    return close.groupby(kept["image_id"]).sum().reindex(images, fill_value=0.0).to_numpy(np.float64)


def _seen(tables: LabeledImages, run: Run, chances: Chances, labeled: Ids) -> tuple[Floats, Floats]:
    """Of each labeled image, the expected number found, and the number missed."""
    predictions = run.predictions[run.predictions["image_id"].isin(labeled)]
    frame = tables.images.loc[labeled]
    lost = match(predictions, counted(tables, predictions, frame), frame, iou=NEAR).missed
    return _found(predictions, chances, labeled), _per_image(lost, labeled)


def _per_image(rows: pd.DataFrame, images: Ids) -> Floats:
    counts = rows["image_id"].value_counts().reindex(images, fill_value=0)
    return np.asarray(counts.to_numpy(), np.float64)


def _line(x: Floats, y: Floats) -> Floats:
    """Missed per image and per instance found, neither below 0; half an instance is added to all images."""
    from scipy.optimize import nnls

    weight = 1 / np.sqrt(1 + x)
    columns = np.column_stack([np.ones(len(x)), x]) * weight[:, None]
    line = np.asarray(nnls(columns, (y + 0.5 / len(x)) * weight)[0], np.float64)
    return np.maximum(line, [1e-3, 0.0])


def _spread(x: Floats, y: Floats) -> float:
    """How much more images differ than a Poisson distribution says: variance = mean + spread * mean ** 2."""
    line = _line(x, y)
    mean = np.maximum(line[0] + line[1] * x, 1e-3)
    return float(np.clip((((y - mean) ** 2 - mean).sum()) / (mean**2).sum(), 0.1, 5.0))
