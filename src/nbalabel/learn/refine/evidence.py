"""Features of several masks of the same object, from which their IoU is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np
import numpy.typing as npt

from ...core.opencv import opencv
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
    grey = cv2.cvtColor(patch.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    colors = patch.pixels.astype(np.float32)
    odds = np.log(np.clip(score, 1e-3, 1 - 1e-3) / np.clip(1 - score, 1e-3, 1 - 1e-3))
    out = np.zeros((len(masks), N_COLUMNS), np.float32)
    for at, mask in enumerate(masks):
        change, gradient, edge = _along(cv2, mask, colors, steep)
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


def _along(cv2: ModuleType, mask: Mask, colors: Floats, steep: Floats) -> tuple[float, float, float]:
    """Change of colour across an outline, steepness on it, and its length in pixels."""
    kernel = np.ones((3, 3), np.uint8)
    byte = mask.astype(np.uint8)
    grown, shrunk = cv2.dilate(byte, kernel) > 0, cv2.erode(byte, kernel) > 0
    within, beyond = mask & ~shrunk, grown & ~mask
    if not within.any() or not beyond.any():
        return 0.0, 0.0, float(max(within.sum(), 1))
    a, b = colors[within], colors[beyond]
    noise = np.sqrt((a.var(axis=0).sum() + b.var(axis=0).sum()) / 2) + 1
    change = float(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) / noise)
    gradient = float(np.log((steep[within | beyond].mean() + 1) / (steep.mean() + 1)))
    return change, gradient, float(within.sum())
