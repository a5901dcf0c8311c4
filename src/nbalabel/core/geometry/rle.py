"""Run-length masks: encode, decode, measure and combine them.

A mask is the byte string pycocotools calls ``counts``: COCO's compressed run-length encoding, column-major, byte for byte
what pycocotools writes. Functions named in the plural, and all that take ``rles``, work on many masks at once: a list of
bytes or an Arrow-backed column.

Source: the COCO mask API, https://github.com/cocodataset/cocoapi.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import _mask as coco

from ..errors import MaskError
from .runs import Ints, Rles, Runs, check, from_rows, parse

__all__ = [
    "Rles", "Runs", "areas", "boxes", "check", "decode", "decode_crop", "decode_labels", "difference", "encode",
    "encode_labels", "encode_many", "from_counts", "intersection", "iou", "iou_pairs", "overlaps", "parse", "to_counts", "union",
]  # fmt: skip

Mask = npt.NDArray[np.bool_]


def encode(mask: npt.ArrayLike) -> bytes:
    """Encode one mask.

    Args:
        mask: ``(height, width)``, bool or numbers where non-zero is inside; Fortran order is fastest.

    Example:
        >>> encode([[0, 1], [0, 0]])
        b'211'
    """
    return from_counts(_counts(_as_bool(mask, 2)))


def encode_many(masks: npt.ArrayLike) -> list[bytes]:
    """Encode masks of one size, ``(n, height, width)``.

    Example:
        >>> encode_many(np.eye(2)[:, None])
        [b'011', b'11']
    """
    return from_rows([_counts(mask) for mask in _as_bool(masks, 3)]).encode()


def encode_labels(label_map: npt.ArrayLike) -> tuple[Ints, list[bytes]]:
    """Encode every id of a label map in one pass.

    Args:
        label_map: ``(height, width)`` integers, 0 is background.

    Returns:
        The ids that occur, ascending, ``(k,)`` int64, and the mask of each.

    Example:
        >>> ids, masks = encode_labels([[0, 7], [3, 7]])
        >>> ids.tolist(), masks
        ([3, 7], [b'112', b'22'])
    """
    labels = np.asarray(label_map)
    if labels.ndim != 2 or labels.dtype.kind not in "iub":
        raise MaskError(f"a label map must be (height, width) integers, got {labels.shape} {labels.dtype}")
    flat = labels.ravel(order="F")
    begin = (
        np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
        if flat.size
        else np.empty(0, np.int64)
    )
    end = np.append(begin[1:], flat.size)
    ids = flat[begin].astype(np.int64)
    order = np.argsort(ids, kind="stable")
    order = order[ids[order] != 0]
    begin, end, ids = begin[order], end[order], ids[order]
    unique, head = np.unique(ids, return_index=True)
    return unique, _from_ones(begin, end, np.append(head, len(ids)), flat.size).encode()


def decode(rle: bytes, height: int, width: int) -> Mask:
    """Decode one mask to ``(height, width)`` bool, in Fortran order.

    Raises:
        MaskError: the mask is malformed or of another size.

    Example:
        >>> decode(b"211", 2, 2).astype(int)
        array([[0, 1],
               [0, 0]])
    """
    begin, end, _ = _read([rle], height, width).ones()
    flat = np.zeros(height * width, bool)
    for a, b in zip(begin.tolist(), end.tolist(), strict=True):
        flat[a:b] = True
    return flat.reshape(width, height).T


def decode_crop(
    rle: bytes, height: int, width: int, box: Sequence[float] | None = None
) -> tuple[Mask, int, int]:
    """Decode only a part of a mask, which for small masks in large images is many times faster.

    Args:
        rle: the mask.
        height: of the image, pixels.
        width: of the image, pixels.
        box: (x, y, w, h) pixels, grown to whole pixels and clipped to the image; None takes the tight box.

    Returns:
        The crop ``(h, w)`` bool, and the x and y of its first pixel.

    Example:
        >>> crop, x, y = decode_crop(b"4210", 3, 3)
        >>> crop.shape, x, y
        ((2, 2), 1, 1)
    """
    runs = _read([rle], height, width)
    tight = [int(v) for v in runs.boxes(height)[0]]
    x, y, w, h = tight if box is None else _whole_pixels(box, height, width)
    mask = decode(rle, height, width)
    return mask[y : y + h, x : x + w], x, y


def decode_labels(rles: Rles, height: int, width: int) -> npt.NDArray[np.int32]:
    """Paint masks into one label map, ``(height, width)`` int32: mask i as i + 1, the last on top, 0 elsewhere.

    Example:
        >>> decode_labels([b"112", b"22"], 2, 2)
        array([[0, 2],
               [1, 2]], dtype=int32)
    """
    begin, end, offsets = _read(rles, height, width).ones()
    value = np.repeat(np.arange(1, len(offsets)), np.diff(offsets))
    flat = np.zeros(height * width, np.int32)
    for a, b, v in zip(begin.tolist(), end.tolist(), value.tolist(), strict=True):
        flat[a:b] = v
    return flat.reshape(width, height).T


def from_counts(counts: npt.ArrayLike) -> bytes:
    """Compress run lengths, beginning with the 0-run: COCO's uncompressed RLE to its compressed one.

    Example:
        >>> from_counts([2, 1, 1])
        b'211'
    """
    return from_rows([counts]).canonical().encode()[0]


def to_counts(rle: bytes) -> list[int]:
    """Run lengths of one mask, beginning with the 0-run.

    Example:
        >>> to_counts(b"211")
        [2, 1, 1]
    """
    counts: list[int] = parse([rle]).counts.tolist()
    return counts


def areas(rles: Rles) -> Ints:
    """Pixels inside each mask, ``(n,)`` int64.

    Example:
        >>> areas([b"211", b"04"]).tolist()
        [1, 4]
    """
    return parse(rles).areas()


def boxes(rles: Rles, heights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Tight boxes, ``(n, 4)`` float64 (x, y, w, h) pixels; zeros for masks without pixels.

    Args:
        rles: ``(n,)`` masks.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.

    Example:
        >>> boxes([b"211"], 2).tolist()
        [[1.0, 0.0, 1.0, 1.0]]
    """
    return parse(rles).boxes(heights)


def union(rles: Rles, height: int, width: int) -> bytes:
    """Pixels in any of the masks.

    Example:
        >>> union([b"211", b"13"], 2, 2)
        b'13'
    """
    return _merge(_safe(rles, height, width), height, width, intersect=False)


def intersection(rles: Rles, height: int, width: int) -> bytes:
    """Pixels in all of the masks (of no mask at all: nothing).

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
    return intersection([a, from_counts(_inverted(to_counts(b)))], height, width)


def iou(
    a: Rles, b: Rles, height: int, width: int, crowd: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """Intersection over union of every mask of ``a`` with every mask of ``b``, equal to pycocotools' in every bit.

    Args:
        a: ``(n,)`` masks, detections in COCO's words.
        b: ``(m,)`` masks, ground truth.
        height: of the image, pixels.
        width: of the image, pixels.
        crowd: ``(m,)`` bool; for a crowd the union is taken to be the area of the mask of ``a``. Default: none.

    Returns:
        ``(n, m)`` float64.

    Example:
        >>> iou([b"211"], [b"13"], 2, 2).round(3).tolist()
        [[0.333]]
    """
    dt, gt = _safe(a, height, width), _safe(b, height, width)
    if not dt or not gt:
        return np.zeros((len(dt), len(gt)))
    is_crowd = (
        np.zeros(len(gt), np.uint8) if crowd is None else np.asarray(crowd).astype(bool).astype(np.uint8)
    )
    if is_crowd.shape != (len(gt),):
        raise ValueError(f"crowd must be one flag for each mask of b, ({len(gt)},), got {is_crowd.shape}")
    return np.asarray(coco.iou(_objects(dt, height, width), _objects(gt, height, width), is_crowd))


def iou_pairs(a: Rles, b: Rles) -> npt.NDArray[np.float64]:
    """Intersection over union row by row; the two masks of a row are of one image size.

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
    rows = np.arange(len(left))
    shared = overlaps(left, right, rows, rows)
    either = left.areas() + right.areas() - shared
    return np.divide(shared, either, out=np.zeros(len(left)), where=either > 0)


def overlaps(a: Runs, b: Runs, rows_a: Ints, rows_b: Ints) -> Ints:
    """Pixels shared by mask ``rows_a[i]`` of ``a`` and mask ``rows_b[i]`` of ``b``, ``(n,)`` int64.

    Example:
        >>> runs = parse([b"211", b"13"])
        >>> overlaps(runs, runs, np.array([0, 1]), np.array([1, 1])).tolist()
        [1, 3]
    """
    if not (a.totals()[rows_a] == b.totals()[rows_b]).all():
        raise MaskError("masks to compare must be of one image size, got rows of different sizes")
    begin_a, end_a, offsets_a = a.ones()
    begin_b, end_b, offsets_b = b.ones()
    out = np.zeros(len(rows_a), np.int64)
    covered = np.concatenate([[0], np.cumsum(end_b - begin_b)])
    for i, (p, q) in enumerate(zip(rows_a.tolist(), rows_b.tolist(), strict=True)):
        s, e = offsets_b[q], offsets_b[q + 1]
        if s == e:
            continue
        edges = np.concatenate(
            [begin_a[offsets_a[p] : offsets_a[p + 1]], end_a[offsets_a[p] : offsets_a[p + 1]]]
        )
        k = np.searchsorted(end_b[s:e], edges)
        inside = np.where(k < e - s, np.maximum(edges - begin_b[np.minimum(s + k, e - 1)], 0), 0)
        below = covered[s + k] + inside
        half = len(edges) // 2
        out[i] = (below[half:] - below[:half]).sum()
    return out


def _counts(mask: Mask) -> Ints:
    """Run lengths of one ``(height, width)`` bool mask."""
    flat = mask.ravel(order="F")
    if not flat.size:
        raise MaskError(f"a mask must have at least one pixel, got shape {mask.shape}")
    change = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0, 0] if flat[0] else [0], change, [flat.size]])
    return np.diff(edges)


def _from_ones(begin: Ints, end: Ints, offsets: Ints, total: int) -> Runs:
    """Runs from the 1-runs of each mask, ascending and not touching; the masks have ``total`` pixels each."""
    n_ones = np.diff(offsets)
    tail = np.ones(len(n_ones), bool)
    tail[n_ones > 0] = end[offsets[1:][n_ones > 0] - 1] < total
    starts = np.concatenate([[0], np.cumsum(2 * n_ones + tail)])
    shift = np.repeat(starts[:-1] - 2 * offsets[:-1], n_ones)
    at = np.arange(len(begin)) * 2 + shift
    edges = np.zeros(starts[-1], np.int64)
    edges[at], edges[at + 1] = begin, end
    edges[starts[1:][tail] - 1] = total
    counts = np.diff(edges, prepend=0)
    counts[starts[:-1]] = edges[starts[:-1]]
    return Runs(counts, starts)


def _as_bool(mask: npt.ArrayLike, ndim: int) -> Mask:
    array = np.asarray(mask)
    if array.ndim != ndim or array.dtype.kind not in "biuf":
        shape = "(height, width)" if ndim == 2 else "(n, height, width)"
        raise MaskError(f"expected {shape} of bool or numbers, got {array.shape} {array.dtype}")
    return array if array.dtype == bool else array != 0


def _read(rles: Rles, height: int, width: int) -> Runs:
    runs = parse(rles)
    totals = runs.totals()
    if (totals != height * width).any():
        wrong = np.flatnonzero(totals != height * width)
        raise MaskError(
            f"masks must be {height} x {width} = {height * width} pixels; mask {wrong[0]} has {totals[wrong[0]]}"
        )
    return runs


def _safe(rles: Rles, height: int, width: int) -> list[bytes]:
    """The masks as bytes that pycocotools can be trusted with."""
    listed = [bytes(r) for r in rles]
    check(listed, height, width, table="masks")
    return listed


def _objects(rles: Sequence[bytes], height: int, width: int) -> list[dict[str, Any]]:
    size = [height, width]
    return [{"size": size, "counts": r} for r in rles]


def _merge(rles: list[bytes], height: int, width: int, *, intersect: bool) -> bytes:
    if not rles:
        return from_counts([height * width])
    merged: bytes = coco.merge(_objects(rles, height, width), intersect)["counts"]
    return merged


def _inverted(counts: list[int]) -> list[int]:
    return counts[1:] if counts[0] == 0 else [0, *counts]


def _whole_pixels(box: Sequence[float], height: int, width: int) -> tuple[int, int, int, int]:
    x, y, w, h = (float(v) for v in box)
    left, top = max(int(np.floor(x)), 0), max(int(np.floor(y)), 0)
    right, bottom = min(int(np.ceil(x + w)), width), min(int(np.ceil(y + h)), height)
    left, top = min(left, width), min(top, height)
    return left, top, max(right - left, 0), max(bottom - top, 0)
