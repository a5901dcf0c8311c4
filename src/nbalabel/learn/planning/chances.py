"""How likely each prediction is right, or nearly right, and how little that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.of_images import groups_of
from ...core.tables.schema import LabeledImages
from ..embed.reducers import Pca
from ..quality.fit import sklearn
from ..quality.predicted_iou import mask_quality
from ..quality.report import RIGHT
from ..runs.measured import trains
from ..runs.run import Run

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEAR = 0.5
"""IoU from which an outline is worth correcting rather than drawing anew."""

_AXES = 8  # of the embeddings, along which masks that look alike go together
_CURVES = 60  # bootstrapped calibration curves
_FEW_ROWS, _FEW_IMAGES = 30, 4  # held-out predictions and images from which only these calibrate
_SEEN = 0.6  # shift of the log-odds (standard deviation) where the model was trained on what calibrates it
_BLIND = 1.2  # the same where nothing calibrates it
_LEAST = 0.4  # the same between images
_FEW_UNITS = 2.0  # so many times the error of a mean over groups, since few groups show too little of it


@dataclass(frozen=True, eq=False)
class Chances:
    """Chances of the predictions of a run, with what is not known about them.

    Attributes:
        right: chance of IoU >= 0.75 by prediction id.
        near: chance of IoU 0.5 to 0.75.
        value: what the chances are computed from: the predicted IoU, or the score.
        known: where the chances come from, in words.
        between: standard deviation of the log-odds between images.
        shift: standard deviation of the log-odds of all predictions together.
        quality: predicted IoU by prediction id; None where nothing is labeled.
    """

    right: pd.Series
    near: pd.Series
    value: pd.Series
    known: str
    between: float
    shift: float
    quality: pd.Series | None
    _curves: tuple[Floats, Floats] = field(repr=False)
    _looks: Floats = field(repr=False)

    def draws(self, rows: pd.DataFrame, n: int, rng: np.random.Generator) -> tuple[Bools, Bools]:
        """Which of these rows are right, and which nearly right, as it might be: ``(n, len(rows))`` each.

        Arguments are those of :meth:`each_draw`.
        """
        right, near = np.zeros((n, len(rows)), bool), np.zeros((n, len(rows)), bool)
        for i, (good, close) in enumerate(self.each_draw(rows, n, rng)):
            right[i], near[i] = good, close
        return right, near

    def each_draw(
        self, rows: pd.DataFrame, n: int, rng: np.random.Generator
    ) -> Iterator[tuple[Bools, Bools]]:
        """Which of these rows are right, and which nearly right, draw by draw, ``(len(rows),)`` each.

        A draw takes one of the bootstrapped curves, and moves the log-odds of all rows together, of each
        image by an amount of its own, and along a random direction of what masks look like: masks that look
        alike are right or wrong together beyond what the curve says, which is what clusters live on.

        Args:
            rows: predictions with ``image_id``.
            n: number of draws.
            rng: random numbers.
        """
        at = self.value.loc[rows.index].to_numpy(np.float64)
        looks = self._looks[self.value.index.get_indexer(rows.index)]
        image, which = np.unique(rows["image_id"].to_numpy(np.int64), return_inverse=True)
        for _ in range(n):
            some = rng.integers(len(self._curves[0]))
            move = self.shift * rng.normal() + self.between * rng.normal(size=len(image))[which]
            move += self.between * (looks @ rng.normal(size=looks.shape[1]))
            good, close = (_moved(_along(curves[some], at), move) for curves in self._curves)
            chance = rng.random(len(rows))
            right = chance < good
            yield right, (chance < np.maximum(close, good)) & ~right


def chances(tables: LabeledImages, run: Run, seed: int = 0) -> Chances:
    """Calibrate the predictions of a run on completely labeled images.

    Predicted IoUs of :func:`nbalabel.mask_quality`, cross-fitted over images, are mapped to chances; curves
    are bootstrapped by image. Where enough predictions are on held-out images, only these count; else those
    that the model was trained on count, too, and the chances are less certain. Without labeled images the
    chance is the score, and hardly anything is certain.

    Args:
        tables: the tables as they are now.
        run: the predictions.
        seed: seed of folds and draws.
    """
    rng = np.random.default_rng(seed)
    try:
        quality = mask_quality(run, tables=tables, seed=seed)
    except DataError:
        return _blind(run)
    judged = quality.judged
    image = run.predictions.loc[judged.index, "image_id"]
    held = ~image.isin(tables.images.index[trains(tables.images)]).to_numpy()
    shift, known = _SEEN, f"{len(judged):,} predictions on labeled images, which the model was trained on"
    if held.sum() >= _FEW_ROWS and image[held].nunique() >= _FEW_IMAGES:
        judged, image, shift = judged[held], image[held], 0.0
        known = f"{len(judged):,} predictions on {image.nunique():,} held-out images"
    value = judged["predicted"].to_numpy(np.float64)
    iou = judged["iou"].to_numpy(np.float64)
    unit = groups_of(tables.images, image)
    curves = _bootstrapped(value, iou, unit, rng)
    between = _between(_along(curves[0].mean(axis=0), value), iou >= RIGHT, unit)
    shift = float(np.hypot(shift, _FEW_UNITS * between / np.sqrt(len(np.unique(unit)))))
    return _made(run, quality.iou, curves, known, between, shift, quality.iou)


def _blind(run: Run) -> Chances:
    score = run.predictions["score"].astype(np.float64)
    grid = np.linspace(0, 1, 101)[None]
    curves = grid * 0.9, np.minimum(grid * 0.9 + 0.1, 1.0)
    return _made(run, score, curves, "the scores alone: no image is labeled all over", 0.5, _BLIND, None)


def _made(
    run: Run,
    value: pd.Series,
    curves: tuple[Floats, Floats],
    known: str,
    between: float,
    shift: float,
    quality: pd.Series | None,
) -> Chances:
    right, close = (
        pd.Series(_along(some.mean(axis=0), value.to_numpy(np.float64)), value.index) for some in curves
    )
    near = (close - right).clip(lower=0)
    return Chances(right, near, value, known, between, shift, quality, curves, _looks_of(run))


def _looks_of(run: Run) -> Floats:
    """What predictions look like: a few axes of their embeddings, of mean square 1 together; ``(n, k)``."""
    vectors = run.embeddings.instances(run.predictions.index.to_numpy(np.int64))
    known = np.flatnonzero(np.isfinite(vectors).all(axis=1)) if vectors.shape[1] else np.zeros(0, np.int64)
    out = np.zeros((len(vectors), min(_AXES, vectors.shape[1])))
    if len(known) > _AXES:
        axes = Pca.fit(vectors[known], out.shape[1]).transform(vectors[known])
        out[known] = axes / np.sqrt(max(float((axes**2).sum(axis=1).mean()), 1e-12))
    return out


def _bootstrapped(
    value: Floats, iou: Floats, image: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Curves from predicted IoU to the chances of IoU >= 0.75 and >= 0.5, on a grid; ``(b, 101)`` each.

    Every curve sees one right and one wrong prediction more than there are, so that no chance is 0 or 1.
    """
    images, which = np.unique(image, return_inverse=True)
    rows = [np.flatnonzero(which == i) for i in range(len(images))]
    right, close = [], []
    for _ in range(_CURVES):
        some = np.concatenate([rows[i] for i in rng.integers(len(images), size=len(images))])
        right.append(_curve(value[some], iou[some] >= RIGHT))
        close.append(_curve(value[some], iou[some] >= NEAR))
    return np.stack(right), np.stack(close)


def _curve(value: Floats, hit: Bools) -> Floats:
    isotonic = sklearn("isotonic").IsotonicRegression(out_of_bounds="clip")
    fitted = isotonic.fit(np.append(value, [0.0, 1.0]), np.append(hit.astype(np.float64), [1.0, 0.0]))
    return np.asarray(fitted.predict(np.linspace(0, 1, 101)), np.float64)


def _along(curve: Floats, value: Floats) -> Floats:
    return np.interp(value, np.linspace(0, 1, len(curve)), curve)


def _moved(chance: Floats, by: Floats) -> Floats:
    inner = np.clip(chance, 1e-4, 1 - 1e-4)
    return np.asarray(1 / (1 + np.exp(-(np.log(inner / (1 - inner)) + by))), np.float64)


def _between(chance: Floats, hit: Bools, image: npt.NDArray[np.int64]) -> float:
    """How much images differ beyond chance: by the method of moments, in log-odds."""
    _, which = np.unique(image, return_inverse=True)
    spread = np.bincount(which, chance * (1 - chance))
    excess = np.bincount(which, hit - chance) ** 2 - spread
    return float(np.clip(np.sqrt(max(excess.sum() / max((spread**2).sum(), 1e-9), 0)), _LEAST, 2.0))
