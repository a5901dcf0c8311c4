"""Separate touching objects: a watershed of the distance to the edge; a high pass merges two basins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
Floats = npt.NDArray[np.floating[Any]]

_SOFT = 0.7
"""Standard deviation of the Gaussian that smooths the distance before its peaks are found, pixels."""


def regions(foreground: Bools, depths: Sequence[float]) -> list[Labels]:
    """Split a foreground into regions, at several depths of merging.

    Two basins merge where the pass between them is higher than ``1 - depth`` of the lower peak: depth 0 keeps
    them all, depth 1 joins all that touch. This is the h-maxima transform with h a share of the peak.

    Args:
        foreground: ``(h, w)``.
        depths: 0..1, each.

    Returns:
        For each depth ``(h, w)`` int32: 0 is background, 1..n the regions.

    Source: F. Meyer, "Topographic distance and watershed lines" (1994); M. Grimaud, "A new measure of
    contrast: the dynamics" (1992).
    """
    distance = ndimage.distance_transform_edt(foreground).astype(np.float32)
    basins = _flooded(distance, foreground)
    peaks = np.asarray(ndimage.maximum(distance, basins, np.arange(int(basins.max()) + 1)))
    passes = _passes(basins, distance)
    return [_merged(peaks, passes, depth)[basins] for depth in depths]


def _flooded(distance: Floats, foreground: Bools) -> Labels:
    """One basin per peak of the distance: every pixel follows the steepest ascent.

    Of equally high neighbours the last one is taken, so that paths over a plateau end, too.
    """
    width = distance.shape[1] + 2
    soft = np.pad(np.where(foreground, ndimage.gaussian_filter(distance, _SOFT), -1), 1, constant_values=-1)
    flat = soft.ravel()
    inside = np.flatnonzero(flat >= 0)
    up, best = inside.copy(), flat[inside]
    for step in (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1):
        value = flat[inside + step]
        higher = (value > best) | ((value == best) & (inside + step > up))
        up[higher], best[higher] = inside[higher] + step, value[higher]
    way = np.arange(len(flat))
    way[inside] = up
    while True:
        further = way[up]
        if np.array_equal(further, up):
            break
        up = further
        way[inside] = up
    basins = np.zeros(len(flat), np.int32)
    basins[inside] = np.unique(up, return_inverse=True)[1] + 1
    return np.ascontiguousarray(basins.reshape(soft.shape)[1:-1, 1:-1])


def _passes(basins: Labels, distance: Floats) -> list[tuple[float, int, int]]:
    """Height of the highest pass between basins that touch, highest first."""
    heights, pairs, n = [], [], int(basins.max(initial=0)) + 1
    for a, b in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
        one, other = basins[a], basins[b]
        at = np.nonzero((one != other) & (one > 0) & (other > 0))
        low, high = np.minimum(one[at], other[at]), np.maximum(one[at], other[at])
        pairs.append(low.astype(np.int64) * n + high)
        heights.append(np.minimum(distance[a][at], distance[b][at]))
    pair, height = np.concatenate(pairs), np.concatenate(heights)
    order = np.argsort(-height, kind="stable")
    named, first = np.unique(pair[order], return_index=True)
    highest = height[order][first]
    down = np.argsort(-highest, kind="stable")
    rows = zip(highest[down].tolist(), (named[down] // n).tolist(), (named[down] % n).tolist(), strict=True)
    return list(rows)


def _merged(peaks: Floats, passes: Sequence[tuple[float, int, int]], depth: float) -> Labels:
    """The number of each basin after merging, ``(n_basins + 1,)``."""
    parent = list(range(len(peaks)))
    peak = peaks.tolist()

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for height, a, b in passes:
        a, b = root(a), root(b)
        if a != b and height >= (1 - depth) * min(peak[a], peak[b]):
            if peak[a] < peak[b]:
                a, b = b, a
            parent[b] = a
    roots = np.array([root(at) for at in range(len(peaks))])
    return np.unique(roots, return_inverse=True)[1].astype(np.int32)
