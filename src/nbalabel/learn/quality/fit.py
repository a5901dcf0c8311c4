"""Cross-fit a regression of IoU: no prediction is scored by a fit that used its own image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import MissingExtraError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Columns = npt.NDArray[np.float32]
Fit = Callable[[Any, Floats], Any]

FEW = 60
"""With fewer rows, only the score is used."""

ELSEWHERE = -1
"""Fold of the predictions on images that are not completely labeled."""

_CONFIDENCE = "confidence"


@dataclass(frozen=True, eq=False)
class Fitted:
    """Predicted IoU of every prediction.

    Attributes:
        iou: 0..1, ``(n,)``; rows of a fold are predicted by a fit to the other folds, rows elsewhere by a fit
            to all folds.
        name: name of the regression with the least error.
        errors: root mean squared error of each one tried, over the rows fitted on, out of fold.
    """

    iou: Floats
    name: str
    errors: dict[str, float]


def fold_of(image_ids: Ints, judged: Bools, folds: int, seed: int) -> Ints:
    """Fold of each prediction, chosen by image so that all folds hold about the same number of judged rows.

    Args:
        image_ids: image of each prediction, ``(n,)``.
        judged: whether the true IoU is known, ``(n,)``.
        folds: most folds; no more than images.
        seed: seed of the order of images.

    Returns:
        ``(n,)`` int64, :data:`ELSEWHERE` on images without a judged row.
    """
    images, n_rows = np.unique(image_ids[judged], return_counts=True)
    held = np.zeros(min(folds, len(images)), np.int64)
    fold = np.zeros(len(images), np.int64)
    order = np.random.default_rng(seed).permutation(len(images))
    for image in order[np.argsort(-n_rows[order], kind="stable")]:
        fold[image] = int(held.argmin())
        held[fold[image]] += n_rows[image]
    at = np.clip(np.searchsorted(images, image_ids), 0, len(images) - 1)
    return np.where(images[at] == image_ids, fold[at], ELSEWHERE)


def cross_fit(columns: Columns, iou: Floats, judged: Bools, fold: Ints, seed: int) -> Fitted:
    """Fit each regression in turn, keep the one with the least error out of fold.

    Args:
        columns: ``(n, d)``, the first of them from the score.
        iou: true IoU where judged, ``(n,)``.
        judged: which rows may be fitted on, ``(n,)``.
        fold: see :func:`fold_of`.
        seed: seed of the trees.
    """
    found = {name: _apart(make, columns, iou, judged, fold) for name, make in _kinds(seed, judged).items()}
    errors = {
        name: float(np.sqrt(np.mean((said[judged] - iou[judged]) ** 2))) for name, said in found.items()
    }
    best = min(errors, key=lambda name: errors[name])
    return Fitted(found[best], best, errors)


def map_apart(value: Floats, target: Floats, judged: Bools, fold: Ints) -> Floats:
    """Isotonic regression of a target on a value, ``(n,)``, never fitted on the row's own image.

    Source: B. Zadrozny, C. Elkan, Transforming classifier scores into accurate multiclass probability
        estimates, KDD 2002, on isotonic regression for calibration.
    """
    return _apart(_isotonic, value[:, None], target, judged, fold)


def _apart(fit: Fit, columns: Any, target: Floats, judged: Bools, fold: Ints) -> Floats:
    out = np.zeros(len(fold))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        known = judged & (fold != number)
        out[rows] = np.clip(fit(columns[known], target[known]).predict(columns[rows]), 0, 1)
    return out


def _kinds(seed: int, judged: Bools) -> dict[str, Fit]:
    if judged.sum() < FEW:
        return {_CONFIDENCE: _isotonic}
    return {"trees": lambda x, y: _trees(x, y, seed), "ridge": _ridge, _CONFIDENCE: _isotonic}


def _trees(columns: Columns, iou: Floats, seed: int) -> Any:
    """Extremely randomised trees, whose error on 100 to 3,500 rows was below that of boosted trees.

    Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
    """
    ensemble = sklearn("ensemble")
    trees = ensemble.ExtraTreesRegressor(
        100, min_samples_leaf=3, max_features=0.5, random_state=seed, n_jobs=-1
    )
    return trees.fit(columns, iou)


def _ridge(columns: Columns, iou: Floats) -> Any:
    """Ridge regression on standardised columns, its penalty chosen by leave-one-out."""
    linear, scale = sklearn("linear_model"), sklearn("preprocessing")
    line = linear.RidgeCV(np.logspace(-1, 4, 11))
    return sklearn("pipeline").make_pipeline(scale.StandardScaler(), line).fit(columns, iou)


def _isotonic(columns: npt.NDArray[Any], target: Floats) -> Any:
    curve = sklearn("isotonic").IsotonicRegression(out_of_bounds="clip")
    return _First(curve.fit(columns[:, 0], target))


@dataclass(frozen=True)
class _First:
    """A curve over the first column alone."""

    curve: Any

    def predict(self, columns: npt.NDArray[Any]) -> Floats:
        return np.asarray(self.curve.predict(columns[:, 0]), np.float64)


def sklearn(module: str, what: str = "a predicted mask IoU is learned") -> Any:
    """A module of scikit-learn.

    Args:
        module: its name, such as "ensemble".
        what: what needs it, for the message.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ImportError as error:
        raise MissingExtraError(
            f"{what} with scikit-learn, which is not installed: pip install 'nbalabel[propagate]'"
        ) from error
