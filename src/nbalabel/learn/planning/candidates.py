"""The predictions that nobody has decided about, on images that wait for labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.decisions.decided import OPEN, decided
from ...core.geometry.overlap.keep_best import losers, overlapping
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages, empty
from ..runs.measured import not_held_out
from ..runs.run import Run

Ids = npt.NDArray[np.int64]

_SAME = 0.4  # mask IoU with an instance from which a prediction is of what is labeled already
_TWICE = 0.5  # mask IoU of two predictions from which they are of one thing


def waiting(tables: LabeledImages, run: Run) -> Ids:
    """Images that were predicted on, are not labeled all over, and are of split train or none, ``(n,)``."""
    images = tables.images
    chosen = ~labeled_all_over(images) & not_held_out(images) & images.index.isin(run.predicted_ids)
    return images.index[chosen].to_numpy(np.int64)


def candidates(tables: LabeledImages, run: Run, chance: pd.Series) -> pd.DataFrame:
    """Open predictions on waiting images; of those that overlap, the one with the highest chance.

    Predictions of what is labeled already are left out.

    Args:
        tables: the tables as they are now.
        run: the predictions.
        chance: of each prediction to be right, by id.
    """
    found = run.predictions[run.predictions["image_id"].isin(waiting(tables, run))]
    rejected = getattr(tables, "rejected", None)
    rejected = empty("rejected", tables.labels) if rejected is None else rejected
    found = found[decided(tables.instances, rejected, found) == OPEN]
    there = tables.instances[tables.instances["image_id"].isin(found["image_id"])]
    if len(there) and len(found):
        pairs = overlapping(found["image_id"], found["mask"], there["image_id"], there["mask"], above=_SAME)
        found = found[~np.isin(np.arange(len(found)), pairs.left)]
    return best_of_each(found, chance)


def best_of_each(found: pd.DataFrame, chance: pd.Series) -> pd.DataFrame:
    """Of predictions that overlap, the one with the highest chance."""
    pairs = overlapping(found["image_id"], found["mask"], above=_TWICE)
    order = np.argsort(-chance.loc[found.index].to_numpy(np.float64), kind="stable")
    lost = losers(np.column_stack([pairs.left, pairs.right]), order)
    return found[~np.isin(np.arange(len(found)), lost)]
