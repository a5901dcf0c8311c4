"""Split a mask of several touching objects at its narrow places: a watershed of the distance transform.

Every pixel is assigned to a peak of the distance by steepest ascent. Peaks are then merged in order of the
pass between them, highest first: the lower of two peaks stays separate if it is more than ``depth`` above the
pass.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import rle

DEPTH = 0.75
"""Default of ``depth``, pixels; see benchmarks/touching.py."""

_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # (rows, columns); the other four are opposite

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def split_touching(mask: bytes, height: int, width: int, depth: float = DEPTH) -> list[bytes]:
    """Split a mask into objects, in the order of their first pixels, column by column.

    The objects partition the mask. Disconnected parts are separate objects.

    Args:
        mask: compressed run-length mask.
        height: of the image, pixels.
        width: of the image, pixels.
        depth: how far the distance at the centre of an object must exceed the distance at the narrow place,
            pixels, >= 0: small values split often, large values only at very narrow places.

    Source: the h-maxima transform and the watershed of the distance transform, P. Soille, "Morphological
        image analysis" (2003), 6.3.5 and 9.2.

    Example:
        >>> disc = np.hypot(*np.mgrid[-8:9, -8:9]) < 8
        >>> both = np.hstack([disc[:, :-3], disc[:, 3:]])
        >>> len(split_touching(rle.encode(both), *both.shape))
        2
    """
    crop, x, y = rle.decode_crop(mask, height, width)
    if not crop.size:
        return []
    rows, columns = crop.shape
    # An object may continue beyond the image border: pad with background only on the other sides.
    sides = ((y > 0, y + rows < height), (x > 0, x + columns < width))
    padded = np.pad(crop, [(int(a), int(b)) for a, b in sides])
    labels = _labels(padded, depth)[int(y > 0) :, int(x > 0) :][:rows, :columns]
    return rle.encode_labels(np.ascontiguousarray(labels), height, width, x, y)[1]


def _labels(inside: npt.NDArray[np.bool_], depth: float) -> npt.NDArray[np.int32]:
    """Number of the object of each pixel, ``(h, w)``, from 1, column by column; 0 outside."""
    from scipy import ndimage

    if inside.all():
        return np.ones(inside.shape, np.int32)
    distance = ndimage.distance_transform_edt(inside)
    pairs = _pairs(inside)
    basin = _climbed(distance.ravel(), *pairs)
    peaks = _joined(distance.ravel(), basin, *pairs, depth)
    labels = np.where(inside, peaks[basin].reshape(inside.shape), -1)
    first, at = np.unique(labels.T, return_index=True)
    order = np.argsort(at[first >= 0])
    number = np.zeros(len(order), np.int32)
    number[order] = np.arange(1, len(order) + 1)
    out = np.zeros(inside.shape, np.int32)
    out[inside] = number[np.searchsorted(first[first >= 0], labels[inside])]
    return out


def _pairs(inside: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Pairs of 8-connected pixels inside, each pair once, as positions in the flat array."""
    at = np.arange(inside.size).reshape(inside.shape)
    ends: list[tuple[Ints, Ints]] = []
    for down, right in _NEIGHBOURS:
        here = (slice(None, -down or None), slice(None, -right) if right > 0 else slice(-right, None))
        there = (slice(down, None), slice(right, None) if right > 0 else slice(None, right or None))
        both = inside[here] & inside[there]
        ends.append((at[here][both], at[there][both]))
    return np.concatenate([a for a, _ in ends]), np.concatenate([b for _, b in ends])


def _climbed(distance: Floats, a: Ints, b: Ints) -> Ints:
    """The peak of each pixel by steepest ascent; of equal pixels the later one counts as higher."""
    rank = np.empty(len(distance), np.int64)
    rank[np.argsort(distance, kind="stable")] = np.arange(len(distance))
    best = rank.copy()
    np.maximum.at(best, a, rank[b])
    np.maximum.at(best, b, rank[a])
    place = np.argsort(rank)
    up: Ints = place[best]
    while not np.array_equal(higher := up[up], up):
        up = higher
    return up


def _joined(distance: Floats, basin: Ints, a: Ints, b: Ints, depth: float) -> Ints:
    """The peak into which each peak is merged, at the peak's position; undefined elsewhere."""
    peaks = np.flatnonzero((basin == np.arange(len(basin))) & (distance > 0))
    owner = {peak: peak for peak in peaks.tolist()}
    for one, other, height in zip(*_passes(distance, basin, a, b), strict=True):
        one, other = _owner(owner, one), _owner(owner, other)
        low, high = (one, other) if distance[one] < distance[other] else (other, one)
        if low != high and distance[low] - height <= depth:
            owner[low] = high
    out = np.arange(len(distance))
    out[peaks] = [_owner(owner, peak) for peak in peaks.tolist()]
    return out


def _passes(distance: Floats, basin: Ints, a: Ints, b: Ints) -> tuple[list[int], list[int], list[float]]:
    """Pairs of peaks whose basins touch, and the height of their highest pass; highest pass first."""
    between = basin[a] != basin[b]
    a, b = a[between], b[between]
    height = np.minimum(distance[a], distance[b])
    low, high = np.minimum(basin[a], basin[b]), np.maximum(basin[a], basin[b])
    order = np.argsort(-height, kind="stable")
    _, first = np.unique(low[order] * len(distance) + high[order], return_index=True)
    order = order[np.sort(first)]
    return low[order].tolist(), high[order].tolist(), height[order].tolist()


def _owner(owner: dict[int, int], peak: int) -> int:
    """The root of a peak: union-find with path halving."""
    while owner[peak] != peak:
        owner[peak] = owner[owner[peak]]
        peak = owner[peak]
    return peak
