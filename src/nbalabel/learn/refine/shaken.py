"""Perturbed masks, which imitate those of a model on images that it was not trained on."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.masks import rle
from ...core.opencv import opencv
from ...core.snapping.bands import Mask
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import LabeledImages

_SCALE, _TURN, _SHIFT = 0.12, 8.0, 0.06
"""Standard deviations: of the logarithm of each side's scale, degrees, share of the side."""


def shaken(predictions: pd.DataFrame, tables: LabeledImages, seed: int) -> pd.DataFrame:
    """The same predictions with masks scaled, turned and moved at random.

    A model was trained on its labeled images, so its masks are better there than elsewhere: a choice learned
    on these masks alone would trust masks too much.

    Args:
        predictions: with ``image_id`` and ``mask``.
        tables: with the sizes of their images.
        seed: seed of the perturbation.
    """
    cv2 = opencv("nl.refine")
    rng = np.random.default_rng(seed)
    sizes = sizes_of(tables.images, predictions["image_id"])
    masks = []
    for mask, (height, width) in zip(predictions["mask"].array, sizes.tolist(), strict=True):
        moved = _moved(cv2, rle.decode(mask, height, width), rng)
        masks.append(rle.encode(moved) if moved.any() else mask)
    return predictions.assign(mask=masks)


def _moved(cv2: ModuleType, mask: Mask, rng: np.random.Generator) -> Mask:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return mask
    middle: npt.NDArray[np.float64] = np.array([columns.mean(), rows.mean()])
    matrix = cv2.getRotationMatrix2D(middle.tolist(), rng.normal(0, _TURN), 1.0)
    matrix[:, :2] = matrix[:, :2] @ np.diag(np.exp(rng.normal(0, _SCALE, 2)))
    shift = rng.normal(0, _SHIFT, 2) * np.sqrt(len(rows))
    matrix[:, 2] = middle - matrix[:, :2] @ middle + shift
    size = mask.shape[1], mask.shape[0]
    return np.asarray(cv2.warpAffine(mask.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0)
