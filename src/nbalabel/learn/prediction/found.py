"""What a model finds on one image: masks within their boxes, and the feature maps to embed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..embed.pooling import Floats, cell_weights, cells_inside, pool_image, pool_masks
from .letterbox import Letterbox


@dataclass
class Found:
    """What was found on one image.

    Attributes:
        crops: masks within their boxes, original pixels.
        corners: ``(n, 2)`` x and y of each crop.
        scores: ``(n,)`` float32.
        classes: ``(n,)`` int64 label index.
        image: ``(d,)`` image embedding, or ``(0,)``.
        instance: ``(n, e)`` instance embeddings, or ``(n, 0)``.
    """

    crops: list[npt.NDArray[np.bool_]]
    corners: npt.NDArray[np.int64]
    scores: Floats
    classes: npt.NDArray[np.int64]
    image: Floats
    instance: Floats


@dataclass
class Maps:
    """Feature maps of one image: ``scales`` from fine to coarse for instances, the last one for the image."""

    scales: list[Floats]

    def image(self, letterbox: Letterbox) -> Floats:
        """The image embedding."""
        last = self.scales[-1]
        cell = letterbox.outer[0] / last.shape[1]
        return pool_image(last, cells_inside(letterbox.inner, cell, last.shape[1:]))

    def instances(self, crops: Sequence[npt.NDArray], corners: npt.NDArray, letterbox: Letterbox) -> Floats:
        """The instance embeddings of masks given as crops."""
        finest = self.scales[0]
        grid = finest.shape[1:]
        cell = letterbox.outer[0] / grid[0]
        weights = np.zeros((len(crops), *grid), np.float32)
        for row, crop, (x, y) in zip(weights, crops, corners, strict=True):
            row[:] = cell_weights(crop, x, y, letterbox.gain, cell, grid)
        return pool_masks(self.scales, weights)
