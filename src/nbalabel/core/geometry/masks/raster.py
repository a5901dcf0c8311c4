"""Pixels to run-length masks and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pycocotools import _mask as coco

from ...errors import MaskError
from .runs import check, from_ones, from_rows, parse
from .strings import Rles
from .varints import LONG, MAX_PIXELS, Ints, read_array, read_one

Mask: TypeAlias = npt.NDArray[np.bool_]
Part: TypeAlias = tuple[int, int, int, int]  # of an image: left, top, right, bottom

# Numbers of runs above which decode uses _joined and _between, the fastest method there.
_SOME, _MANY = 160, 400


def encode(mask: npt.ArrayLike) -> bytes:
    """Encode one mask.

    Args:
        mask: ``(height, width)``, bool or numbers where non-zero is inside, in C or Fortran order.

    Raises:
        MaskError: the array has another number of dimensions, no numbers, no pixel, or too many pixels.

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


def encode_labels(
    label_map: npt.ArrayLike, height: int | None = None, width: int | None = None, x: int = 0, y: int = 0
) -> tuple[Ints, list[bytes]]:
    """Encode every id of a label map in one pass.

    Args:
        label_map: ``(h, w)`` integers, 0 is background; the whole image, or a part of it.
        height: of the image, pixels; default the height of the label map.
        width: likewise.
        x: column of the image where the label map begins, pixels.
        y: row of the image where the label map begins, pixels.

    Returns:
        The ids that occur, ascending, ``(k,)`` int64, and the mask of each.

    Raises:
        MaskError: the map is not two-dimensional, not of integers, or does not fit into the image.

    Example:
        >>> ids, masks = encode_labels([[0, 7], [3, 7]])
        >>> ids.tolist(), masks
        ([3, 7], [b'112', b'22'])
    """
    labels = np.asarray(label_map)
    if labels.ndim != 2 or labels.dtype.kind not in "iub":
        raise MaskError(f"a label map must be (height, width) integers, got {labels.shape} {labels.dtype}")
    rows, columns = labels.shape
    height, width = rows if height is None else height, columns if width is None else width
    if x < 0 or y < 0 or x + columns > width or y + rows > height or not 0 < height * width < MAX_PIXELS:
        raise MaskError(
            f"a label map of {labels.shape} at ({x}, {y}) must fit into {height} x {width} pixels"
        )
    if rows < height:  # a row of background ends every run at its column
        labels = np.concatenate([labels, np.zeros((1, columns), labels.dtype)])
    flat = labels.ravel(order="F")
    begin = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)[: flat.size]
    end = np.append(begin[1:], flat.size)
    value = flat[begin].astype(np.int64)
    order = np.argsort(value, kind="stable")
    order = order[value[order] != 0]
    begin, length = begin[order], end[order] - begin[order]
    begin = begin + x * height + y + begin // len(labels) * (height - len(labels))
    ids, head = np.unique(value[order], return_index=True)
    return ids, from_ones(begin, begin + length, np.append(head, len(order)), height * width).encode()


def decode(rle: bytes, height: int, width: int) -> Mask:
    """Decode one mask to ``(height, width)`` bool, in Fortran order.

    Raises:
        MaskError: the mask is malformed or of another size.

    Example:
        >>> decode(b"211", 2, 2).astype(int)
        array([[0, 1],
               [0, 0]])
    """
    bounds = run_ends(rle, height, width)
    begin, end = bounds[0:-1:2], bounds[1::2]
    if len(begin) > _MANY:
        flat = _between(begin, end, height * width)
    elif len(begin) > _SOME:
        flat = _joined(np.diff(bounds, prepend=0).tolist())
    else:
        flat = np.zeros(height * width, bool)
        for a, b in zip(begin.tolist(), end.tolist(), strict=True):
            flat[a:b] = True
    return flat.reshape(width, height).T


def decode_crop(
    rle: bytes, height: int, width: int, box: Sequence[float] | None = None
) -> tuple[Mask, int, int]:
    """Decode only a part of a mask; for small masks in large images this is many times faster.

    Args:
        rle: the mask.
        height: of the image, pixels.
        width: of the image, pixels.
        box: (x, y, w, h) pixels, grown to whole pixels and clipped to the image; None: the tight box.

    Returns:
        The crop ``(h, w)`` bool, and x and y of its first pixel. Without ``box``, a mask without pixels gives
        a crop of shape (0, 0) at 0, 0.

    Raises:
        MaskError: the mask is malformed or of another size.

    Example:
        >>> crop, x, y = decode_crop(b"4210", 3, 3)
        >>> crop.shape, x, y
        ((2, 2), 1, 1)
    """
    bounds = run_ends(rle, height, width)
    crop, tight = _tight_crop(bounds, height)
    return (crop, *tight[:2]) if box is None else _recrop(crop, tight, _whole_pixels(box, height, width))


def decode_labels(rles: Rles, height: int, width: int) -> npt.NDArray[np.int32]:
    """Paint masks into a ``(height, width)`` int32 label map: mask i as i + 1, later on top, background 0.

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
    """Convert COCO's uncompressed RLE, run lengths beginning with the 0-run, to compressed RLE.

    Raises:
        MaskError: there is no run, a negative or fractional run, or there are too many pixels.

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


def _as_bool(mask: npt.ArrayLike, ndim: int) -> Mask:
    array = np.asarray(mask)
    if array.ndim != ndim or array.dtype.kind not in "biuf":
        shape = "(height, width)" if ndim == 2 else "(n, height, width)"
        raise MaskError(f"expected {shape} of bool or numbers, got {array.shape} {array.dtype}")
    return array if array.dtype == bool else array != 0


def _changes(mask: Mask) -> Ints:
    """Column-major positions of pixels that differ from the previous one; a 0 precedes the first pixel."""
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
    """As ``flatnonzero``, but tests eight flags at once: faster where few are true."""
    words = np.flatnonzero(flags.view(np.uint64) != 0)
    inside = np.flatnonzero(flags.reshape(-1, 8)[words])
    positions: Ints = (words[inside >> 3] << 3) + (inside & 7)
    return positions


def _compress(counts: npt.NDArray[Any]) -> bytes:
    compressed: bytes = coco.frUncompressedRLE([{"counts": counts, "size": [1, 1]}], 1, 1)[0]["counts"]
    return compressed


def run_ends(rle: bytes, height: int, width: int) -> Ints:
    """End positions of the runs of one mask; raises a MaskError if the mask has another size."""
    if isinstance(rle, bytes) and len(rle) > LONG:
        bounds = read_array(rle)
        np.cumsum(bounds, out=bounds)
    else:
        bounds = np.array(list(accumulate(read_one(rle))))
    if bounds[-1] != height * width:
        raise MaskError(f"the mask must be {height} x {width} = {height * width} pixels, it has {bounds[-1]}")
    return bounds


def _joined(counts: list[int]) -> Mask:
    """Pixels of one mask from its run lengths, joined from slices of an all-0 and an all-1 string."""
    zeros, ones = bytes(max(counts[0::2])), b"\1" * max(counts[1::2])
    pieces = [b""] * len(counts)
    pieces[0::2] = [zeros[:n] for n in counts[0::2]]
    pieces[1::2] = [ones[:n] for n in counts[1::2]]
    return np.frombuffer(bytearray().join(pieces), bool)


def _between(begin: Ints, end: Ints, size: int) -> Mask:
    """``(size,)`` bool, true in each half-open range begin:end."""
    steps = np.zeros(-(-(size + 1) // 8) * 8, np.int8)
    steps[begin] = 1
    if size < _FEW_PIXELS:
        steps[end] -= 1
        return np.cumsum(steps[:size], dtype=np.int8).view(bool)
    steps[end] ^= 1
    words = steps.view("<u8")  # eight bytes at a time
    words *= _EACH_BYTE  # multiplying gives prefix sums of the bytes; the lowest bit is the parity
    words &= _EACH_BYTE
    inside = np.zeros(len(words), "<u8")
    np.cumsum(words[:-1] >> np.uint64(56), out=inside[1:])
    words ^= (inside & np.uint64(1)) * _EACH_BYTE
    return steps[:size].view(bool)


_FEW_PIXELS = 4096
_EACH_BYTE = np.uint64(0x0101010101010101)


def _tight_crop(bounds: Ints, height: int) -> tuple[Mask, Part]:
    """The pixels in the tight box of a mask, and the box."""
    begin, end = bounds[0:-1:2], bounds[1::2]
    if not len(begin):
        return np.zeros((0, 0), bool), (0, 0, 0, 0)
    columns = begin // height
    top, bottom = int((begin - columns * height).min()), int((end - columns * height).max())
    if bottom > height:  # a run that continues in the next column fills the crop from top to bottom
        top, bottom = 0, height
    left, right, rows = int(columns[0]), int(end[-1] - 1) // height + 1, bottom - top
    cut = columns * (height - rows) + (left * rows + top)
    flat = _between(begin - cut, end - cut, (right - left) * rows)
    return flat.reshape(right - left, rows).T, (left, top, right, bottom)


def _recrop(crop: Mask, tight: Part, wanted: Part) -> tuple[Mask, int, int]:
    """The part of the image in ``wanted``, given the part in ``tight``; both (left, top, right, bottom)."""
    out = np.zeros((wanted[3] - wanted[1], wanted[2] - wanted[0]), bool)
    left, top = max(tight[0], wanted[0]), max(tight[1], wanted[1])
    right, bottom = max(min(tight[2], wanted[2]), left), max(min(tight[3], wanted[3]), top)
    part = crop[top - tight[1] : bottom - tight[1], left - tight[0] : right - tight[0]]
    out[top - wanted[1] : bottom - wanted[1], left - wanted[0] : right - wanted[0]] = part
    return out, wanted[0], wanted[1]


def _whole_pixels(box: Sequence[float], height: int, width: int) -> Part:
    """The box grown to whole pixels and clipped: left, top, right, bottom."""
    x, y, w, h = (float(v) for v in box)
    left, top = (int(np.clip(np.floor(v), 0, limit)) for v, limit in ((x, width), (y, height)))
    right, bottom = int(np.clip(np.ceil(x + w), left, width)), int(np.clip(np.ceil(y + h), top, height))
    return left, top, right, bottom
