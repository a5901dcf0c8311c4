"""Touching things apart: a watershed of the distance to the edge, its basins merged where the pass is high."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
Floats = npt.NDArray[np.floating[Any]]

_FINEST = 60_000


def regions(foreground: Bools, depths: Sequence[float]) -> list[Labels]:
    """Parts of a foreground, at several depths of merging.

    Two basins are one where the pass between them is higher than ``1 - depth`` of the lower peak: a depth of
    0 keeps them all, of 1 joins all that touch. This is the h-maxima transform with h a share of the peak.

    Args:
        foreground: ``(h, w)``.
        depths: 0..1, each.

    Returns:
        For each depth ``(h, w)`` int32: 0 is ground, 1..n the parts.

    Source: M. Grimaud, "A new measure of contrast: the dynamics" (1992).
    """
    distance = ndimage.distance_transform_edt(foreground).astype(np.float32)
    basins = _flooded(distance, foreground)
    peaks = np.asarray(ndimage.maximum(distance, basins, np.arange(int(basins.max()) + 1)))
    passes = _passes(basins, distance)
    return [_merged(peaks, passes, depth)[basins] for depth in depths]


def _flooded(distance: Floats, foreground: Bools) -> Labels:
    """One basin for each peak of the distance."""
    soft = ndimage.gaussian_filter(distance, 0.7)
    top = (soft == ndimage.maximum_filter(soft, 3)) & foreground
    seeds, n = ndimage.label(top, np.ones((3, 3)))
    if not n:
        return np.zeros(foreground.shape, np.int32)
    height = np.uint16(np.clip((1 - distance / distance.max()) * _FINEST, 0, _FINEST))
    seeds = np.where(foreground, seeds, -1).astype(np.int32)
    flooded = ndimage.watershed_ift(np.where(foreground, height, np.uint16(65535)), seeds, np.ones((3, 3)))
    return np.where(foreground & (flooded > 0), flooded, 0).astype(np.int32)


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
