"""Run-length masks: encode, decode, measure and combine them.

A mask is the byte string pycocotools calls ``counts``: COCO's compressed run-length encoding, column-major,
byte for byte what pycocotools writes. What takes ``rles`` works on many masks at once: a list of bytes or an
Arrow column.

Source: the COCO mask API, https://github.com/cocodataset/cocoapi.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pycocotools import _mask as coco

from ..errors import MaskError
from .codec import LONG, MAX_PIXELS, Ints, read_array, read_one
from .column import Rles, as_list
from .runs import Runs, check, from_ones, from_rows, overlaps, parse

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

Mask: TypeAlias = npt.NDArray[np.bool_]

_MANY = 500  # runs from which filling them all at once is quicker than one by one


def encode(mask: npt.ArrayLike) -> bytes:
    """Encode one mask.

    Args:
        mask: ``(height, width)``, bool or numbers where non-zero is inside, in C or Fortran order.

    Raises:
        MaskError: another shape, not numbers, no pixel, or too many.

    Example:
        >>> encode([[0, 1], [0, 0]])
        b'211'
    """
    array = _as_bool(mask, 2)
    if not 0 < array.size < MAX_PIXELS:
        raise MaskError(f"a mask must have between 1 and {MAX_PIXELS:,} pixels, got shape {array.shape}")
    counts = np.diff(_changes(array), prepend=0, append=array.size)
    return _compress(counts)


def encode_many(masks: npt.ArrayLike) -> list[bytes]:
    """Encode masks of one size, ``(n, height, width)``; see :func:`encode`.

    Example:
        >>> encode_many(np.eye(2)[:, None])
        [b'011', b'11']
    """
    return [encode(mask) for mask in _as_bool(masks, 3)]


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
    if labels.ndim != 2 or labels.dtype.kind not in "iub" or not 0 < labels.size < MAX_PIXELS:
        raise MaskError(f"a label map must be (height, width) integers, got {labels.shape} {labels.dtype}")
    flat = labels.ravel(order="F")
    begin = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    end = np.append(begin[1:], flat.size)
    value = flat[begin].astype(np.int64)
    order = np.argsort(value, kind="stable")
    order = order[value[order] != 0]
    ids, head = np.unique(value[order], return_index=True)
    return ids, from_ones(begin[order], end[order], np.append(head, len(order)), flat.size).encode()


def decode(rle: bytes, height: int, width: int) -> Mask:
    """Decode one mask to ``(height, width)`` bool, in Fortran order.

    Raises:
        MaskError: the mask is malformed or of another size.

    Example:
        >>> decode(b"211", 2, 2).astype(int)
        array([[0, 1],
               [0, 0]])
    """
    bounds = _bounds(rle, height, width)
    begin, end = bounds[0:-1:2], bounds[1::2]
    if len(begin) > _MANY:
        return _between(begin, end, height * width).reshape(width, height).T
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
        The crop ``(h, w)`` bool, and the x and y of its first pixel; for a mask without pixels ``(0, 0)``, 0,
        0.

    Raises:
        MaskError: the mask is malformed or of another size.

    Example:
        >>> crop, x, y = decode_crop(b"4210", 3, 3)
        >>> crop.shape, x, y
        ((2, 2), 1, 1)
    """
    bounds = _bounds(rle, height, width)
    begin, end = bounds[0:-1:2], bounds[1::2]
    left, top, right, bottom = tight = _extent(begin, end, height)
    rows = bottom - top
    first = begin - left * height
    if rows < height:  # then no run goes on in the next column
        column = first // height
        first = first - column * (height - rows) - top
    size = (right - left) * rows
    crop = _between(first, first + (end - begin), size).reshape(right - left, rows).T
    return (crop, left, top) if box is None else _recrop(crop, tight, _whole_pixels(box, height, width))


def decode_labels(rles: Rles, height: int, width: int) -> npt.NDArray[np.int32]:
    """Paint masks into one ``(height, width)`` int32 label map: mask i as i + 1, the last on top, else 0.

    Example:
        >>> decode_labels([b"112", b"22"], 2, 2)
        array([[0, 2],
               [1, 2]], dtype=int32)
    """
    check(rles, height, width, table="masks")
    begin, end, offsets = parse(rles).ones()
    value = np.repeat(np.arange(1, len(offsets)), np.diff(offsets))
    flat = np.zeros(height * width, np.int32)
    for a, b, v in zip(begin.tolist(), end.tolist(), value.tolist(), strict=True):
        flat[a:b] = v
    return flat.reshape(width, height).T


def from_counts(counts: npt.ArrayLike) -> bytes:
    """Compress run lengths, beginning with the 0-run: COCO's uncompressed RLE to its compressed one.

    Raises:
        MaskError: no run at all, a negative or fractional one, or too many pixels.

    Example:
        >>> from_counts([2, 1, 1])
        b'211'
    """
    array = np.asarray(counts)
    if array.ndim != 1 or not array.size or array.dtype.kind not in "iu":
        raise MaskError(
            f"run lengths must be a list of whole numbers, got {array.dtype} of shape {array.shape}"
        )
    if array.min() < 0 or array.max() >= MAX_PIXELS or array.sum() >= MAX_PIXELS:
        raise MaskError(
            f"run lengths must be >= 0 with a sum below {MAX_PIXELS:,}, got {array.min()} to {array.max()}"
        )
    if not array[1:].all():
        array = from_rows([array]).canonical().counts
    return _compress(array)


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
    counts = read_one(_safe([b], height, width)[0])
    outside = counts[1:] if counts[0] == 0 else [0, *counts]
    return intersection([a, from_counts(outside)], height, width)


def iou(
    a: Rles, b: Rles, height: int, width: int, crowd: npt.ArrayLike | None = None, *, trusted: bool = False
) -> npt.NDArray[np.float64]:
    """Intersection over union of every mask of ``a`` with every mask of ``b``, bit for bit pycocotools'.

    Args:
        a: ``(n,)`` masks, detections in COCO's words.
        b: ``(m,)`` masks, ground truth.
        height: of the image, pixels.
        width: of the image, pixels.
        crowd: ``(m,)`` bool; the union with a crowd is the area of the mask of ``a``. Default: no crowds.
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
    """Intersection over union row by row; the two masks of a row belong to one image size.

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
    rows = np.arange(len(left))
    shared = overlaps(left, right, rows, rows)
    either = left.areas() + right.areas() - shared
    ratio: npt.NDArray[np.float64] = np.divide(shared, either, out=np.zeros(len(left)), where=either > 0)
    return ratio


def _as_bool(mask: npt.ArrayLike, ndim: int) -> Mask:
    array = np.asarray(mask)
    if array.ndim != ndim or array.dtype.kind not in "biuf":
        shape = "(height, width)" if ndim == 2 else "(n, height, width)"
        raise MaskError(f"expected {shape} of bool or numbers, got {array.shape} {array.dtype}")
    return array if array.dtype == bool else array != 0


def _changes(mask: Mask) -> Ints:
    """Where a pixel differs from the one before, column-major, ascending; before the first there is a 0."""
    height, width = mask.shape
    differs = np.zeros(-(-mask.size // 8) * 8, bool)
    if mask.flags.f_contiguous:
        flat = mask.ravel(order="F")
        differs[0] = flat[0]
        np.not_equal(flat[1:], flat[:-1], out=differs[1 : mask.size])
        return _true_positions(differs)
    plane = differs[: mask.size].reshape(height, width)
    np.not_equal(mask[1:], mask[:-1], out=plane[1:])
    np.not_equal(mask[0, 1:], mask[-1, :-1], out=plane[0, 1:])
    plane[0, 0] = mask[0, 0]
    row, column = np.divmod(_true_positions(differs), width)
    return np.sort(column * height + row)


def _true_positions(flags: Mask) -> Ints:
    """As ``flatnonzero``, but eight flags at a glance: faster where few are true."""
    words = np.flatnonzero(flags.view(np.uint64) != 0)
    inside = np.flatnonzero(flags.reshape(-1, 8)[words])
    positions: Ints = (words[inside >> 3] << 3) + (inside & 7)
    return positions


def _compress(counts: npt.NDArray[Any]) -> bytes:
    compressed: bytes = coco.frUncompressedRLE([{"counts": counts, "size": [1, 1]}], 1, 1)[0]["counts"]
    return compressed


def _bounds(rle: bytes, height: int, width: int) -> Ints:
    """Where the runs of one mask of this very size end."""
    if isinstance(rle, bytes) and len(rle) > LONG:
        bounds = read_array(rle)
        np.cumsum(bounds, out=bounds)
    else:
        bounds = np.array(list(accumulate(read_one(rle))))
    if bounds[-1] != height * width:
        raise MaskError(f"the mask must be {height} x {width} = {height * width} pixels, it has {bounds[-1]}")
    return bounds


def _between(begin: Ints, end: Ints, size: int) -> Mask:
    """``(size,)`` bool, true from each begin up to its end; eight bytes at a time."""
    flips = np.zeros(-(-(size + 1) // 8) * 8, np.uint8)
    flips[begin] = 1
    flips[end] ^= 1
    words = flips.view("<u8")
    words *= _EACH_BYTE  # the sum of the bytes up to and including each, of which the last bit counts
    words &= _EACH_BYTE
    inside = np.zeros(len(words), "<u8")
    np.cumsum(words[:-1] >> np.uint64(56), out=inside[1:])
    words ^= (inside & np.uint64(1)) * _EACH_BYTE
    return flips[:size].view(bool)


_EACH_BYTE = np.uint64(0x0101010101010101)


def _extent(begin: Ints, end: Ints, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of 1-runs."""
    if not len(begin):
        return 0, 0, 0, 0
    column = begin // height
    if ((end - 1) // height > column).any():
        return int(column[0]), 0, int((end[-1] - 1) // height) + 1, height
    top, bottom = begin - column * height, end - column * height
    return int(column[0]), int(top.min()), int(column[-1]) + 1, int(bottom.max())


def _recrop(
    crop: Mask, tight: tuple[int, int, int, int], wanted: tuple[int, int, int, int]
) -> tuple[Mask, int, int]:
    """The part of the image in ``wanted``, given the part in ``tight``; both (left, top, right, bottom)."""
    out = np.zeros((wanted[3] - wanted[1], wanted[2] - wanted[0]), bool)
    left, top = max(tight[0], wanted[0]), max(tight[1], wanted[1])
    right, bottom = max(min(tight[2], wanted[2]), left), max(min(tight[3], wanted[3]), top)
    part = crop[top - tight[1] : bottom - tight[1], left - tight[0] : right - tight[0]]
    out[top - wanted[1] : bottom - wanted[1], left - wanted[0] : right - wanted[0]] = part
    return out, wanted[0], wanted[1]


def _whole_pixels(box: Sequence[float], height: int, width: int) -> tuple[int, int, int, int]:
    """The box grown to whole pixels and clipped: left, top, right, bottom."""
    x, y, w, h = (float(v) for v in box)
    left, top = (int(np.clip(np.floor(v), 0, limit)) for v, limit in ((x, width), (y, height)))
    right, bottom = int(np.clip(np.ceil(x + w), left, width)), int(np.clip(np.ceil(y + h), top, height))
    return left, top, right, bottom


def _safe(rles: Rles, height: int, width: int) -> list[bytes]:
    """The masks as bytes that pycocotools can be trusted with."""
    listed = as_list(rles)
    if len(listed) > 4 or any(not isinstance(r, bytes) or len(r) > 256 for r in listed):
        check(rles, height, width, table="masks")
        return listed
    for rle in listed:  # a few short ones, quicker one by one
        if not np.diff(_bounds(rle, height, width)).all():
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
