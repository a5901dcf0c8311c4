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
    """A picture at working size, with values that are used repeatedly.

    Attributes:
        pixels: ``(h, w, 3)`` float32, 0..1.
        gray: ``(h, w)``.
        slope: gradient magnitude of ``gray``, ``(h, w)``.
        whole: mean and standard deviation of the colours, mean slope, ``(7,)``.
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
    """Describe each region by numbers, ``(n, 23)`` float32.

    Args:
        labels: ``(h, w)``: 0 is background, 1..n the regions.
        picture: the picture that they lie on.
    """
    n = int(labels.max(initial=0))
    if not n:
        return np.zeros((0, N_COLUMNS), np.float32)
    inside = _Places.of(labels, n)
    edge = _Places.of(np.where(_inner(labels), 0, labels), n)
    ring = _Places.of(np.where(labels == 0, ndimage.maximum_filter(labels, 5), 0), n)
    spread = float(picture.gray.std()) + 1e-3
    color = np.stack([inside.means(picture.pixels[..., k]) for k in range(3)], axis=1)
    around = np.stack([ring.means(picture.pixels[..., k]) for k in range(3)], axis=1)
    around = np.where(ring.counts[:, None] > 0, around, picture.whole[:3])
    rough = np.sqrt(np.maximum(inside.means(picture.gray**2) - inside.means(picture.gray) ** 2, 0))
    steep = edge.means(picture.slope)
    contrast = (color - around) / spread
    columns = [
        np.log(np.maximum(inside.counts, 1))[:, None],
        _shape(inside, edge.counts),
        (ring.counts / np.maximum(edge.counts, 1))[:, None],
        color,
        contrast,
        np.abs(contrast @ np.asarray(GRAY))[:, None],
        (rough / spread)[:, None],
        (steep / spread)[:, None],
        np.log((steep + 1e-3) / (inside.means(picture.slope) + 1e-3))[:, None],
        _at_border(labels, n)[:, None],
        np.repeat(picture.whole[None], n, axis=0),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Places:
    """The pixels of each region, or of its edge or surroundings.

    Attributes:
        at: flat positions, ``(k,)``.
        region: number of the region of each, from 1, ``(k,)``.
        counts: pixels of each region, ``(n,)``.
        width: of the picture, pixels.
    """

    at: npt.NDArray[np.int64]
    region: Labels
    counts: Floats
    width: int

    @classmethod
    def of(cls, labels: Labels, n: int) -> _Places:
        flat = labels.ravel()
        at = np.flatnonzero(flat)
        counts = np.bincount(flat[at], minlength=n + 1)[1:].astype(np.float64)
        return cls(at, flat[at], counts, labels.shape[1])

    def means(self, values: Floats) -> Floats:
        """Mean of a picture's values per region, ``(n,)``; 0 where a region has no pixel."""
        return self.of_each(values.reshape(-1)[self.at])

    def of_each(self, values: Floats) -> Floats:
        """Mean of values at the places per region, ``(n,)``."""
        sums = np.bincount(self.region, values, minlength=len(self.counts) + 1)[1:]
        return sums / np.maximum(self.counts, 1)


def _inner(labels: Labels) -> npt.NDArray[np.bool_]:
    """Where all four neighbours are of the same region."""
    same = np.ones(labels.shape, bool)
    for a, b in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
        alike = labels[a] == labels[b]
        same[a] &= alike
        same[b] &= alike
    return same


def _shape(inside: _Places, rim: Floats) -> Floats:
    """Elongation, area over that of the ellipse with the same moments, raggedness, ``(n, 3)``."""
    y, x = (part.astype(np.float64) for part in divmod(inside.at, inside.width))
    my, mx = inside.of_each(y), inside.of_each(x)
    cyy = inside.of_each(y * y) - my**2 + 1 / 12
    cxx = inside.of_each(x * x) - mx**2 + 1 / 12
    cxy = inside.of_each(x * y) - mx * my
    root = np.sqrt(np.maximum((cyy - cxx) ** 2 + 4 * cxy**2, 0))
    large, small = (cyy + cxx + root) / 2, np.maximum((cyy + cxx - root) / 2, 1 / 12)
    area = np.maximum(inside.counts, 1)
    cover = area / (4 * np.pi * np.sqrt(large * small))
    return np.stack([np.log(large / small) / 2, cover, np.log((rim + 1) / np.sqrt(area))], axis=1)


def _at_border(labels: Labels, n: int) -> Floats:
    """1 where a region reaches the picture's border."""
    found = np.zeros(n + 1)
    found[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 1
    return found[1:]
