"""Where the instances of a label lie, by size, and new places like these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.masks import rle
from ...core.tables.of_images import sizes_of

_ALIKE = 0.3  # bandwidth of the logarithm of size
_LEAST_SPREAD = 0.05  # bandwidth of places, as a share of the image

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Places:
    """Where the instances of one label lie.

    Attributes:
        middles: ``(n, 2)``, middle of each box as a share of the image's width and height.
        sizes: ``(n,)``, square root of each area, as a share of the longer side of its image.
    """

    middles: Floats
    sizes: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame, images: pd.DataFrame) -> Places:
        """The places of some instances.

        Args:
            rows: the instances, at least one.
            images: the table of images.
        """
        sizes = sizes_of(images, rows["image_id"])
        boxes = rle.boxes(rows["mask"], sizes[:, 0])
        middles = (boxes[:, :2] + boxes[:, 2:] / 2) / sizes[:, ::-1]
        return cls(middles, np.sqrt(rle.areas(rows["mask"])) / sizes.max(axis=1))

    def draw(self, size: float, rng: np.random.Generator) -> Floats:
        """A place for something of this size, ``(2,)``, as a share of width and height.

        A kernel density: near one of the instances of a like size, as far from it as the instances are few.

        Args:
            size: as in ``sizes``.
            rng: source of randomness.

        Source: D. W. Scott, "Multivariate density estimation" (1992), for the bandwidth.

        Example:
            >>> low_and_large = Places(np.array([[0.5, 0.9], [0.5, 0.1]]), np.array([0.4, 0.05]))
            >>> bool(low_and_large.draw(0.4, np.random.default_rng(0))[1] > 0.5)
            True
        """
        far = (np.log(self.sizes) - np.log(size)) / _ALIKE
        weights = np.exp(-0.5 * (far**2 - (far**2).min()))
        near = self.middles[rng.choice(len(weights), p=weights / weights.sum())]
        alike = weights.sum() ** 2 / (weights**2).sum()  # how many instances count
        middle = np.average(self.middles, axis=0, weights=weights)
        spread = np.sqrt(np.average((self.middles - middle) ** 2, axis=0, weights=weights))
        drawn: Floats = rng.normal(near, np.maximum(spread * alike ** (-1 / 6), _LEAST_SPREAD))
        return drawn
