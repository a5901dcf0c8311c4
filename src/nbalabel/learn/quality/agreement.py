"""Whether a model finds the same masks again when the image is mirrored or smaller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from ..metrics.match import match
from ..model import Model
from ..runs.run import Run
from .augmented import Flip, View


def agreement(
    model: Model,
    tables: LabeledImages,
    run: Run,
    *,
    flips: Sequence[Flip] = ("horizontal",),
    scales: Sequence[float] = (0.8,),
    **arguments: Any,
) -> pd.Series:
    """How far each prediction is found again in other views of its image.

    Each view takes as long as the prediction itself. The agreement of a prediction is the mean, over all
    views, of its best IoU with a prediction of the same label.

    Args:
        model: the model that made the run.
        tables: the tables that the run was made on.
        run: the run whose predictions are looked for.
        flips: one view for each: "horizontal", "vertical".
        scales: one view for each, scaled by this factor, in (0, 1).
        **arguments: of the model's ``predict``. Without a ``score``, the run's own lowest score is used.

    Returns:
        0..1 by prediction id, float32; NaN on images that could not be read in any view.

    Raises:
        DataError: no view is given, or an unknown one.

    Source: A. Bahat, G. Shakhnarovich, Confidence from Invariance to Image Transformations (2018),
        https://arxiv.org/abs/1804.00657, for classification.
    """
    views = [View(tables, flip=name) for name in flips] + [View(tables, scale=scale) for scale in scales]
    if not views:
        raise DataError("agreement needs a view to compare with: give flips or scales")
    lowest = {"score": run.arguments["score"]} if "score" in run.arguments else {}
    seen = [_found_again(model, view, run, {**lowest, **arguments}) for view in views]
    known = np.sum([~np.isnan(iou) for iou in seen], axis=0)
    mean = np.divide(np.nansum(seen, axis=0), known, out=np.full(len(known), np.nan), where=known > 0)
    return pd.Series(mean.astype(np.float32), run.predictions.index, name="agreement")


def _found_again(model: Model, view: View, run: Run, arguments: dict[str, Any]) -> npt.NDArray[np.float64]:
    """Best IoU of each prediction in one view, ``(n,)``; NaN on images not predicted on in the view."""
    ids = run.predicted_ids
    other = model.predict(view, ids.tolist(), **arguments)
    masks = other.predictions
    back = masks.assign(mask=view.undo(masks["mask"], masks["image_id"]), crowd=False)
    iou = match(run.predictions, back).predictions["iou"].to_numpy(np.float64)
    return np.where(run.predictions["image_id"].isin(other.predicted_ids), iou, np.nan)
