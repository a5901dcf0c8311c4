"""The part of an image that a segmenter computes on, and what it keeps of a mask."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from .protocol import Box, Flags, Pixels, Points, Window

__all__ = ["around", "clipped", "contrast", "grown", "holding", "on_image"]

_MARGIN = 0.25  # context around a box, as a share of its longer side


def on_image(points: npt.ArrayLike, positive: npt.ArrayLike, height: int, width: int) -> tuple[Points, Flags]:
    """The points that lie on the image, and whether each is positive."""
    at, good = np.asarray(points, np.float64).reshape(-1, 2), np.asarray(positive, np.bool_)
    seen = (at >= 0).all(axis=1) & (at < [width, height]).all(axis=1)
    return at[seen], good[seen]


def clipped(box: Box, height: int, width: int) -> Window:
    """The box in whole pixels, on the image.

    Raises:
        DataError: no pixel of the box is on the image.
    """
    x, y, w, h = box
    left, top = max(int(np.floor(x)), 0), max(int(np.floor(y)), 0)
    right, bottom = min(int(np.ceil(x + w)), width), min(int(np.ceil(y + h)), height)
    if left >= right or top >= bottom:
        raise DataError(f"the box {box} is not on the image of {width} x {height} pixels")
    return left, top, right, bottom


def grown(points: Points, reach: float, height: int, width: int) -> Window:
    """The box of the points, grown by ``reach`` on each side and clipped to the image."""
    left, top = np.maximum(np.floor(points.min(axis=0) - reach), 0).astype(int)
    right, bottom = np.minimum(np.ceil(points.max(axis=0) + reach), [width, height]).astype(int)
    return int(left), int(top), int(right), int(bottom)


def around(points: Points, inside: Window, height: int, width: int) -> Window:
    """The window to compute on: the box and all points, with a margin."""
    reach = max(int(_MARGIN * max(inside[2] - inside[0], inside[3] - inside[1])), 8)
    corners = np.array([inside[:2], inside[2:]], np.float64)
    return grown(np.concatenate([points, corners]), reach, height, width)


def holding(cv2: ModuleType, found: Flags, spots: npt.NDArray[np.int32]) -> Flags:
    """The connected parts at the spots; without spots the part at the centre, else the largest."""
    n, parts = cv2.connectedComponents(found.astype(np.uint8), connectivity=8)
    if n <= 2:
        return found
    if len(spots):
        kept = np.unique(parts[spots[:, 1], spots[:, 0]])
    else:
        rows, columns = np.nonzero(found)
        middle = (rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2
        kept = parts[middle].reshape(1)
    kept = kept[kept > 0]
    if not len(kept):
        kept = np.bincount(parts.ravel())[1:].argmax().reshape(1) + 1
    return np.asarray(np.isin(parts, kept), np.bool_)


def contrast(cv2: ModuleType, small: Pixels, found: Flags) -> float:
    """One minus the Bhattacharyya coefficient of the colors inside and outside, 8 levels per channel."""
    shares = []
    for where in (found, ~found):
        counts = cv2.calcHist([small], [0, 1, 2], where.astype(np.uint8), [8, 8, 8], [0, 256] * 3)
        shares.append(counts / max(float(counts.sum()), 1.0))
    if not found.any() or found.all():
        return 0.0
    return float(np.clip(1 - np.sqrt(shares[0] * shares[1]).sum(), 0, 1))
