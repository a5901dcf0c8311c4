"""Which label a crop shows, or background, by a classifier that did not learn the crop's own image."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...quality.fit import fold_of, sklearn

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BACKGROUND = -1
"""Code of crops of background."""

_NEEDS = "labels of crops are guessed"


def crossed(
    vectors: npt.NDArray[np.float32], codes: Ints, image_ids: Ints, known: npt.NDArray[np.bool_],
    n_labels: int, folds: int, seed: int,
) -> Floats:  # fmt: skip
    """Chance of each label, and of background, for every row.

    Args:
        vectors: of all rows, ``(n, d)``.
        codes: label of each row, or :data:`BACKGROUND`, ``(n,)``; of rows that are not known it does not
            matter.
        image_ids: image of each row, ``(n,)``.
        known: which rows may be learned from, ``(n,)`` bool.
        n_labels: number of labels.
        folds: folds of images; rows of a fold are judged by a fit to the other folds.
        seed: seed of folds and trees.

    Returns:
        ``(n, n_labels + 1)``, background last; rows add up to 1.
    """
    fold = fold_of(image_ids, known, folds, seed)
    out = np.full((len(vectors), n_labels + 1), 1 / (n_labels + 1))
    classes = np.where(codes == BACKGROUND, n_labels, codes)
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        learned = known & (fold != number)
        if learned.any():
            out[rows] = _chances(vectors[learned], classes[learned], vectors[rows], n_labels + 1, seed)
    return out


def _chances(x: Any, y: Ints, others: Any, n_classes: int, seed: int) -> Floats:
    """Extremely randomised trees, whose leaves hold three crops or more."""
    ensemble = sklearn("ensemble", _NEEDS)
    trees = ensemble.ExtraTreesClassifier(60, min_samples_leaf=3, random_state=seed)
    trees.fit(x, y)
    out = np.zeros((len(others), n_classes))
    out[:, trees.classes_] = trees.predict_proba(others)
    return out
