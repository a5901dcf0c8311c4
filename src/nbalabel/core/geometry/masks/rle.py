"""Run-length masks: encode, decode, measure and combine them.

A mask is the byte string pycocotools calls ``counts``: COCO's compressed run-length encoding, column-major,
byte for byte what pycocotools writes. Functions with an argument ``rles`` work on many masks at once: a list
of bytes or an Arrow column.

Source: the COCO mask API, https://github.com/cocodataset/cocoapi.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import _mask as coco

from ...errors import MaskError
from .raster import (
    decode,
    decode_crop,
    decode_labels,
    encode,
    encode_labels,
    encode_many,
    from_counts,
    run_ends,
)
from .runs import Runs, check, from_ones, from_rows, overlaps, parse, parse_blocks
from .strings import Rles, as_list
from .varints import MAX_PIXELS, Ints, read_one

__all__ = [
    "MAX_PIXELS",
    "Rles",
    "Runs",
    "areas",
    "boxes",
    "check",
    "decode",
    "decode_crop",
    "decode_labels",
    "difference",
    "encode",
    "encode_labels",
    "encode_many",
    "from_counts",
    "from_ones",
    "from_rows",
    "intersection",
    "iou",
    "iou_pairs",
    "overlaps",
    "parse",
    "to_counts",
    "union",
]


def to_counts(rle: bytes) -> list[int]:
    """Run lengths of one mask, beginning with the 0-run.

    Example:
        >>> to_counts(b"211")
        [2, 1, 1]
    """
    return read_one(rle)


def areas(rles: Rles) -> Ints:
    """Pixels inside each mask, ``(n,)`` int64.

    Example:
        >>> areas([b"211", b"04"]).tolist()
        [1, 4]
    """
    parts = [runs.areas() for _, runs in parse_blocks(rles)]
    return np.concatenate([np.empty(0, np.int64), *parts])


def boxes(rles: Rles, heights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Tight boxes, ``(n, 4)`` float64 (x, y, w, h) pixels; zeros for masks without pixels.

    Args:
        rles: ``(n,)`` masks.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.

    Example:
        >>> boxes([b"211"], 2).tolist()
        [[1.0, 0.0, 1.0, 1.0]]
    """
    height = np.asarray(heights, np.int64)
    parts = [runs.boxes(height[rows] if height.ndim else height) for rows, runs in parse_blocks(rles)]
    return np.concatenate([np.empty((0, 4)), *parts])


def union(rles: Rles, height: int, width: int) -> bytes:
    """Pixels in any of the masks.

    Example:
        >>> union([b"211", b"13"], 2, 2)
        b'13'
    """
    return _merge(_safe(rles, height, width), height, width, intersect=False)


def intersection(rles: Rles, height: int, width: int) -> bytes:
    """Pixels in all of the masks; without masks, the empty mask.

    Example:
        >>> intersection([b"211", b"13"], 2, 2)
        b'211'
    """
    return _merge(_safe(rles, height, width), height, width, intersect=True)


def difference(a: bytes, b: bytes, height: int, width: int) -> bytes:
    """Pixels in ``a`` and not in ``b``.

    Example:
        >>> difference(b"13", b"211", 2, 2)
        b'1110'
    """
    counts = read_one(_safe([b], height, width)[0])
    outside = counts[1:] if counts[0] == 0 else [0, *counts]
    return intersection([a, from_counts(outside)], height, width)


def iou(
    a: Rles, b: Rles, height: int, width: int, crowd: npt.ArrayLike | None = None, *, trusted: bool = False
) -> npt.NDArray[np.float64]:
    """Intersection over union of every mask of ``a`` with every mask of ``b``, bit for bit as pycocotools.

    Args:
        a: ``(n,)`` masks, COCO's detections.
        b: ``(m,)`` masks, COCO's ground truth.
        height: of the image, pixels.
        width: of the image, pixels.
        crowd: ``(m,)`` bool; for a crowd the area of ``a`` replaces the union. Default: no crowds.
        trusted: skip the check of every mask; only for masks that passed :func:`check` at this size.

    Returns:
        ``(n, m)`` float64.

    Raises:
        MaskError: a mask is malformed or of another size.

    Example:
        >>> iou([b"211"], [b"13"], 2, 2).round(3).tolist()
        [[0.333]]
    """
    left, right = as_list(a), as_list(b)
    if not trusted:
        _safe([*left, *right], height, width)
    is_crowd = (
        np.zeros(len(right), np.uint8) if crowd is None else np.asarray(crowd).astype(bool).view(np.uint8)
    )
    if is_crowd.shape != (len(right),):
        raise ValueError(f"crowd must be one flag for each mask of b, ({len(right)},), got {is_crowd.shape}")
    if not left or not right:
        return np.zeros((len(left), len(right)))
    matrix: npt.NDArray[np.float64] = coco.iou(
        _objects(left, height, width), _objects(right, height, width), is_crowd
    )
    return matrix


def iou_pairs(a: Rles, b: Rles) -> npt.NDArray[np.float64]:
    """Intersection over union row by row; both masks of a row must have the same image size.

    To compare the same masks many times, :func:`parse` them once and use :func:`overlaps`; to compare all
    masks of an image with all others, :func:`iou` is faster.

    Args:
        a: ``(n,)`` masks.
        b: ``(n,)`` masks.

    Returns:
        ``(n,)`` float64; 0 where both are empty.

    Example:
        >>> iou_pairs([b"211", b"13"], [b"13", b"13"]).round(3).tolist()
        [0.333, 1.0]
    """
    left, right = parse(a), parse(b)
    if len(left) != len(right):
        raise ValueError(f"iou_pairs compares row by row: got {len(left)} and {len(right)} masks")
    shared = overlaps(left, right)
    either = left.areas() + right.areas() - shared
    return np.asarray(np.divide(shared, either, out=np.zeros(len(left)), where=either > 0))


def _safe(rles: Rles, height: int, width: int) -> list[bytes]:
    """The masks as bytes, checked so that they cannot crash pycocotools."""
    listed = as_list(rles)
    if len(listed) > 4 or any(not isinstance(r, bytes) or len(r) > 256 for r in listed):
        check(rles, height, width, table="masks")
        return listed
    for rle in listed:  # a few short masks are checked faster one by one
        if not np.diff(run_ends(rle, height, width)).all():
            raise MaskError(f"masks must be as pycocotools writes them, without empty runs, got {rle[:40]!r}")
    return listed


def _objects(rles: Sequence[bytes], height: int, width: int) -> list[dict[str, Any]]:
    size = [height, width]
    return [{"size": size, "counts": r} for r in rles]


def _merge(rles: list[bytes], height: int, width: int, *, intersect: bool) -> bytes:
    if not rles:
        return from_counts([height * width])
    merged: bytes = coco.merge(_objects(rles, height, width), intersect)["counts"]
    return merged
