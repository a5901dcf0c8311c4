"""Turn the full-size masks of a network into a `Found`, with embeddings from one feature map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..prediction.found import Found, Maps
from ..prediction.letterbox import Letterbox


def found(
    masks: Any,
    scores: Any,
    classes: npt.ArrayLike,
    limit: int,
    maps: Maps | None,
    letterbox: Letterbox,
) -> Found:
    """The best masks of an image.

    Args:
        masks: ``(n, height, width)`` bool tensor at the image's size, or None for none.
        scores: ``(n,)`` tensor.
        classes: ``(n,)`` outputs of the network.
        limit: most masks that stay.
        maps: source of the embeddings; None for no embeddings.
        letterbox: how the image lies in the network's input.
    """
    values = np.asarray(scores.float().cpu().numpy() if hasattr(scores, "cpu") else scores, np.float32)
    codes = np.asarray(classes, np.int64)
    values = values.clip(0, 1)  # SAM's estimate of a mask's IoU may be above 1
    best = np.argsort(-values, kind="stable")[:limit] if masks is not None else np.zeros(0, np.int64)
    crops, corners, kept = [], [], []
    for i in best.tolist():
        mask = np.asarray(masks[i].cpu().numpy() if hasattr(masks[i], "cpu") else masks[i], np.bool_)
        ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(ys):
            crops.append(mask[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1])
            corners.append((xs[0], ys[0]))
            kept.append(i)
    at = np.array(corners, np.int64).reshape(-1, 2)
    vectors = (
        maps.instances(crops, at, letterbox) if maps and crops else np.zeros((len(crops), 0), np.float32)
    )
    image = maps.image(letterbox) if maps else np.zeros(0, np.float32)
    return Found(crops, at, values[kept], codes[kept], image, vectors)
