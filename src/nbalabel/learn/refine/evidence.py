"""Features of several masks of the same object, from which their IoU is predicted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...core.opencv import opencv
from ...core.snapping.along import along, steepness
from ...core.snapping.bands import Mask, Patch

N_COLUMNS = 8

Floats = npt.NDArray[np.float32]


def evidence(patch: Patch, masks: Sequence[Mask], score: float) -> Floats:
    """Describe each mask by the picture and by the others.

    Args:
        patch: the mask as it was, and its picture.
        masks: masks of the same object, each with at least one pixel.
        score: score of the prediction, 0..1.

    Returns:
        ``(len(masks), 8)``: mean IoU with the others; IoU with the mask as it was; logarithms of the area
        over that of the mask as it was, and of the latter; change of colour across the outline over the noise
        beside it; gradient on the outline over the mean gradient; length of the outline over the root of the
        area; log-odds of the score.
    """
    cv2 = opencv("nl.refine")
    flat = np.stack([mask.ravel() for mask in masks]).astype(np.float32)
    areas = flat.sum(axis=1)
    shared = flat @ flat.T
    iou = shared / (areas[:, None] + areas[None] - shared)
    before = patch.mask.ravel().astype(np.float32)
    with_before = flat @ before
    with_before /= areas + before.sum() - with_before
    steep = steepness(cv2, patch.pixels)
    colors = patch.pixels.astype(np.float32)
    odds = np.log(np.clip(score, 1e-3, 1 - 1e-3) / np.clip(1 - score, 1e-3, 1 - 1e-3))
    out = np.zeros((len(masks), N_COLUMNS), np.float32)
    for at, mask in enumerate(masks):
        change, gradient, edge = along(cv2, mask, colors, steep)
        out[at] = (
            (iou[at].sum() - 1) / max(len(masks) - 1, 1),
            with_before[at],
            np.log(areas[at] / before.sum()),
            np.log(before.sum()),
            change,
            gradient,
            np.log(edge / np.sqrt(areas[at])),
            odds,
        )
    return out
