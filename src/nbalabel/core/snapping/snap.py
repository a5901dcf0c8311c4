"""Masks moved to the edges of the picture where most ways to do so agree; nothing is learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..opencv import one_thread
from .bands import METHODS, Mask, Patch
from .patches import LEAST_AREA, patches, whole

AGREE = 0.75
"""Mean IoU with the masks of the other methods above which a mask is taken."""


def snap(pixels: npt.NDArray[np.uint8], masks: Sequence[bytes], wanted: npt.ArrayLike) -> list[bytes]:
    """The masks of one image, those wanted moved to its edges where that is safe.

    Args:
        pixels: ``(height, width, 3)`` uint8 RGB.
        masks: run lengths of all masks on the image.
        wanted: which masks may move, ``(n,)`` bool.

    Returns:
        Run lengths, ``(n,)``; masks that stay are the same bytes.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    height, width = pixels.shape[:2]
    out = list(masks)
    with one_thread("snapping masks to edges"):
        for place, patch, window in patches(pixels, masks, np.asarray(wanted, np.bool_)):
            found = agreed(patch)
            if found is not None:
                out[place] = whole(found, window, height, width)
    return out


def agreed(patch: Patch) -> Mask | None:
    """The moved mask that agrees best with the mask as it was and with the others; None where none does."""
    made = [patch.mask, *(method(patch) for method in METHODS.values())]
    made = [mask for mask in made if mask.sum() >= LEAST_AREA]
    flat = np.stack([mask.ravel() for mask in made]).astype(np.float32)
    areas, shared = flat.sum(axis=1), flat @ flat.T
    iou = shared / (areas[:, None] + areas[None] - shared)
    agree = (iou.sum(axis=1) - 1) / max(len(made) - 1, 1)
    best = 1 + int(np.argmax(agree[1:])) if len(made) > 1 else 0
    return made[best] if best and agree[best] > AGREE else None
