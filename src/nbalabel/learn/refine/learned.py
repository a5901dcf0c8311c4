"""How good each candidate is, learned from shaken predictions on labeled images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.tables.of_images import labeled_all_over, sizes_of
from ...core.tables.schema import LabeledImages, conform
from ...engine.rows import Wanted
from ..quality.fit import FEW, cross_fit, fold_of
from ..quality.predicted_iou import true_iou
from ..runs.run import Run
from .candidates import Candidates
from .shaken import shaken

_FOLDS, _SHAKES = 5, 2


def shaken_twice(some: Wanted, tables: LabeledImages, seed: int) -> list[Wanted]:
    """The wanted predictions on completely labeled images, shaken in two ways.

    Args:
        some: the predictions.
        tables: tables with the images.
        seed: seed of the first; the second has the next.
    """
    labeled = tables.images.index[labeled_all_over(tables.images)]
    known = some.rows[some.rows["image_id"].isin(labeled).to_numpy() & some.wanted]
    return [Wanted(shaken(known, tables, seed + k), np.ones(len(known), np.bool_)) for k in range(_SHAKES)]


def predicted(
    run: Run,
    tables: LabeledImages,
    made: Candidates,
    examples: Sequence[tuple[Wanted, Candidates]],
    n_names: int,
    seed: int,
) -> npt.NDArray[np.float64] | None:
    """Predicted IoU of each candidate; None where too little is labeled to learn it.

    Args:
        run: the run that is refined.
        tables: tables with instances to learn from.
        made: candidates of its predictions.
        examples: shaken predictions, and their candidates.
        n_names: number of methods.
        seed: seed of folds and trees.
    """
    stacked = pd.concat([_rows(some.rows, own) for some, own in examples], ignore_index=True)
    heights = sizes_of(tables.images, stacked["image_id"])[:, 0]
    stacked = conform(stacked, "predictions", run.labels, heights=heights)
    iou, judged = true_iou(stacked, run.predicted_ids, tables)
    if judged.sum() < FEW * n_names * _SHAKES:
        return None
    own = run.predictions["image_id"].to_numpy(np.int64)[made.place]
    images = np.concatenate([own, stacked["image_id"].to_numpy(np.int64)])
    columns = np.concatenate([made.columns, *(some.columns for _, some in examples)])
    nothing = np.zeros(len(own))
    judged = np.concatenate([nothing > 0, judged])
    fold = fold_of(images, judged, _FOLDS, seed)
    return cross_fit(columns, np.concatenate([nothing, iou]), judged, fold, seed).iou[: len(own)]


def _rows(predictions: pd.DataFrame, made: Candidates) -> pd.DataFrame:
    rows = predictions.iloc[made.place][["image_id", "label", "score"]].reset_index(drop=True)
    return rows.assign(mask=made.masks)
