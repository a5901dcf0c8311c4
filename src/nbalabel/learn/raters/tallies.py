"""Sums per image from which every number of agreement follows, for all images or for a draw of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .alpha import Coincidences, coincidences, sums
from .units import NOT_LOOKED, Units

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ratio:
    """A share of two sums, per image.

    Attributes:
        above: ``(n_images,)``.
        below: ``(n_images,)``.
    """

    above: Floats
    below: Floats

    def of(self, weights: Floats | None = None) -> Floats:
        """The share over all images, or of each draw; ``(1,)`` or ``(n_draws,)``, NaN where there is none."""
        drawn = np.ones((1, len(self.above))) if weights is None else weights
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((drawn @ self.above) / (drawn @ self.below))


def alpha_sums(units: Units, looked: Bools, n_labels: int, without: int | None = None) -> Coincidences:
    """Sums for alpha over labels and "nobody there"; an empty image is one unit on which all agree.

    Args:
        units: the units.
        looked: who looked at which image, ``(n_images, n_raters)``.
        n_labels: number of labels; "nobody there" is the code after the last.
        without: an annotator to leave out; units that nobody else drew go, too.

    Source: D. Tschirschwitz, V. Rodehorst, KaLOS, CVPR 2026, https://arxiv.org/abs/2603.27197
    """
    n_images, n_raters = looked.shape
    kept = np.arange(n_raters) != without
    drawn = units.drew[:, kept].any(axis=1)
    code, image = units.code[drawn][:, kept], units.image[drawn]
    bare = np.ones(n_images, bool)
    bare[image] = False
    empty = np.where(looked[bare][:, kept], -1, NOT_LOOKED)
    code = np.concatenate([code, empty])
    image = np.concatenate([image, np.flatnonzero(bare)])
    given = np.where(code < 0, n_labels, code)
    return coincidences(given, code != NOT_LOOKED, image, n_images, n_labels + 1)


def name_sums(units: Units, n_images: int, n_labels: int) -> Coincidences:
    """Sums for alpha over the labels of units that two or more drew."""
    return coincidences(units.code, units.code >= 0, units.image, n_images, max(n_labels, 1))


def existence(units: Units, looked: Bools) -> Ratio:
    """Share of what two annotators drew that both drew, over all pairs of annotators who looked.

    Over one pair it is the recognition quality: matched / (matched + unmatched / 2).

    Source: A. Kirillov et al., Panoptic segmentation, CVPR 2019, https://arxiv.org/abs/1801.00868
    """
    n = len(looked)
    k = units.drew.sum(axis=1).astype(np.float64)
    others = looked.sum(axis=1)[units.image] - 1
    return Ratio(sums(units.image, k * (k - 1), n), sums(units.image, k * others, n))


def mean_of_pairs(units: Units, value: Floats, n_images: int) -> Ratio:
    """Mean of a value over all pairs of one unit: of their IoU it is the segmentation quality."""
    image = units.image[units.of_row[units.left]]
    return Ratio(sums(image, value, n_images), sums(image, np.ones(len(image)), n_images))
