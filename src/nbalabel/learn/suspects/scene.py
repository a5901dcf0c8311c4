"""What is judged: the labels and predictions of a run, without what lies where nobody knows what is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.decisions.decided import OPEN, decided
from ...core.errors import DataError
from ...core.regions.measured import counted, known_pairs, known_somewhere
from ...core.regions.of_tables import codes_of, regions_of
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..quality.predicted_iou import mask_quality
from ..runs.run import Run
from .evidence.pairs import Overlaps

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_INSIDE = 0.5  # share of a mask inside a crowd, or a region to ignore, from which it is left out
_LEAST_SCORE = 0.03


@dataclass(frozen=True, eq=False)
class Scene:
    """Labels and predictions to judge.

    Attributes:
        labels: the labels judged.
        predictions: predictions of some score on the same images.
        open_to: which predictions may be missing labels: where everything is labeled, not decided, ``(m,)``.
        quality: of each prediction its score, predicted IoU and chance to be right, ``(m, 3)``.
        n_left_out: labels that are not judged: crowds, and those where nobody knows what is there.
    """

    labels: pd.DataFrame
    predictions: pd.DataFrame
    open_to: Bools
    quality: Floats
    n_left_out: int

    @classmethod
    def of(
        cls, tables: LabeledImages, run: Run, rejected: pd.DataFrame | None, agreement: pd.Series | None,
        folds: int, seed: int,
    ) -> Scene:  # fmt: skip
        """The labels on the images that a run predicted on, and its predictions.

        Args:
            tables: the tables.
            run: the run.
            rejected: predictions that a person rejected; None: none.
            agreement: of each prediction with other views; None leaves it out.
            folds: folds of images for the predicted IoU.
            seed: their seed.

        Raises:
            DataError: there are no labels, or fewer than two images with labels.
        """
        images = tables.images[tables.images.index.isin(run.predicted_ids)]
        here = tables.instances[tables.instances["image_id"].isin(images.index)]
        found = run.predictions
        found = found[((found["score"] >= _LEAST_SCORE) & found["image_id"].isin(images.index)).to_numpy()]
        crowds = _crowds(tables, found, images)
        kept = ~here["crowd"].to_numpy(bool) & (here["area"] > 0).to_numpy()
        labels = here[kept & ~_within(here, crowds[crowds.index < 0])]
        if labels["image_id"].nunique() < 2:
            raise DataError(
                f"labels are judged by what other images taught: expected labels on 2 or more images that "
                f"{run.id} predicted on, got {labels['image_id'].nunique()}"
            )
        is_open = (codes_of(found["label"], tables.labels) >= 0) & _known(tables, found, images)
        is_open &= ~_within(found, crowds) & _undecided(rejected, found)
        quality = _quality(run, tables, found, agreement, folds, seed)
        return cls(labels, found, is_open, quality, len(here) - len(labels))


def _crowds(tables: LabeledImages, found: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Crowds, and as crowds with negative ids what is unknown."""
    every = counted(tables, found, images)
    return every[every["crowd"].to_numpy(bool)]


def _within(rows: pd.DataFrame, crowds: pd.DataFrame) -> Bools:
    """Which rows lie to more than half in one of the crowds, ``(n,)``."""
    if not len(crowds):
        return np.zeros(len(rows), bool)
    over = Overlaps.of(rows, crowds)
    return np.asarray(over.most(over.of_left) > _INSIDE)


def _known(tables: LabeledImages, found: pd.DataFrame, images: pd.DataFrame) -> Bools:
    """Which predictions are on images that are labeled all over, or in parts for their label."""
    regions = regions_of(tables)
    known = images[known_somewhere(images, regions)]
    out = found["image_id"].isin(known.index).to_numpy()
    partly = known[~labeled_all_over(known)]
    on = found["image_id"].isin(partly.index).to_numpy()
    if on.any():
        out[on] = known_pairs(found[on], partly, regions, tables.labels)
    return np.asarray(out, bool)


def _undecided(rejected: pd.DataFrame | None, found: pd.DataFrame) -> Bools:
    """Which predictions nobody rejected or corrected; those accepted as they are have their label."""
    if rejected is None or not len(found):
        return np.ones(len(found), bool)
    return np.asarray(decided(rejected.iloc[:0], rejected, found) == OPEN)


def _quality(
    run: Run, tables: LabeledImages, found: pd.DataFrame, agreement: pd.Series | None, folds: int, seed: int
) -> Floats:
    score = found["score"].to_numpy(np.float64)
    try:
        known = mask_quality(run, tables=tables, agreement=agreement, folds=folds, seed=seed)
    except DataError:  # too few labeled images to learn it from
        return np.column_stack([score, score, score])
    iou, chance = (s.reindex(found.index).to_numpy(np.float64) for s in (known.iou, known.chance))
    return np.column_stack([score, iou, chance])
