"""Polygons to masks and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from pycocotools import _mask as coco

from ...errors import MaskError
from ..masks import rle
from ..masks.strings import blocks, refuse
from ..masks.varints import cumulative
from .simplify import simplify
from .trace import Rings, trace

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Polygon:
    """One connected part of a mask.

    Attributes:
        exterior: ``(k, 2)`` float64 (x, y) corners in pixels, not repeated at the end.
        holes: corners of each hole, likewise.
    """

    exterior: Points
    holes: list[Points] = field(default_factory=list)


def polygons_to_rle(polygons: Sequence[npt.ArrayLike], height: int, width: int) -> bytes:
    """The union of polygons as a mask, rasterised exactly as pycocotools does.

    Args:
        polygons: each a flat [x0, y0, x1, y1, ...] or ``(k, 2)`` array of at least 3 corners, pixels;
            parts outside the image are cut off. An empty sequence gives an empty mask.
        height: of the image, pixels.
        width: of the image, pixels.

    Raises:
        MaskError: a polygon has fewer than 3 corners, an odd number of values, corners that are not finite or
            too far outside of the image, or too long an outline.

    Source: the COCO mask API, ``rleFrPoly``, https://github.com/cocodataset/cocoapi.

    Example:
        >>> polygons_to_rle([[1, 0, 2, 0, 2, 2, 1, 2]], 2, 3)
        b'222'
    """
    flat = [_flat(polygon, i, max(height, width)) for i, polygon in enumerate(polygons)]
    if not flat:
        return rle.from_counts([height * width])
    mask: bytes = coco.merge(coco.frPoly(flat, height, width))["counts"]
    return mask


_REACH = 16  # largest coordinate of a corner, in image sizes (an image counts as at least 100 pixels)
_PERIMETER = 5e6  # longest outline, pixels; pycocotools allocates 80 bytes per pixel


def _flat(polygon: npt.ArrayLike, number: int, size: int) -> Points:
    """A polygon safe for pycocotools, which checks no values and allocates memory per outline pixel."""
    try:
        corners = np.asarray(polygon, np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise MaskError(f"polygon {number} must be numbers: {error}") from error
    if len(corners) < 6 or len(corners) % 2:
        raise MaskError(f"polygon {number} must be at least 3 corners (x, y), got {len(corners)} numbers")
    farthest = np.abs(corners).max()
    if not farthest <= _REACH * max(size, 100):  # also false for nan
        raise MaskError(f"corners of polygon {number} must be finite and at most {_REACH} image sizes away")
    if farthest * len(corners) <= _PERIMETER:
        return corners
    x, y = corners[0::2], corners[1::2]
    steps = np.maximum(np.abs(np.diff(x, append=x[0])), np.abs(np.diff(y, append=y[0])))
    if steps.sum() > _PERIMETER:
        raise MaskError(
            f"polygon {number} must be at most {_PERIMETER:,.0f} pixels around, got {steps.sum():,.0f}"
        )
    return corners


def rle_to_polygons(mask: bytes, height: int, width: int, tolerance: float = 0.0) -> list[Polygon]:
    """Trace a mask along the edges of its pixels.

    With tolerance 0 nothing is lost: corners are whole pixels, and each exterior minus its holes, rasterised
    by :func:`polygons_to_rle`, gives the same mask. Parts that touch only at a corner become separate
    polygons.

    Args:
        mask: compressed run-length mask.
        height: of the image, pixels.
        width: of the image, pixels.
        tolerance: largest distance of a simplified outline from the traced one, pixels (Douglas-Peucker).

    Returns:
        One polygon for each part, all outlines clockwise as seen on screen; none for an empty mask.

    Example:
        >>> rle_to_polygons(b"222", 2, 3)[0].exterior.tolist()
        [[1.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1.0, 2.0]]
    """
    return rles_to_polygons([mask], height, width, tolerance)[0]


def rles_to_polygons(
    masks: rle.Rles, heights: npt.ArrayLike, widths: npt.ArrayLike, tolerance: float = 0.0
) -> list[list[Polygon]]:
    """Trace many masks at once; see :func:`rle_to_polygons`.

    Args:
        masks: compressed run-length masks, ``(n,)``.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.
        widths: width, likewise.
        tolerance: as in :func:`rle_to_polygons`, pixels.

    Returns:
        ``n`` lists of polygons.

    Raises:
        MaskError: a mask is malformed or of another size.
    """
    runs = rle.parse(masks).canonical()
    height = np.broadcast_to(np.asarray(heights, np.int64), len(runs))
    totals = runs.totals()
    wrong = totals != height * np.asarray(widths, np.int64)
    refuse(wrong, None, "masks", "masks must have as many pixels as their image (height * width)", totals)
    out: list[list[Polygon]] = [[] for _ in range(len(runs))]
    work = cumulative(runs.lengths())
    for a, b in blocks(work, 1 << 17):
        part = runs.take(np.arange(a, b))
        for i, polygons in _polygons(trace(part, height[a:b]), tolerance):
            out[a + i].append(polygons)
    return out


def _polygons(rings: Rings, tolerance: float) -> list[tuple[int, Polygon]]:
    """Polygons with the number of the mask they belong to."""
    corners, starts = rings.corners.astype(np.float64), rings.starts
    if tolerance > 0:
        keep = simplify(corners, starts, tolerance)
        corners, starts = corners[keep], cumulative(keep)[starts]
    bounds = starts.tolist()
    found: dict[int, tuple[int, Polygon]] = {}
    for i, (mask, owner) in enumerate(zip(rings.mask.tolist(), rings.owner.tolist(), strict=True)):
        outline = corners[bounds[i] : bounds[i + 1]]
        if owner == i:
            found[i] = mask, Polygon(outline)
        else:
            found[owner][1].holes.append(outline)
    return list(found.values())
