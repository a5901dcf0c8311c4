"""BoxCut: the object in a box, by its colors and the shape that boxed objects have."""

from __future__ import annotations

from collections.abc import Hashable
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..opencv import opencv
from .grabcut import GrabCut
from .protocol import Box, Flags, Pixels, Points, Window
from .windows import around, clipped, contrast, holding, on_image

__all__ = ["BoxCut"]

Floats: TypeAlias = npt.NDArray[np.float64]

_COLORS = 24  # the colors of a crop, by k-means
_SAMPLE = 3000  # pixels that k-means sees
_ROUNDS = 5  # of expectation maximization
_FALL = 6.0  # fall of the log odds of the shape per radius of the ellipse
_CENTER = 1.5  # largest log odds by the shape
_COLOR = 1.5  # weight of the log likelihood ratio of the colors
_STRONGEST = 3.0  # largest log likelihood ratio of one color
_EVEN = 0.02  # share of color counts that is spread evenly, so that none is 0
_BLUR = 0.01  # standard deviation of the smoothing, as a share of the longer side of the box
_SOFT = 0.03  # likewise of a shape that is given
_SURE = 8.0  # log odds at a point that a person sets
_REACH = 0.06  # standard deviation of the influence of a point, as a share of the longer side of the box
_LEAST = 0.15  # share of the box below which a mask is not believed


class BoxCut:
    """Segments the object in a box; needs OpenCV (``pip install opencv-python-headless``), and no weights.

    Each pixel of the box starts with a probability that falls from the center of the box outwards and is 1/2
    on the inscribed ellipse. Colors that are more frequent inside than outside, by these probabilities, raise
    it, other colors lower it; five rounds of expectation maximization. Where the colors say nothing, the
    answer is the ellipse. Points raise or lower the probability around them. :class:`GrabCut` answers points
    without a box, and points of both kinds in one: its cut parts two things of the same color. The score says
    how different the colors inside and outside are: 0 the same, 1 nothing in common.

    Args:
        longest: longer side of the crop that is computed on, pixels, 32..4096; larger crops are scaled down.

    Raises:
        DataError: ``longest`` out of range.

    Source: the color model of Rother, Kolmogorov, Blake (2004), "GrabCut", with histograms instead of
        mixtures; an elliptical prior in place of the graph cut. docs/editing.md compares the two.

    Example:
        >>> BoxCut()
        BoxCut(longest=160)
    """

    name = "BoxCut"

    def __init__(self, longest: int = 160) -> None:
        if not 32 <= longest <= 4096:
            raise DataError(f"longest must be 32..4096 pixels, got {longest}")
        self.longest = longest
        self._pointed = GrabCut()

    def __repr__(self) -> str:
        return f"BoxCut(longest={self.longest})"

    def segment(
        self,
        image: Pixels,
        points: Points,
        positive: Flags,
        box: Box | None = None,
        image_key: Hashable = None,
    ) -> tuple[Flags, float]:
        """The mask of one object, see :class:`Segmenter`; deterministic.

        Raises:
            DataError: neither a positive point nor a box lies on the image.
            MissingExtraError: OpenCV is not installed.
        """
        cv2 = opencv("BoxCut")
        height, width = image.shape[:2]
        points, positive = on_image(points, positive, height, width)
        if box is None or (positive.any() and not positive.all()):
            return self._pointed.segment(image, points, positive, box, image_key)
        return self._cut(cv2, image, points, positive, clipped(box, height, width))

    def from_shape(
        self,
        image: Pixels,
        shape: npt.NDArray[np.float32],
        box: Box,
        points: Points | None = None,
        positive: Flags | None = None,
        trust: float = 2.0,
        ellipse: float = 1.0,
    ) -> tuple[Flags, float]:
        """The mask of one object whose shape is roughly known: colors move its outline to edges.

        Args:
            image: ``(height, width, 3)`` uint8 RGB.
            shape: how likely each pixel of the box lies on the object, 0..1, for the box in whole pixels,
                clipped to the image (see ``windows.clipped``).
            box: (x, y, w, h) around the object, pixels.
            points: ``(n, 2)`` (x, y), pixels; None for none.
            positive: ``(n,)``, whether each lies on the object.
            trust: log odds of a pixel that surely lies on the object by its shape, 0..8.
            ellipse: weight of the ellipse in the box beside the shape, 0..1.

        Returns:
            The mask, ``(height, width)`` bool, within the box, and its score, see :class:`BoxCut`.

        Raises:
            DataError: the box is not on the image, or the shape has not its size.
            MissingExtraError: OpenCV is not installed.
        """
        cv2 = opencv("BoxCut")
        height, width = image.shape[:2]
        left, top, right, bottom = inside = clipped(box, height, width)
        if shape.shape != (bottom - top, right - left):
            raise DataError(f"expected a shape {(bottom - top, right - left)} as the box, got {shape.shape}")
        spots = on_image(
            np.zeros((0, 2)) if points is None else points,
            np.zeros(0, np.bool_) if positive is None else positive,
            height,
            width,
        )
        return self._cut(cv2, image, *spots, inside, trust * (2 * shape - 1), ellipse)

    def _cut(
        self,
        cv2: ModuleType,
        image: Pixels,
        points: Points,
        positive: Flags,
        inside: Window,
        shape: npt.NDArray[np.float32] | None = None,
        ellipse: float = 1.0,
    ) -> tuple[Flags, float]:
        height, width = image.shape[:2]
        window = left, top, right, bottom = around(points, inside, height, width)
        crop = np.ascontiguousarray(image[top:bottom, left:right])
        scale = min(1.0, self.longest / max(crop.shape[:2]))
        size = max(round(crop.shape[1] * scale), 1), max(round(crop.shape[0] * scale), 1)
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA) if scale < 1 else crop
        spots = (points - [left, top]) * scale
        odds = _Odds(cv2, small, _scaled(inside, window, scale), spots, positive)
        if shape is not None:
            whole = np.full(crop.shape[:2], shape.min(), np.float32)
            whole[inside[1] - top : inside[3] - top, inside[0] - left : inside[2] - left] = shape
            odds.believe(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), ellipse)
        found = odds.mask()
        score = contrast(cv2, small, found)
        if scale < 1:
            large = cv2.resize(found.astype(np.float32), crop.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            found = large > 0.5
        mask = np.zeros((height, width), np.bool_)
        mask[top:bottom, left:right] = found
        return mask, score


class _Odds:
    """Log odds of each pixel of a crop to lie on the object: shape, points, colors.

    Args:
        cv2: OpenCV.
        crop: ``(height, width, 3)`` uint8 RGB.
        box: (left, top, right, bottom), pixels of the crop, not rounded.
        spots: ``(n, 2)`` (x, y), pixels of the crop.
        positive: ``(n,)``, whether each spot lies on the object.
    """

    def __init__(
        self, cv2: ModuleType, crop: Pixels, box: tuple[float, ...], spots: Points, positive: Flags
    ) -> None:
        self.cv2, self.crop, self.spots, self.positive = cv2, crop, spots, positive
        left, top, right, bottom = box
        self.side = max(right - left, bottom - top)
        y, x = (place + 0.5 for place in np.mgrid[: crop.shape[0], : crop.shape[1]])
        self.radius = np.hypot(
            (x - (left + right) / 2) / ((right - left) / 2), (y - (top + bottom) / 2) / ((bottom - top) / 2)
        )
        self.inside = np.zeros(crop.shape[:2], np.bool_)
        x0, y0, x1, y1 = map(round, box)
        self.inside[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = True
        self.oval = np.clip(_FALL * (1 - self.radius), -30, _CENTER)
        self.near = np.zeros(crop.shape[:2], np.float64)
        reach = max(_REACH * self.side, 1.5)
        for (sx, sy), good in zip(spots.tolist(), positive.tolist(), strict=True):
            bump = np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / (2 * reach**2))
            self.near += (2 * _SURE if good else -2 * _SURE) * bump

    def believe(self, shape: npt.NDArray[np.float32], ellipse: float) -> None:
        """Add the log odds by a shape, per pixel of the crop, and give the ellipse this weight."""
        soft = self.cv2.GaussianBlur(shape, (0, 0), max(_SOFT * self.side, 0.6))
        self.oval = ellipse * self.oval + soft

    def mask(self) -> Flags:
        """The pixels that are more likely on the object than not: one part, or those with points."""
        ellipse = self.inside & (self.radius <= 1)
        found = self._kept(self._estimated())
        if found.sum() < _LEAST * self.inside.sum():
            found = self._kept(ellipse) if self.positive.any() else ellipse
        return found if found.any() else self.inside

    def _estimated(self) -> Flags:
        """Expectation maximization: colors inside and outside, then the odds by them."""
        cv2, inside = self.cv2, self.inside
        prior = self.oval + self.near
        share = inside / (1 + np.exp(-prior))
        colors, n = _colors(cv2, self.crop)
        blur = max(_BLUR * self.side, 0.6)
        for _ in range(_ROUNDS):
            within = np.bincount(colors.ravel(), share.ravel(), n)
            beside = np.bincount(colors.ravel(), (1 - share).ravel(), n)
            ratio = np.log(_shares(within)) - np.log(_shares(beside))
            odds = prior + _COLOR * np.clip(ratio, -_STRONGEST, _STRONGEST)[colors]
            odds = cv2.GaussianBlur(np.clip(odds, -_SURE, _SURE), (0, 0), blur)
            share = inside / (1 + np.exp(-odds))
        return np.asarray(share > 0.5, np.bool_)

    def _kept(self, found: Flags) -> Flags:
        """The part with the points, without them the largest; holes filled unless a point lies outside."""
        spots = np.minimum(self.spots.astype(np.int32), np.array(self.crop.shape[1::-1], np.int32) - 1)
        good = spots[self.positive]
        found = found.copy()
        found[good[:, 1], good[:, 0]] = True
        found[spots[~self.positive, 1], spots[~self.positive, 0]] = False
        found = holding(self.cv2, found, good) if len(good) else _largest(self.cv2, found)
        if (~self.positive).any():
            return found
        from scipy import ndimage  # of all scipy, only where it is needed

        return np.asarray(ndimage.binary_fill_holes(found), np.bool_)


def _scaled(inside: Window, window: Window, scale: float) -> tuple[float, ...]:
    starts = window[:2] * 2
    return tuple((value - start) * scale for value, start in zip(inside, starts, strict=True))


def _shares(counts: npt.NDArray[Any]) -> Floats:
    """Counts as shares, none of them 0."""
    return np.asarray(counts / max(counts.sum(), 1e-9) + _EVEN / len(counts), np.float64)


def _colors(cv2: ModuleType, crop: Pixels) -> tuple[npt.NDArray[np.intp], int]:
    """The number of the nearest of a few colors in CIELAB, per pixel; and how many colors there are."""
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float32).reshape(-1, 3)
    sample = lab[np.random.default_rng(0).permutation(len(lab))[:_SAMPLE]]
    n = min(_COLORS, len(sample))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0)
    _, _, centers = cv2.kmeans(sample, n, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    # Nearest by |center|^2 - 2 center . color: the square of the color is the same for all.
    distance = (centers**2).sum(axis=1) - 2 * lab @ centers.T
    return distance.argmin(axis=1).reshape(crop.shape[:2]), n


def _largest(cv2: ModuleType, found: Flags) -> Flags:
    n, parts = cv2.connectedComponents(found.astype(np.uint8), connectivity=8)
    if n <= 2:
        return found
    return np.asarray(parts == np.bincount(parts.ravel())[1:].argmax() + 1, np.bool_)
