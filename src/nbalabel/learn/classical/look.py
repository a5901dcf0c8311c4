"""What a region looks like, in numbers: size, shape, colour, contrast, edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .threshold import GRAY

Floats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int32]

N_COLUMNS = 23


@dataclass(frozen=True)
class Picture:
    """A picture at working size and what is needed of it again and again.

    Attributes:
        pixels: ``(h, w, 3)`` float32, 0..1.
        gray: ``(h, w)``.
        slope: steepness of ``gray``, ``(h, w)``.
        whole: mean and spread of the colours, steepness, ``(7,)``.
    """

    pixels: Floats
    gray: Floats
    slope: Floats
    whole: Floats

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8]) -> Picture:
        """From ``(h, w, 3)`` uint8 RGB."""
        values = pixels.astype(np.float32) / 255
        gray = values @ np.asarray(GRAY, np.float32)
        slope = ndimage.gaussian_gradient_magnitude(gray, 1.0)
        whole = np.concatenate([values.mean(axis=(0, 1)), values.std(axis=(0, 1)), [float(slope.mean())]])
        return cls(values, gray, slope, whole)


def look(labels: Labels, picture: Picture) -> Floats:
    """Numbers of each region, ``(n, 23)`` float32.

    Args:
        labels: ``(h, w)``: 0 is ground, 1..n the regions.
        picture: they lie on.
    """
    n = int(labels.max(initial=0))
    if not n:
        return np.zeros((0, N_COLUMNS), np.float32)
    inner = ndimage.grey_erosion(labels, size=3) == ndimage.grey_dilation(labels, size=3)
    edge = np.where(~inner, labels, 0)
    ring = np.where(labels == 0, ndimage.grey_dilation(labels, size=5), 0)
    area, rim, free = (_counts(where, n) for where in (labels, edge, ring))
    spread = float(picture.gray.std()) + 1e-3
    color = np.stack([_means(labels, picture.pixels[..., k], area) for k in range(3)], axis=1)
    around = np.stack([_means(ring, picture.pixels[..., k], free) for k in range(3)], axis=1)
    around = np.where(free[:, None] > 0, around, picture.whole[:3])
    bright = _means(labels, picture.gray, area)
    rough = np.sqrt(np.maximum(_means(labels, picture.gray**2, area) - bright**2, 0))
    steep = _means(edge, picture.slope, rim)
    contrast = (color - around) / spread
    columns = [
        np.log(np.maximum(area, 1))[:, None],
        _shape(labels, area, rim),
        (free / np.maximum(rim, 1))[:, None],
        color,
        contrast,
        np.abs(contrast @ np.asarray(GRAY))[:, None],
        (rough / spread)[:, None],
        (steep / spread)[:, None],
        np.log((steep + 1e-3) / (_means(labels, picture.slope, area) + 1e-3))[:, None],
        _at_border(labels, n)[:, None],
        np.repeat(picture.whole[None], n, axis=0),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _counts(labels: Labels, n: int) -> Floats:
    return np.bincount(labels.ravel(), minlength=n + 1)[1:].astype(np.float64)


def _means(labels: Labels, values: Floats, counts: Floats) -> Floats:
    sums = np.bincount(labels.ravel(), values.ravel(), minlength=len(counts) + 1)[1:]
    return sums / np.maximum(counts, 1)


def _shape(labels: Labels, area: Floats, rim: Floats) -> Floats:
    """Elongation, how well an ellipse of the same moments covers it, raggedness, ``(n, 3)``."""
    y, x = np.indices(labels.shape, np.float32)
    my, mx = _means(labels, y, area), _means(labels, x, area)
    cyy = _means(labels, y * y, area) - my**2 + 1 / 12
    cxx = _means(labels, x * x, area) - mx**2 + 1 / 12
    cxy = _means(labels, x * y, area) - mx * my
    root = np.sqrt(np.maximum((cyy - cxx) ** 2 + 4 * cxy**2, 0))
    large, small = (cyy + cxx + root) / 2, np.maximum((cyy + cxx - root) / 2, 1 / 12)
    cover = area / (4 * np.pi * np.sqrt(large * small))
    return np.stack([np.log(large / small) / 2, cover, np.log((rim + 1) / np.sqrt(np.maximum(area, 1)))], axis=1)


def _at_border(labels: Labels, n: int) -> Floats:
    """1 where a region reaches the picture's border."""
    found = np.zeros(n + 1)
    found[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 1
    return found[1:]
