"""Masks as closed paths that keep holes and islands, and paths back to masks.

ultralytics carries one closed path per instance through its augmentations. A mask of several rings becomes
one path by walking a seam to each further ring and back: the seam is crossed once in either direction, so in
a *signed* fill both crossings cancel and neither holes nor islands are lost. (A fill that paints its border,
as OpenCV's, would draw the seams.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...core.geometry.polygon import rle_to_polygons

Points = npt.NDArray[np.float32]

MAX_POINTS = 1000
"""Most points of a path; longer ones are sampled evenly along their length."""


def outline(rle: bytes, height: int, width: int, scale: float, step: float = 2.0) -> Points:
    """One closed path around all rings of a mask, in the resized image's pixels.

    Args:
        rle: the mask.
        height: of its image, pixels.
        width: of its image, pixels.
        scale: pixels of the resized image per pixel of the original.
        step: longest distance between neighbours, resized pixels, since augmentations clip points, not lines.
            Corners closer than half a resized pixel are replaced by points that far apart.

    Returns:
        ``(k, 2)`` float32 (x, y), not repeated at the end; exterior rings run one way, holes the other. ``(0,
        2)`` for an empty mask.
    """
    rings: list[npt.NDArray[np.float64]] = []
    for polygon in rle_to_polygons(rle, height, width):
        rings.append(_turning(polygon.exterior, 1))
        rings.extend(_turning(hole, -1) for hole in polygon.holes)
    if not rings:
        return np.zeros((0, 2), np.float32)
    path = join([ring * scale for ring in rings])
    return _spaced(path, 0.5, step).astype(np.float32)


def join(rings: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Rings as one closed path: each closed, on to the next one's start, and back along the starts."""
    starts = np.stack([ring[0] for ring in rings])
    walk = [np.concatenate([ring, ring[:1]]) for ring in rings]
    return np.concatenate([*walk, starts[-2:0:-1]]) if len(rings) > 1 else rings[0]


def pad(paths: Sequence[Points], k: int) -> Points:
    """Paths of one length, ``(n, k, 2)``: shorter ones dwell on their first point."""
    out = np.zeros((len(paths), k, 2), np.float32)
    for row, path in zip(out, paths, strict=True):
        row[: len(path)] = path
        row[len(path) :] = path[0]
    return out


def coverage(paths: npt.ArrayLike, height: int, width: int, ratio: int = 1) -> npt.NDArray[np.float32]:
    """How much of each cell every path encloses: exact along x, ``ratio`` scan lines a cell along y.

    Sums, over the edges of a path, the signed length of scan line right of the edge: the area under a closed
    path, as anti-aliasing font rasterisers accumulate it.

    Args:
        paths: ``(n, k, 2)`` closed paths (x, y), pixels of the image.
        height: of the image, pixels.
        width: of the image, pixels.
        ratio: pixels per cell side.

    Returns:
        ``(n, height // ratio, width // ratio)`` float32, 0..1.

    Source: R. Levien, "Inside the fastest font renderer in the world" (2016), for the accumulation buffer.

    Example:
        >>> coverage([[[0, 0], [3, 0], [3, 2], [0, 2]]], 2, 4, ratio=2).tolist()
        [[[1.0, 0.5]]]
    """
    points = np.asarray(paths, np.float64)
    n, rows, columns = len(points), height // ratio, width // ratio
    following = np.roll(points, -1, axis=1)
    x0, y0 = points[..., 0].ravel(), points[..., 1].ravel()
    x1, y1 = following[..., 0].ravel(), following[..., 1].ravel()
    first = np.ceil(np.minimum(y0, y1) - 0.5)
    last = np.ceil(np.maximum(y0, y1) - 0.5)
    first, last = (
        np.clip(first, 0, rows * ratio).astype(np.int64),
        np.clip(last, 0, rows * ratio).astype(np.int64),
    )
    crossed = last - first
    edge = np.repeat(np.arange(len(crossed)), crossed)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    slope = (x1[edge] - x0[edge]) / (y1[edge] - y0[edge])
    x = np.clip((x0[edge] + (line + 0.5 - y0[edge]) * slope) / ratio, 0, columns)
    sign = np.where(y1[edge] > y0[edge], 1.0, -1.0)
    cell = np.floor(x).astype(np.int64)
    share = x - cell
    flat = (edge // points.shape[1] * rows + line // ratio) * (columns + 2) + cell
    size = n * rows * (columns + 2)
    change = np.bincount(flat, sign * (1 - share), size) + np.bincount(flat + 1, sign * share, size)
    filled = np.cumsum(change.reshape(n, rows, columns + 2), axis=2)[..., :columns]
    return np.clip(np.abs(filled) / ratio, 0, 1).astype(np.float32)


def _turning(ring: npt.NDArray[np.float64], sign: int) -> npt.NDArray[np.float64]:
    """The ring, walked so that its signed area has this sign."""
    x, y = ring[:, 0], ring[:, 1]
    area = np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))
    return ring if area * sign > 0 else ring[::-1]


def _spaced(path: npt.NDArray[np.float64], least: float, most: float) -> npt.NDArray[np.float64]:
    """Points added so that no edge is longer than ``most``; evenly spaced where edges are mostly short."""
    closed = np.concatenate([path, path[:1]])
    length = np.hypot(*np.diff(closed, axis=0).T)
    pieces = np.maximum(np.ceil(length / most), 1).astype(np.int64)
    enough = min(max(int(np.ceil(length.sum() / least)), 4), MAX_POINTS)
    if pieces.sum() > enough:
        along = np.concatenate([[0.0], np.cumsum(length)])
        at = np.linspace(0, along[-1], enough, endpoint=False)
        return np.stack([np.interp(at, along, closed[:, i]) for i in range(2)], axis=1)
    edge = np.repeat(np.arange(len(pieces)), pieces)
    share = (np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    return closed[edge] + share[:, None] * np.diff(closed, axis=0)[edge]
