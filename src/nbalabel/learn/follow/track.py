"""One mask on its way along a sequence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...core.geometry.masks import rle
from ...core.opencv import opencv
from .flows import Flow

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_MARGIN, _LEAST_MARGIN = 0.25, 6
"""Surroundings that are carried with a mask, as a share of its longer side and in pixels."""

_CRUMB = 0.3
"""Share of the largest part of a mask below which a part was torn off by the flow of the background."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A mask as a part of an image: its pixels ``(h, w)``, and x and y of the first."""

    pixels: Mask
    x: int
    y: int

    @classmethod
    def decoded(cls, mask: bytes, height: int, width: int) -> Placed:
        """From run lengths."""
        return cls(*rle.decode_crop(mask, height, width))

    def encoded(self, height: int, width: int) -> bytes:
        """Run lengths in an image of this size; the mask must have a pixel."""
        rows, columns = (np.flatnonzero(self.pixels.any(axis=axis)) for axis in (1, 0))
        tight = self.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        at = self.x + int(columns[0]), self.y + int(rows[0])
        return rle.encode_labels(tight.astype(np.uint8), height, width, *at)[1][0]

    def iou(self, other: Placed) -> float:
        """Intersection over union; 0 where both are without pixels."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.pixels.shape[1], other.x + other.pixels.shape[1])
        bottom = min(self.y + self.pixels.shape[0], other.y + other.pixels.shape[0])
        if left >= right or top >= bottom:
            return 0.0
        own, their = (
            part.pixels[top - part.y : bottom - part.y, left - part.x : right - part.x]
            for part in (self, other)
        )
        return _ratio(int((own & their).sum()), int(self.pixels.sum()) + int(other.pixels.sum()))


@dataclass(frozen=True, eq=False)
class Track:
    """A mask carried from its parent to where it is now.

    Attributes:
        soft: the mask in a window, 0..1, ``(h, w)``: never rounded on the way, only where it is read.
        x: left edge of the window, pixels.
        y: top edge of the window.
        home: the parent's mask and its surroundings, ``(a, b)``.
        points: where the pixels of ``home`` are now, ``(a, b, 2)`` as (x, y).
        crumb: parts smaller than this share of the largest part are dropped, 0..1.
        score: how far the way there and the way back agree, 0..1.
    """

    soft: Floats
    x: int
    y: int
    home: Mask
    points: Floats
    crumb: float
    score: float = 1.0

    @classmethod
    def starting(cls, mask: bytes, height: int, width: int) -> Track:
        """At its parent."""
        tight = Placed.decoded(mask, height, width)
        h, w = tight.pixels.shape
        margin = _margin(h, w)
        home = np.pad(tight.pixels, margin)
        left, top = tight.x - margin, tight.y - margin
        rows, columns = np.mgrid[top : top + home.shape[0], left : left + home.shape[1]]
        points = np.stack([columns, rows], axis=-1).astype(np.float32)
        areas = _parts(home)[1]  # half of the parent's own smallest part is no crumb
        crumb = min(_CRUMB, 0.5 * float(areas.min() / areas.max()))
        return cls(home.astype(np.float32), left, top, home, points, crumb)

    @property
    def mask(self) -> Placed:
        """The mask as it is now."""
        return Placed(self.soft > 0.5, self.x, self.y)

    def moved(self, ahead: Flow, back: Flow, height: int, width: int) -> Track:
        """The mask on the next image; its ``soft`` is empty where nothing of it is on the picture.

        Args:
            ahead: flow from the image where it is to the next.
            back: flow from the next image to this one.
            height: of the images, pixels.
            width: likewise.
        """
        points = self.points + ahead.at(self.points)
        left, top, right, bottom = self._window(points, height, width)
        if left >= right or top >= bottom:
            return replace(self, soft=np.zeros((0, 0), np.float32), score=0.0)
        rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
        here = np.stack([columns, rows], axis=-1)
        soft = _sampled(self.soft, here + back.at(here) - np.array([self.x, self.y], np.float32))
        soft = _without_crumbs(soft, self.crumb)
        returned = _sampled((soft > 0.5).astype(np.float32), points - np.array([left, top], np.float32)) > 0.5
        seen = ((points >= -0.5) & (points <= np.array([width, height]) - 0.5)).all(axis=-1)
        home = self.home & seen
        shared = int((home & returned).sum())
        score = _ratio(shared, int(home.sum()) + int((returned & seen).sum()))
        return replace(self, soft=soft, x=left, y=top, points=points, score=score)

    def _window(self, points: Floats, height: int, width: int) -> tuple[int, int, int, int]:
        """Where the mask may be: left, top, right, bottom, on the picture."""
        inside = points[self.home]
        low, high = inside.min(axis=0), inside.max(axis=0)
        margin = _margin(*(high - low))
        left, top = np.maximum(np.floor(low) - margin, 0).astype(int).tolist()
        right, bottom = np.minimum(np.ceil(high) + margin + 1, [width, height]).astype(int).tolist()
        return left, top, right, bottom


def _sampled(values: Floats, at: Floats) -> Floats:
    """Values at points ``(h, w, 2)`` as (x, y), interpolated linearly; 0 beyond."""
    cv2 = opencv("nl.follow")
    found = cv2.remap(
        values, at[..., 0], at[..., 1], interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(found, np.float32)


def _without_crumbs(soft: Floats, least: float) -> Floats:
    """A soft mask without the parts smaller than a share of the largest."""
    parts, areas = _parts(soft > 0.5)
    small = np.flatnonzero(areas < least * areas.max(initial=0)) + 1
    return np.where(np.isin(parts, small), np.float32(0), soft) if len(small) else soft


def _parts(mask: Mask) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Which connected part each pixel belongs to, from 1, and the area of each part, pixels."""
    cv2 = opencv("nl.follow")
    parts = np.asarray(cv2.connectedComponents(mask.astype(np.uint8))[1], np.int32)
    return parts, np.bincount(parts.ravel())[1:]


def _margin(height: float, width: float) -> int:
    return max(int(_MARGIN * max(height, width)), _LEAST_MARGIN)


def _ratio(shared: int, both: int) -> float:
    """IoU, from the pixels of both and the sum of the pixels of each."""
    return shared / (both - shared) if both else 0.0
