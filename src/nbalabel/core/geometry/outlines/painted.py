"""Polygons to masks as painting programs draw them: the inside, and the pixels of the outline itself.

COCO's tools treat a corner as a point between pixels and count crossings. OpenCV's ``fillPoly``, which
ultralytics and most YOLO tools use, treats a corner as the centre of a pixel and also paints the outline. So
the same polygon gives masks that differ by half a pixel all around.
"""

from __future__ import annotations

import numpy as np

from ..masks.runs import from_ones
from ..masks.strings import blocks
from ..masks.varints import Flags, Ints, cumulative

_MOST_PIXELS = 1 << 21
"""Approximate number of outline pixels painted per batch: 200 MB of memory."""


def paint(corners: Ints, lengths: Ints, sizes: Ints) -> list[bytes]:
    """One mask per polygon, as OpenCV's ``fillPoly`` fills it: even-odd rule plus 8-connected outline.

    Args:
        corners: corners of all polygons, one after the other, ``(n_corners, 2)`` int64, x and y of pixels;
            parts outside of the image are cut off.
        lengths: number of corners of each polygon, at least 1, ``(n,)`` int64.
        sizes: height and width of each polygon's image, ``(n, 2)`` int64.

    Returns:
        Compressed run lengths, ``n``.

    Source: ``fillPoly``, ``clipLine`` and ``LineIterator`` of OpenCV, https://docs.opencv.org.

    Example:
        >>> paint(np.array([[1, 0], [2, 0], [2, 1], [1, 1]]), np.array([4]), np.array([[2, 4]]))
        [b'242']
    """
    starts = cumulative(lengths)
    following = np.arange(1, len(corners) + 1)
    following[starts[1:] - 1] = starts[:-1]
    steps = np.abs(corners[following] - corners).max(axis=1, initial=0) + 1
    out: list[bytes] = []
    for a, b in blocks(cumulative(steps)[starts], _MOST_PIXELS):
        part = slice(starts[a], starts[b])
        polygon = np.repeat(np.arange(b - a), lengths[a:b])
        out += _fill(corners[part], corners[following[part]], polygon, sizes[a:b])
    return out


def _fill(begin: Ints, end: Ints, polygon: Ints, sizes: Ints) -> list[bytes]:
    """Masks of polygons given by the two ends of each edge."""
    found = [_inside(begin, end, polygon, sizes), _outline(begin, end, polygon, sizes)]
    owner, column, top, bottom = (np.concatenate(values) for values in zip(*found, strict=True))
    height, width = sizes.T
    first = cumulative(height * width)
    at = first[owner] + column * height[owner]
    order = np.argsort(at + top, kind="stable")
    begins, ends = (at + top)[order], np.maximum.accumulate((at + bottom)[order])
    apart = np.ones(len(begins), bool)  # starts a new run instead of extending the previous one
    apart[1:] = (begins[1:] > ends[:-1]) | (np.diff(owner[order]) > 0)
    heads = np.flatnonzero(apart)
    lasts = np.append(heads[1:], len(begins))[: len(heads)] - 1
    mask = owner[order][heads]
    offsets = np.searchsorted(mask, np.arange(len(sizes) + 1))
    runs = from_ones(begins[heads] - first[mask], ends[lasts] - first[mask], offsets, height * width)
    return runs.encode()


def _inside(begin: Ints, end: Ints, polygon: Ints, sizes: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Column segments between pairs of crossings: polygon, column, first row, row after the last."""
    leftward = begin[:, 0] > end[:, 0]
    left, right = np.where(leftward[:, None], end, begin), np.where(leftward[:, None], begin, end)
    first = np.maximum(left[:, 0], 0)
    n = np.maximum(np.minimum(right[:, 0], sizes[polygon, 1]) - first, 0)
    edge = np.repeat(np.arange(len(n)), n)
    column = np.arange(len(edge)) - (cumulative(n)[:-1] - first)[edge]
    run, rise = (right - left)[edge].T
    y = left[edge, 1] + rise * (column - left[edge, 0]) / run
    owner = polygon[edge]
    order = np.lexsort((y, column, owner))
    owner, column, y = owner[order][0::2], column[order][0::2], y[order]
    height = sizes[owner, 0]
    top = np.clip(np.ceil(y[0::2]).astype(np.int64), 0, height)
    bottom = np.clip(np.floor(y[1::2]).astype(np.int64) + 1, top, height)
    some = bottom > top
    return owner[some], column[some], top[some], bottom[some]


def _outline(begin: Ints, end: Ints, polygon: Ints, sizes: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Pixels of the edges, in the format of :func:`_inside`; a vertical edge is one segment."""
    begin, end, seen = _clipped(begin, end, sizes[polygon])
    begin, end, polygon = begin[seen], end[seen], polygon[seen]
    swap = begin[:, 0] > end[:, 0]
    left, right = np.where(swap[:, None], end, begin), np.where(swap[:, None], begin, end)
    across, down = (right - left).T
    upright = across == 0
    steep = np.abs(down) > across
    major = np.maximum(across, np.abs(down))
    minor = np.where(steep, across, np.abs(down))
    n = np.where(upright, 1, major + 1)
    edge = np.repeat(np.arange(len(n)), n)
    step = np.arange(len(edge)) - cumulative(n)[:-1][edge]
    aside = (2 * minor[edge] * step + major[edge] - 1) // np.maximum(2 * major[edge], 1)
    aside[step == 0] = 0
    sign = np.sign(down)[edge]
    x = left[edge, 0] + np.where(steep[edge], aside, step)
    y = left[edge, 1] + sign * np.where(steep[edge], step, aside)
    y = np.where(upright[edge], np.minimum(left[edge, 1], right[edge, 1]), y)
    bottom = np.where(upright[edge], np.maximum(left[edge, 1], right[edge, 1]), y) + 1
    return polygon[edge], x, y, bottom


def _clipped(begin: Ints, end: Ints, sizes: Ints) -> tuple[Ints, Ints, Flags]:
    """Edges clipped to their images as OpenCV clips them, and which edges are visible."""
    a, b = begin.copy(), end.copy()
    last = sizes[:, ::-1] - 1
    seen = _may_be_seen(a, b, last)
    for axis in (1, 0):  # first rows, then columns
        other = 1 - axis
        for point, far in ((a, b), (b, a)):
            limit = np.where(point[:, axis] < 0, 0, last[:, axis])
            out = seen & ((point[:, axis] < 0) | (point[:, axis] > last[:, axis]))
            rows = np.flatnonzero(out)
            length = (far - point)[rows]
            short = limit[rows] - point[rows, axis]
            moved = short * length[:, other].astype(np.float64) / length[:, axis]
            point[rows, other] += moved.astype(np.int64)
            point[rows, axis] = limit[rows]
        seen &= _may_be_seen(a, b, last)
    return a, b, seen


def _may_be_seen(a: Ints, b: Ints, last: Ints) -> Flags:
    """Which edges do not have both ends beyond the same border."""
    beyond = ((a < 0) & (b < 0)) | ((a > last) & (b > last))
    return np.asarray(~beyond.any(axis=1))
