"""The mask operations of the editor, as pure functions on the run-length masks of one image.

Parts, holes and overlaps are found in the runs themselves, so that the time hardly depends on the size of the
image; only :func:`smooth` decodes pixels, and it filters only tiles with an outline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from ...core.geometry.masks import rle
from ...core.geometry.masks.connected import connected
from ...core.geometry.masks.groups import spans
from ...core.geometry.masks.varints import Ints, cumulative
from ...core.geometry.outlines.polygon import Polygon, polygons_to_rle, rle_to_polygons

OVERLAPS = ("allow", "overwrite", "behind")
_TILE = 1024  # pixels; side of the tiles that are smoothed


@dataclass(frozen=True)
class Placed:
    """A mask placed among others.

    Attributes:
        mask: what is left of the placed mask.
        others: position -> new mask of each that lost pixels to it; it may be empty.
    """

    mask: bytes
    others: Mapping[int, bytes] = field(default_factory=dict)


def placed(mask: bytes, others: Sequence[bytes], height: int, width: int, mode: str = "allow") -> Placed:
    """Put a mask among others.

    Args:
        mask: the new one.
        others: those there already, ``(n,)``.
        height: of the image, pixels.
        width: of the image, pixels.
        mode: "allow" (masks may overlap), "overwrite" (the others lose the new mask's pixels) or "behind"
            (the new mask loses theirs). After the last two, the new mask overlaps no other mask, and the
            union of all masks is the same as before.

    Raises:
        DataError: no such mode.
        MaskError: a mask is malformed or of another size.

    Example:
        >>> placed(b"13", [b"211"], 2, 2, "behind").mask
        b'1110'
    """
    if mode not in OVERLAPS:
        raise DataError(f"overlap must be one of {', '.join(OVERLAPS)}, got {mode!r}")
    if mode == "allow" or not others:
        return Placed(mask)
    mine, theirs = _ones([mask], height, width), _ones(others, height, width)
    if mode == "behind":
        free = _outside(*_joined(*theirs[:2]), height * width)
        return Placed(_encode(_within(mine, *free), height * width)[0])
    near = np.flatnonzero(np.diff(_within(theirs, *mine[:2])[2]))
    left = _within(_picked(theirs, near), *_outside(*mine[:2], height * width))
    return Placed(mask, dict(zip(near.tolist(), _encode(left, height * width), strict=True)))


def cut(mask: bytes, by: Sequence[bytes], height: int, width: int) -> bytes:
    """Pixels of a mask that are in none of the others.

    Example:
        >>> cut(b"04", [b"211", b"31"], 2, 2)
        b'022'
    """
    return placed(mask, by, height, width, "behind").mask


def union(masks: Sequence[bytes], height: int, width: int) -> bytes:
    """Pixels in any of the masks."""
    return rle.union(list(masks), height, width)


def islands(mask: bytes, height: int, width: int) -> list[bytes]:
    """The parts of a mask that do not touch, in the order of their first pixels, column by column.

    Pixels that touch at a corner are one part. Together the parts are the mask, and no two share a pixel.

    Example:
        >>> islands(rle.encode([[1, 0, 1]]), 1, 3)
        [b'012', b'21']
    """
    begin, end, _ = _ones([mask], height, width)
    begin, end, part = connected(begin, end, height)
    order = np.argsort(part, kind="stable")
    n = int(part.max(initial=-1)) + 1
    offsets = np.searchsorted(part[order], np.arange(n + 1))
    return _encode((begin[order], end[order], offsets), height * width)


def fill_holes(mask: bytes, height: int, width: int, max_area: int | None = None) -> bytes:
    """Fill the holes of a mask.

    Args:
        mask: the mask.
        height: of the image, pixels.
        width: of the image, pixels.
        max_area: fill only holes of at most this many pixels; None fills all.

    Example:
        >>> fill_holes(rle.encode([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), 3, 3)
        b'09'
    """
    ones_begin, ones_end, _ = _ones([mask], height, width)
    begin, end, part = connected(*_outside(ones_begin, ones_end, height * width), height, connectivity=4)
    column, row = np.divmod(begin, height)
    at_border = (column == 0) | (column == width - 1) | (row == 0) | (row + end - begin == height)
    n = int(part.max(initial=-1)) + 1
    hole = np.ones(n, np.bool_)
    hole[part[at_border]] = False
    if max_area is not None:
        hole &= np.bincount(part, end - begin, minlength=n) <= max_area
    if not hole.any():
        return mask
    begin = np.append(ones_begin, begin[hole[part]])
    end = np.append(ones_end, end[hole[part]])
    order = np.argsort(begin)
    return _encode((begin[order], end[order], np.array([0, len(order)])), height * width)[0]


def smooth(mask: bytes, height: int, width: int, radius: int = 2) -> bytes:
    """Round the outline: a pixel is kept if most of its surroundings are inside; thin parts vanish.

    Straight edges stay where they are, and a mask at the border of the image counts as if it went on beyond.

    Args:
        mask: the mask.
        height: of the image, pixels.
        width: of the image, pixels.
        radius: of the surroundings, pixels, 1..64.

    Returns:
        The mask; it may be empty.

    Raises:
        DataError: a radius out of range.
    """
    if not 1 <= radius <= 64:
        raise DataError(f"radius must be 1..64 pixels, got {radius}")
    crop, x, y = rle.decode_crop(mask, height, width)
    if not crop.size:
        return mask
    rows, columns = crop.shape
    margin = 2 * int(radius)
    at_border = ((y == 0, y + rows == height), (x == 0, x + columns == width))
    padded = np.pad(crop, [[margin * one for one in side] for side in at_border], mode="edge")
    padded = np.pad(padded, [[margin * (not one) for one in side] for side in at_border])
    out = crop.copy()
    for top in range(0, rows, _TILE):
        for left in range(0, columns, _TILE):
            tile = padded[top : top + _TILE + 2 * margin, left : left + _TILE + 2 * margin]
            if tile.any() and not tile.all():
                kept = _majority(tile, int(radius))[margin:-margin, margin:-margin]
                out[top : top + _TILE, left : left + _TILE] = kept
    masks = rle.encode_labels(out, height, width, x, y)[1]
    return masks[0] if masks else rle.from_counts([height * width])


def simplify(mask: bytes, height: int, width: int, tolerance: float = 1.5) -> bytes:
    """Straighten the outline: fewer corners, within a tolerance of where it was (Douglas-Peucker).

    Args:
        mask: the mask; its holes and islands stay.
        height: of the image, pixels.
        width: of the image, pixels.
        tolerance: pixels, 0..100.

    Returns:
        The mask; it may be empty.

    Raises:
        DataError: a tolerance out of range.
    """
    if not 0 <= tolerance <= 100:
        raise DataError(f"tolerance must be 0..100 pixels, got {tolerance}")
    parts = rle_to_polygons(mask, height, width, float(tolerance))
    plain = polygons_to_rle([part.exterior for part in parts if not part.holes], height, width)
    pierced = [_pierced(part, height, width) for part in parts if part.holes]
    return rle.union([plain, *pierced], height, width)


def _pierced(part: Polygon, height: int, width: int) -> bytes:
    whole = polygons_to_rle([part.exterior], height, width)
    return rle.difference(whole, polygons_to_rle(part.holes, height, width), height, width)


def _majority(tile: npt.NDArray[np.bool_], radius: int) -> npt.NDArray[np.bool_]:
    """Where a weighted average of the surroundings, densest in the middle, exceeds a half."""
    from scipy import ndimage

    share = tile.astype(np.float32)
    for _ in range(2):
        share = ndimage.uniform_filter(share, 2 * ((radius + 1) // 2) + 1, mode="nearest")
    return np.asarray(share > 0.5)


_Ones: TypeAlias = tuple[Ints, Ints, Ints]  # begin and end of each run of pixels, and where each mask begins


def _ones(masks: Sequence[bytes], height: int, width: int) -> _Ones:
    """The runs of masks, after a check that they are well-formed."""
    rle.check(masks, height, width, table="masks")
    return rle.parse(masks).ones()


def _encode(ones: _Ones, total: int) -> list[bytes]:
    return rle.from_ones(*ones, total).encode()


def _picked(ones: _Ones, rows: Ints) -> _Ones:
    """The runs of the masks at ``rows``."""
    begin, end, offsets = ones
    at = spans(offsets[rows], offsets[rows + 1])
    return begin[at], end[at], cumulative(np.diff(offsets)[rows])


def _joined(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Runs that may overlap, as ascending ones that do not."""
    order = np.argsort(begin, kind="stable")
    begin, reach = begin[order], np.maximum.accumulate(end[order])
    if not len(begin):
        return begin, reach
    head = np.append(True, begin[1:] > reach[:-1])
    return begin[head], reach[np.append(head[1:], True)]


def _outside(begin: Ints, end: Ints, total: int) -> tuple[Ints, Ints]:
    """The gaps between ascending runs, within ``total`` pixels."""
    begin, end = np.append(0, end), np.append(begin, total)
    return begin[end > begin], end[end > begin]


def _within(ones: _Ones, begin: Ints, end: Ints) -> _Ones:
    """The pixels of each mask that are in some ascending runs."""
    mine, ends, offsets = ones
    first = np.searchsorted(end, mine, "right")
    last = np.maximum(np.searchsorted(begin, ends), first)
    run, other = np.repeat(np.arange(len(mine)), last - first), spans(first, last)
    inside = np.maximum(mine[run], begin[other]), np.minimum(ends[run], end[other])
    return *inside, cumulative(last - first)[offsets]
