"""Masks as closed paths that keep holes and islands, and paths back to masks.

ultralytics carries one closed path per instance through its augmentations. A mask of several rings becomes
one path with a seam to each further ring and back: the path runs along the seam once in either direction, so
in a *signed* fill both runs cancel, and neither holes nor islands are lost. (A fill that paints its border,
as OpenCV's does, would draw the seams.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.geometry.outlines.polygon import rle_to_polygons
from ..libraries.quiet_ultralytics import ultralytics

Points = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_MAX_POINTS = 1000
"""Most points of a path; longer ones are sampled evenly along their length."""


def outline(rle: bytes, height: int, width: int, scale: float, step: float = 2.0) -> Points:
    """One closed path around all rings of a mask, in the resized image's pixels.

    Args:
        rle: the mask.
        height: height of its image, pixels.
        width: width of its image, pixels.
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
    """Join rings to one closed path: each ring closed, then to the start of the next, and back at the end."""
    starts = np.stack([ring[0] for ring in rings])
    walk = [np.concatenate([ring, ring[:1]]) for ring in rings]
    return np.concatenate([*walk, starts[-2:0:-1]]) if len(rings) > 1 else rings[0]


def pad(paths: Sequence[Points], k: int) -> Points:
    """Pad paths to one length, ``(n, k, 2)``: shorter ones repeat their first point."""
    out = np.zeros((len(paths), k, 2), np.float32)
    for row, path in zip(out, paths, strict=True):
        row[: len(path)] = path
        row[len(path) :] = path[0]
    return out


def coverage(paths: npt.ArrayLike, height: int, width: int, ratio: int = 1) -> npt.NDArray[np.float32]:
    """How much of each cell every path encloses: exact along x, ``ratio`` scan lines per cell along y.

    Sums, over the edges of a path, the signed length of scan line right of the edge: the area under a closed
    path, as anti-aliasing font rasterisers accumulate it.

    Args:
        paths: ``(n, k, 2)`` closed paths (x, y), pixels of the image.
        height: height of the image, pixels.
        width: width of the image, pixels.
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
    out = np.zeros((n, rows, columns), np.float32)
    if not points.size:
        return out
    box = _Boxes.of(points / ratio, rows, columns)
    edge, line, sign = _crossings(points, rows * ratio)
    following = np.roll(points, -1, axis=1)
    x0, y0 = points[..., 0].ravel()[edge], points[..., 1].ravel()[edge]
    x1, y1 = following[..., 0].ravel()[edge], following[..., 1].ravel()[edge]
    x = np.clip((x0 + (line + 0.5 - y0) * (x1 - x0) / (y1 - y0)) / ratio, 0, columns)
    cell = np.floor(x).astype(np.int64)
    share = x - cell
    at = box.flat(edge // points.shape[1], line // ratio, cell)
    change = np.bincount(at, sign * (1 - share), box.size) + np.bincount(at + 1, sign * share, box.size)
    # A closed path sums to 0 in each line, so one running sum serves all lines of all boxes.
    filled = np.clip(np.abs(np.cumsum(change)) / ratio, 0, 1)
    path, row, column = box.places()
    inside = column < columns
    out[path[inside], row[inside], column[inside]] = filled[inside]
    return out


@dataclass(frozen=True)
class _Boxes:
    """The cells around each path, one box after the other in a flat array.

    Attributes:
        top: first row of each box, ``(n,)``.
        left: first column of each box.
        rows: number of rows of each box.
        columns: number of columns of each box, plus one at the right for the carry.
    """

    top: Ints
    left: Ints
    rows: Ints
    columns: Ints

    @classmethod
    def of(cls, points: npt.NDArray[np.float64], rows: int, columns: int) -> _Boxes:
        """Boxes of paths ``(n, k, 2)`` given in cells."""
        low, high = points.min(axis=1), points.max(axis=1)
        top = np.clip(np.floor(low[:, 1]), 0, rows).astype(np.int64)
        left = np.clip(np.floor(low[:, 0]), 0, columns).astype(np.int64)
        bottom = np.clip(np.ceil(high[:, 1]), 0, rows).astype(np.int64)
        right = np.clip(np.floor(high[:, 0]), 0, columns).astype(np.int64)
        return cls(top, left, np.maximum(bottom - top, 0), right - left + 2)

    @property
    def size(self) -> int:
        """Cells of all boxes."""
        return int((self.rows * self.columns).sum())

    @property
    def _start(self) -> Ints:
        return np.cumsum(self.rows * self.columns) - self.rows * self.columns

    def flat(self, path: Ints, row: Ints, column: Ints) -> Ints:
        """Position of cells in the flat array."""
        within = (row - self.top[path]) * self.columns[path] + column - self.left[path]
        return self._start[path] + within

    def places(self) -> tuple[Ints, Ints, Ints]:
        """Path, row and column of each cell of the flat array."""
        path = np.repeat(np.arange(len(self.top)), self.rows * self.columns)
        within = np.arange(len(path)) - self._start[path]
        row, column = np.divmod(within, self.columns[path])
        return path, row + self.top[path], column + self.left[path]


def _crossings(points: npt.NDArray[np.float64], lines: int) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Where edges cross the middles of scan lines: the edge, the line, and 1 downwards or -1 upwards."""
    y0 = points[..., 1].ravel()
    y1 = np.roll(points[..., 1], -1, axis=1).ravel()
    first = np.clip(np.ceil(np.minimum(y0, y1) - 0.5), 0, lines).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(y0, y1) - 0.5), 0, lines).astype(np.int64)
    crossed = last - first
    edge = np.repeat(np.arange(len(crossed)), crossed)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    return edge, line, np.where(y1[edge] > y0[edge], 1.0, -1.0)


def moved(
    paths: npt.NDArray[np.float32], matrix: npt.NDArray[np.float32], size: tuple[int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Transform paths by a projective map; also returns the boxes of their visible parts.

    Args:
        paths: ``(n, k, 2)`` closed paths (x, y), pixels.
        matrix: ``(3, 3)`` matrix of the map.
        size: width and height of the picture, pixels.

    Returns:
        Boxes ``(n, 4)`` (left, top, right, bottom), zeros where nothing is visible; and the paths ``(n, k,
        2)``, kept within their boxes.
    """
    n, k = paths.shape[:2]
    if not paths.size:
        return np.zeros((n, 4), np.float32), paths
    ends = np.ones((3, n * k), np.float32)
    ends[:2] = paths.reshape(-1, 2).T
    x, y, depth = matrix @ ends
    x, y = (x / depth).reshape(n, k), (y / depth).reshape(n, k)
    boxes = np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
    left, top, right, bottom = boxes.T
    outside = (right < 0) | (bottom < 0) | (left > size[0]) | (top > size[1])
    cut = ~outside & ((left < 0) | (top < 0) | (right > size[0]) | (bottom > size[1]))
    visible = ultralytics("utils.ops").segment2box
    for at in np.flatnonzero(cut):
        boxes[at] = visible(np.stack([x[at], y[at]], axis=1), *size)
    boxes[outside] = 0
    x = np.clip(x, boxes[:, 0:1], boxes[:, 2:3])
    y = np.clip(y, boxes[:, 1:2], boxes[:, 3:4])
    return boxes, np.stack([x, y], axis=2)


def _turning(ring: npt.NDArray[np.float64], sign: int) -> npt.NDArray[np.float64]:
    """The ring, in the direction that gives its signed area this sign."""
    x, y = ring[:, 0], ring[:, 1]
    area = np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))
    return ring if area * sign > 0 else ring[::-1]


def _spaced(path: npt.NDArray[np.float64], least: float, most: float) -> npt.NDArray[np.float64]:
    """Points added so that no edge is longer than ``most``; evenly spaced where edges are mostly short."""
    closed = np.concatenate([path, path[:1]])
    length = np.hypot(*np.diff(closed, axis=0).T)
    pieces = np.maximum(np.ceil(length / most), 1).astype(np.int64)
    enough = min(max(int(np.ceil(length.sum() / least)), 4), _MAX_POINTS)
    if pieces.sum() > enough:
        along = np.concatenate([[0.0], np.cumsum(length)])
        at = np.linspace(0, along[-1], enough, endpoint=False)
        return np.stack([np.interp(at, along, closed[:, i]) for i in range(2)], axis=1)
    edge = np.repeat(np.arange(len(pieces)), pieces)
    share = (np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    return closed[edge] + share[:, None] * np.diff(closed, axis=0)[edge]
