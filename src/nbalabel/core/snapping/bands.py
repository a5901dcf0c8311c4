"""Ways to move the outline of a mask to the edges of the picture, within a band around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..opencv import opencv

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

LEAST_REACH, MOST_REACH = 3, 12
_LEAST_PIXELS = 8
_MOST_PIXELS = 128 * 128  # largest patch for GrabCut
_NOISE = 9.0  # variance of a channel's grey levels that is taken for noise


@dataclass(frozen=True, eq=False)
class Patch:
    """A mask and the picture around it.

    Attributes:
        pixels: ``(h, w, 3)`` uint8 RGB.
        mask: ``(h, w)``; at least one pixel.
        others: ``(h, w)``, where other masks are; they are no background and cannot be taken.
        reach: half the width of the band within which the outline may move, pixels.
    """

    pixels: npt.NDArray[np.uint8]
    mask: Mask
    others: Mask
    reach: int


def reach(area: float) -> int:
    """Half the width of the band in which an outline may move: a fifth of the side of a square as large.

    Args:
        area: area of the mask, pixels.

    Returns:
        3 to 12 pixels.
    """
    return int(np.clip(round(0.2 * np.sqrt(area)), LEAST_REACH, MOST_REACH))


def level(patch: Patch, share: float) -> Mask:
    """Threshold the colour at a share of the way from the surroundings to the middle of the mask.

    The way is the direction in colour space that separates the two best against the noise of the surroundings
    (Fisher's discriminant of one class). A share of one half finds the edge of a blurred step; the outlines
    that people draw lie further out.

    Args:
        patch: the mask and its picture.
        share: 0..1.
    """
    cv2 = opencv("snapping masks to edges")
    mask = patch.mask.astype(np.uint8)
    inside, outside = _distances(cv2, mask)
    others = patch.others & ~patch.mask
    core, around = inside >= 0.5 * inside.max(), outside > patch.reach
    ring = around & (outside <= 3 * patch.reach) & ~others
    ring = ring if ring.sum() >= _LEAST_PIXELS else around
    if ring.sum() < _LEAST_PIXELS:
        return patch.mask
    colors = cv2.GaussianBlur(patch.pixels, (0, 0), 0.7).astype(np.float32)
    middle, surroundings = np.median(colors[core], axis=0), np.median(colors[ring], axis=0)
    spread = np.cov(colors[ring].T) + np.eye(colors.shape[2]) * _NOISE
    way = np.linalg.solve(spread, middle - surroundings)
    length = float((middle - surroundings) @ way)
    if length < 1:  # within the noise: no edge can be seen
        return patch.mask
    along = (colors - surroundings) @ way.astype(np.float32) / length
    found = ((along > share) & (outside <= patch.reach)) | (inside > patch.reach)
    found &= ~others
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, _disk(cv2, 1)) > 0
    return _whole(cv2, opened | (inside >= 0.7 * inside.max()), core, patch.mask)


def grabcut(patch: Patch) -> Mask:
    """Segment the band by GrabCut (colour mixtures and a graph cut); large masks stay, to save time.

    Source: C. Rother, V. Kolmogorov, A. Blake, "GrabCut", SIGGRAPH 2004; OpenCV's.
    """
    cv2 = opencv("snapping masks to edges")
    if patch.mask.size > _MOST_PIXELS:
        return patch.mask
    mask = patch.mask.astype(np.uint8)
    inside, outside = _distances(cv2, mask)
    core = inside >= min(patch.reach + 1.0, 0.5 * float(inside.max()))
    marks = np.ascontiguousarray(np.where(patch.mask, cv2.GC_PR_FGD, cv2.GC_PR_BGD), np.uint8)
    marks[core] = cv2.GC_FGD
    marks[(outside > patch.reach) | (patch.others & ~patch.mask)] = cv2.GC_BGD
    if not (marks == cv2.GC_BGD).any():
        return patch.mask
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(patch.pixels), marks, None, *models, 2, cv2.GC_INIT_WITH_MASK)
    found = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    return _whole(cv2, found, core, patch.mask)


METHODS: Mapping[str, Callable[[Patch], Mask]] = {
    "level 0.25": lambda patch: level(patch, 0.25),
    "level 0.35": lambda patch: level(patch, 0.35),
    "level 0.5": lambda patch: level(patch, 0.5),
    "grabcut": grabcut,
}
"""All methods by name."""


def _distances(cv2: ModuleType, mask: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Distance of each pixel to the outside, and to the inside, pixels."""
    inside = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return inside, cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)


def _whole(cv2: ModuleType, found: Mask, core: Mask, before: Mask) -> Mask:
    """The piece that holds most of the core, without holes; the mask before where there is none."""
    pieces, at = cv2.connectedComponents(found.astype(np.uint8))
    held = np.bincount(at[core & found], minlength=pieces)
    held[0] = 0
    if not held.any():
        return before
    piece = (at == int(held.argmax())).astype(np.uint8)
    outlines, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(piece, outlines, -1, 1, -1)
    return np.asarray(piece > 0)


def _disk(cv2: ModuleType, radius: int) -> Any:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
