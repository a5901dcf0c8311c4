"""Shapes of tools as masks: outlines drawn as pycocotools does, boxes and ellipses as outlines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....core.errors import FormatError
from ....core.geometry.masks import rle
from .placed import placed
from .polygons import Parts, rasterize

_CORNERS = 128  # of an ellipse
_BUDGET = 2_000_000_000
_PER_BYTE = 1_000


def drawn(
    masks: Sequence[bytes | None],
    outlines: Sequence[Sequence[np.ndarray]],
    sizes: np.ndarray,
    where: Sequence[str],
) -> list[bytes]:
    """One mask per shape: its mask, or its outlines drawn as pycocotools does.

    Args:
        masks: the mask of each shape, None where it has outlines, ``(n,)``.
        outlines: the parts of each shape, ``(k, 2)`` corners each, ``(n,)`` lists.
        sizes: height and width of each shape's image, ``(n, 2)`` int64 pixels.
        where: names of the shapes for messages, ``(n,)``.

    Raises:
        FormatError: an outline has too few points, or lies too far outside its image.
    """
    at = [i for i, mask in enumerate(masks) if mask is None]
    parts = Parts.of([outlines[i] for i in at])
    found = rasterize(parts, sizes[at], lambda rows: [where[at[i]] for i in rows.tolist()])
    out = [mask or b"" for mask in masks]
    for i, mask in zip(at, found, strict=True):
        out[i] = mask
    return out


def box_corners(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The corners of an upright box, ``(4, 2)``.

    Example:
        >>> box_corners(0, 1, 2, 3).tolist()
        [[0.0, 1.0], [2.0, 1.0], [2.0, 3.0], [0.0, 3.0]]
    """
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)


def ellipse_corners(x: float, y: float, rx: float, ry: float) -> np.ndarray:
    """An ellipse around (x, y) as 128 corners."""
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def turned(points: np.ndarray, degrees: float, around: np.ndarray | None = None) -> np.ndarray:
    """Corners turned clockwise.

    Args:
        points: ``(k, 2)``.
        degrees: by how much.
        around: the point that stays, ``(2,)``; None: the middle.

    Example:
        >>> turned(np.array([[0.0, 0], [2, 0], [2, 2]]), 90).round(3).tolist()
        [[2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    if not degrees:
        return points
    with np.errstate(all="ignore"):  # absurd corners are refused when they are drawn
        middle = (points.min(axis=0) + points.max(axis=0)) / 2 if around is None else around
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        found: np.ndarray = (points - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle
    return found


def row_runs(begin: np.ndarray, end: np.ndarray, height: int, width: int) -> bytes:
    """The mask of runs that go along the rows of the whole image.

    Args:
        begin: first pixel of each run, row by row: y * width + x, ascending, ``(n,)``.
        end: pixel after the last, ``(n,)``.
        height: of the image, pixels.
        width: of the image, pixels.

    Example:
        >>> row_runs(np.array([1]), np.array([3]), 2, 2)
        b'121'
    """
    if not len(begin):
        return rle.from_counts([height * width])
    top, bottom = int(begin[0]) // width, int(end[-1] - 1) // width + 1
    steps = np.zeros((bottom - top) * width + 1, np.int8)
    np.add.at(steps, begin - top * width, 1)
    np.subtract.at(steps, end - top * width, 1)
    pixels = np.cumsum(steps[:-1], dtype=np.int8).astype(bool).reshape(bottom - top, width)
    return placed(pixels, 0, top, height, width)


def check_work(pixels: int, n_bytes: int, what: str) -> None:
    """Refuse masks that are far larger than their file: a small crafted file could take hours.

    Args:
        pixels: of all masks together.
        n_bytes: size of the file.
        what: name of the file for the message.

    Raises:
        FormatError: more than 2 billion pixels, and 1,000 per byte of the file.
    """
    most = _BUDGET + _PER_BYTE * n_bytes
    if pixels > most:
        raise FormatError(f"{what}: masks of {n_bytes:,} bytes may have {most:,} pixels, got {pixels:,}")
