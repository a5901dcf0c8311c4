"""Predict the IoU of each predicted mask, learned from completely labeled images."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.regions.measured import counted
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..metrics.curves import calibration
from ..metrics.match import match
from ..runs.run import Run
from .features import GROUPS, Features, features
from .fit import FEW, Fitted, cross_fit, fold_of, map_apart
from .report import RIGHT, compare

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class MaskQuality:
    """Predicted mask IoU of the predictions of a run, and how reliable it is.

    Attributes:
        iou: predicted mask IoU by prediction id, float32, 0..1. A prediction on an image that was fitted on
            is scored by a fit to other images only.
        chance: chance that the true IoU is at least 0.75, likewise.
        confidence: the model's own score, likewise.
        report: one row each for the confidence, the predicted IoU and their product; see
            :func:`nbalabel.learn.quality.report.compare`. Measured on the images fitted on, out of fold.
        errors: root mean squared error of the IoU of each regression tried, out of fold.
        regression: the one with the least error: "trees", "ridge" or "confidence".
        fitted_on: ids of the images fitted on, ``(k,)`` int64.
        n_fitted: number of predictions on them.
        note: what was missing; empty where nothing was.
        judged: of the predictions fitted on: ``score`` (the chance), ``matched`` (IoU at least 0.75), ``iou``
            and ``predicted``.
    """

    iou: pd.Series
    chance: pd.Series
    confidence: pd.Series
    report: pd.DataFrame
    errors: pd.Series
    regression: str
    fitted_on: npt.NDArray[np.int64]
    n_fitted: int
    note: str
    judged: pd.DataFrame = field(repr=False)

    @property
    def score(self) -> pd.Series:
        """Predicted IoU times confidence, by prediction id, float32, 0..1.

        This is the score of Papadopoulos et al. (2021), whose predicted IoU does not use the confidence. Here
        the predicted IoU uses it, and ranks masks better by itself: see ``report``.
        """
        return (self.iou * self.confidence).rename("score")

    def calibration(self, bins: int = 10) -> pd.DataFrame:
        """How reliable ``chance`` is; see :func:`nbalabel.learn.metrics.curves.calibration`.

        Args:
            bins: number of bins of chance.
        """
        return calibration(self.judged, bins)

    def __repr__(self) -> str:
        ranks = self.report["rank_correlation"]
        return (
            f"MaskQuality({len(self.iou)} predictions by {self.regression} fitted on {self.n_fitted} of "
            f"{len(self.fitted_on)} images; rank correlation with the true IoU {ranks['predicted IoU']:.2f}, "
            f"of the confidence {ranks['confidence']:.2f}{'; ' + self.note if self.note else ''})"
        )

    def _repr_html_(self) -> str:
        note = f"<div>{self.note}</div>" if self.note else ""
        return (
            f"<div>{self.n_fitted:,} predictions on {len(self.fitted_on):,} labeled images, measured out of "
            f"fold; regression: {self.regression}</div>{self.report.round(3).to_html()}{note}"
        )


def mask_quality(
    run: Run,
    *,
    tables: LabeledImages | None = None,
    agreement: pd.Series | None = None,
    folds: int = 5,
    groups: Collection[str] = GROUPS,
    seed: int = 0,
) -> MaskQuality:
    """Predict the mask IoU of every prediction of a run.

    It is learned from the predictions on completely labeled images (state complete or empty), by their
    embedding, confidence, size, shape, label, and the other predictions they overlap. Three regressions are
    cross-fitted over folds of images, and the one with the least error on the folds left out is used:
    randomised trees, ridge regression, or a curve over the confidence alone. With fewer than 60 such
    predictions it is that curve, and ``note`` says so.

    The model was mostly trained on these images, so its masks are better there than elsewhere, and the report
    is too optimistic.

    Args:
        run: predictions of any model.
        tables: tables with instances to learn from; None takes those of the run, as they were then.
        agreement: agreement of each prediction with other views, from :func:`nbalabel.agreement`.
        folds: number of folds of the labeled images, 2 or more; no more than images.
        groups: which features to use, see ``nbalabel.learn.quality.features.GROUPS``; for ablations.
        seed: seed of folds and trees; the same seed gives the same scores.

    Raises:
        DataError: there are no predictions, or fewer than two completely labeled images have some; arguments
            are out of range.
        MissingExtraError: scikit-learn is not installed.
        UnknownNameError: there is no such group of features.

    Example:
        >>> import nbalabel as nl, tempfile
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=16, n_test=0)
        >>> quality = nl.mask_quality(nl.demo.simulated_run(ds))
        >>> quality.report.index.tolist()
        ['confidence', 'predicted IoU', 'product']
        >>> bool(quality.iou.between(0, 1).all())
        True
        >>> ds.close()
    """
    if folds < 2:
        raise DataError(f"folds must be 2 or more, got {folds}: a score must come from other images")
    found = run.tables if tables is None else tables
    if found is None:
        raise DataError(f"{run.id} holds no tables: load it with Run.load(folder, tables), or pass tables=")
    predictions = run.predictions
    iou, judged = true_iou(predictions, run.predicted_ids, found)
    images = predictions["image_id"].to_numpy(np.int64)
    fitted_on = np.unique(images[judged])
    _check(run, fitted_on)
    known = features(predictions, found.images, run.embeddings, agreement, groups=groups, seed=seed)
    fold = fold_of(images, judged, folds, seed)
    fitted = cross_fit(known.columns, iou, judged, fold, seed)
    confidence = predictions["score"].to_numpy(np.float64)
    scores = {
        "confidence": confidence,
        "predicted IoU": fitted.iou,
        "product": fitted.iou * confidence,
    }
    chance = map_apart(fitted.iou, (iou >= RIGHT).astype(np.float64), judged, fold)
    return MaskQuality(
        iou=_series(fitted.iou, predictions.index, "predicted_iou"),
        chance=_series(chance, predictions.index, "chance"),
        confidence=_series(confidence, predictions.index, "confidence"),
        report=compare(scores, iou, judged, fold),
        errors=pd.Series(fitted.errors, name="rmse"),
        regression=fitted.name,
        fitted_on=fitted_on,
        n_fitted=int(judged.sum()),
        note=_note(known, fitted, int(judged.sum())),
        judged=_judged(predictions.index[judged], chance[judged], iou[judged], fitted.iou[judged]),
    )


def true_iou(
    predictions: pd.DataFrame, predicted_ids: npt.NDArray[np.int64], tables: LabeledImages
) -> tuple[Floats, Bools]:
    """Best IoU with an instance of the same label, and where it is known: on labeled images, not on crowds.

    Regions of kind "ignore" count as crowds.

    Args:
        predictions: a predictions table with unique ids, see ``core.tables.schema``.
        predicted_ids: images predicted on.
        tables: tables with instances; only images of state complete or empty are compared with.
    """
    frame = tables.images
    chosen = labeled_all_over(frame) & frame.index.isin(predicted_ids)
    frame = frame[chosen]
    rows = match(predictions, counted(tables, predictions, frame), frame).predictions
    at = predictions.index.get_indexer(rows.index[~rows["ignored"].to_numpy(bool)])
    iou, judged = np.zeros(len(predictions)), np.zeros(len(predictions), bool)
    iou[predictions.index.get_indexer(rows.index)] = rows["iou"].to_numpy(np.float64)
    judged[at] = True
    return iou, judged


def _check(run: Run, fitted_on: npt.NDArray[np.int64]) -> None:
    if not len(run.predictions):
        raise DataError(f"{run.id} has no predictions: predict with a lower score")
    if len(fitted_on) < 2:
        raise DataError(
            f"a mask's IoU is learned on one labeled image and checked on another: expected predictions on 2 "
            f"or more images of state complete or empty, got {len(fitted_on)} among the "
            f"{len(run.predicted_ids)} predicted on. Label some all over and set their state, or pass tables="
        )


def _note(known: Features, fitted: Fitted, n: int) -> str:
    notes = list(known.notes)
    if n < FEW:
        notes.append(f"only the confidence was used: {n} labeled predictions are fewer than {FEW}")
    elif fitted.name == "confidence":
        notes.append("only the confidence was used: nothing else lowered the error")
    return "; ".join(notes)


def _series(values: Floats, index: pd.Index, name: str) -> pd.Series:
    return pd.Series(values.astype(np.float32), index, name=name)


def _judged(index: pd.Index, chance: Floats, iou: Floats, predicted: Floats) -> pd.DataFrame:
    columns = {"score": chance, "matched": iou >= RIGHT, "iou": iou, "predicted": predicted}
    return pd.DataFrame(columns, index)
