"""IoU of the few pairs that overlap, as a sparse list instead of one large matrix.

Two tables of masks (or boxes) are sorted so that the rows of one group, such as one image and label, are
contiguous. Only rows of the same group are compared, and only pairs that overlap are returned, so memory
grows with the number of overlapping pairs, not with ``n * m``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pycocotools import _mask

from ...errors import MaskError, first
from ..masks.extents import Small
from ..masks.groups import Groups, spans
from ..masks.runs import MAX_PIXELS, Ints, Rles, overlaps, parse
from .masks import Masks

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_BLOCK = 1 << 15  # pairs whose runs are in memory at once
_CALL, _PAIR = 1100, 100  # characters compared in the time of a call of pycocotools, and of a pair in it


@dataclass(frozen=True, eq=False)
class Pairs:
    """Overlapping pairs, ordered by left row, then right row.

    Attributes:
        left: row of the first table, ``(n,)`` int64.
        right: row of the second table, ``(n,)`` int64.
        iou: their intersection over union, ``(n,)`` float64 in (0, 1].
    """

    left: Ints
    right: Ints
    iou: Floats

    def __len__(self) -> int:
        return len(self.iou)


def box_pairs(
    left: npt.ArrayLike,
    right: npt.ArrayLike,
    groups: Groups,
    crowd: npt.ArrayLike | None = None,
    *,
    minimum: float = 0.0,
) -> Pairs:
    """IoU of the overlapping boxes ``(n, 4)``, as (x, y, w, h), of each group; see :func:`mask_pairs`.

    Example:
        >>> box_pairs([[0, 0, 2, 2]], [[0, 0, 2, 1], [9, 9, 1, 1]], Groups.of([0], [0, 0])).iou.tolist()
        [0.5]
    """
    a, b = np.asarray(left, np.float64).reshape(-1, 4), np.asarray(right, np.float64).reshape(-1, 4)
    is_crowd = _crowd(crowd, len(b))
    found = []
    for part in groups.chunks():
        i, j = part.pairs()
        sides = np.minimum(a[i, :2] + a[i, 2:], b[j, :2] + b[j, 2:]) - np.maximum(a[i, :2], b[j, :2])
        both = np.where((sides > 0).all(axis=1), sides[:, 0] * sides[:, 1], 0.0)
        iou = _ratio(both, a[i, 2] * a[i, 3], b[j, 2] * b[j, 3], is_crowd[j])
        keep = (iou > 0) & (iou >= minimum)
        found.append(Pairs(i[keep], j[keep], iou[keep]))
    return _join(found)


def mask_pairs(
    left: Rles | Masks,
    right: Rles | Masks,
    groups: Groups,
    crowd: npt.ArrayLike | None = None,
    *,
    minimum: float = 0.0,
    left_ids: npt.ArrayLike | None = None,
    right_ids: npt.ArrayLike | None = None,
) -> Pairs:
    """IoU of the overlapping masks of each group, bit for bit as pycocotools computes it.

    Args:
        left: compressed masks, ``(n,)``; as :class:`Masks` with heights fewer pairs are compared, and what is
            measured of them is kept for the next call.
        right: compressed masks, ``(m,)``, likewise.
        groups: which rows to compare.
        crowd: whether a right row is a crowd, ``(m,)`` bool; for a crowd, the IoU is the share of the left
            mask inside the crowd.
        minimum: pairs with a smaller IoU are left out, 0..1; a higher value excludes more pairs by area and
            box alone, which is fast.
        left_ids: names of the left rows for messages; default their positions.
        right_ids: names of the right rows, likewise.

    Raises:
        MaskError: a mask is malformed, or masks of one group have different numbers of pixels.

    Example:
        >>> mask_pairs([b"112"], [b"022"], Groups.of([0], [0])).iou.tolist()
        [0.5]
    """
    a = left if isinstance(left, Masks) else Masks(left)
    b = right if isinstance(right, Masks) else Masks(right)
    is_crowd = _crowd(crowd, len(b))
    found = []
    for part in groups.chunks():
        rows = spans(part.left_start, part.left_end), spans(part.right_start, part.right_end)
        _check_totals(part, a.sizes(rows[0]).totals, b.sizes(rows[1]).totals, rows, left_ids, right_ids)
        near = _near(a, b, part, is_crowd, minimum)
        for some in _blocks(near):
            iou = _iou(a, b, some, is_crowd)
            keep = (iou > 0) & (iou >= minimum)
            found.append(Pairs(some.left[keep], some.right[keep], iou[keep]))
    return _join(found)


@dataclass(frozen=True, eq=False)
class _Near:
    """Pairs that may overlap, in the order of their groups; ``(n,)`` each."""

    left: Ints
    right: Ints
    group: Ints


def _near(a: Masks, b: Masks, groups: Groups, crowd: Bools, minimum: float) -> _Near:
    """Pairs whose IoU may reach the minimum by areas and boxes alone."""
    i, j = groups.pairs()
    group = np.repeat(np.arange(len(groups)), groups.n_left() * groups.n_right())
    own, other = a.sizes(i), b.sizes(j)
    width = np.minimum(own.rights, other.rights) - np.maximum(own.lefts, other.lefts)
    height = np.minimum(own.bottoms, other.bottoms) - np.maximum(own.tops, other.tops)
    meet = np.flatnonzero((width > 0) & (height > 0))
    box = width[meet].astype(np.int64) * height[meet]
    area, other_area = own.areas[meet].astype(np.int64), other.areas[meet].astype(np.int64)
    both = np.minimum(np.minimum(area, other_area), box)
    enough = _ratio(both, area, other_area, crowd[j[meet]]) >= max(minimum, np.finfo(float).tiny)
    at = meet[enough]
    return _Near(i[at], j[at], group[at])


def _blocks(near: _Near) -> Iterator[_Near]:
    """The same pairs, some ten thousand at a time, groups whole."""
    begin = np.flatnonzero(np.diff(near.group, prepend=-1))
    cuts = begin[
        np.unique(np.searchsorted(begin, np.arange(0, len(near.group), _BLOCK)).clip(max=len(begin) - 1))
    ]
    for start, end in pairwise([*cuts.tolist(), len(near.group)]):
        yield _Near(near.left[start:end], near.right[start:end], near.group[start:end])


def _iou(a: Masks, b: Masks, near: _Near, crowd: Bools) -> Floats:
    """IoU of pairs: by pycocotools in groups with much to compare, all others at once."""
    (rows, at), (others, other_at) = (np.unique(x, return_inverse=True) for x in (near.left, near.right))
    left, right = a.read(rows), b.read(others)
    own, other = a.sizes(near.left), b.sizes(near.right)
    begin = np.flatnonzero(np.diff(near.group, prepend=-1))
    characters = _lengths(left)[at] + _lengths(right)[other_at]
    n_pairs = np.diff(begin, append=len(at))
    heavy = np.add.reduceat(characters, begin) > _CALL + _PAIR * n_pairs
    out = np.empty(len(at))
    light = np.flatnonzero(~np.repeat(heavy, n_pairs))
    both = _shared(left, right, at[light], other_at[light])
    out[light] = _ratio(both, own.areas[light], other.areas[light], crowd[near.right[light]])
    is_crowd = crowd[others]
    for start, n in zip(begin[heavy].tolist(), n_pairs[heavy].tolist(), strict=True):
        part = slice(start, start + n)
        out[part] = _by_coco((left, right), at[part], other_at[part], int(own.totals[start]), is_crowd)
    return out


def _shared(left: pa.Array, right: pa.Array, i: Ints, j: Ints) -> Ints:
    """Pixels that mask ``i[k]`` of the left and ``j[k]`` of the right share, ``(n,)``."""
    (rows, at), (others, other_at) = (np.unique(x, return_inverse=True) for x in (i, j))
    return overlaps(parse(left.take(pa.array(rows))), parse(right.take(pa.array(others))), at, other_at)


def _by_coco(sides: tuple[pa.Array, pa.Array], i: Ints, j: Ints, total: int, crowd: Bools) -> Floats:
    """IoU of pairs of one group, ``(n,)``; ``crowd`` of each row of the right side."""
    first_row, first_other = int(i.min()), int(j.min())
    within = slice(first_row, int(i.max()) + 1), slice(first_other, int(j.max()) + 1)
    # The IoU does not depend on the image's shape: one of (total, 1) has as many pixels.
    size = [total, 1]
    objects = [
        [{"size": size, "counts": mask} for mask in side[rows].to_pylist()]
        for side, rows in zip(sides, within, strict=True)
    ]
    matrix = np.asarray(_mask.iou(*objects, crowd[within[1]].tolist()))
    return np.asarray(matrix[i - first_row, j - first_other])


def _lengths(masks: pa.Array) -> Ints:
    """Characters of each mask, ``(n,)``."""
    _, offsets, _ = masks.buffers()
    return np.diff(np.frombuffer(offsets, np.int64)[masks.offset : masks.offset + len(masks) + 1])


def _ratio(both: npt.NDArray[Any], own: npt.NDArray[Any], other: npt.NDArray[Any], crowd: Bools) -> Floats:
    """Intersection over union, for crowds over the left area; 0 where there is no overlap."""
    union = np.where(crowd, own, own + other - both)
    iou: Floats = np.divide(both, union, out=np.zeros(len(both)), where=both > 0)
    return iou


def _check_totals(
    groups: Groups, left: Small, right: Small, rows: tuple[Ints, Ints], left_ids: Any, right_ids: Any
) -> None:
    """Refuse masks with different numbers of pixels: pycocotools would never return.

    ``rows`` are the left and the right rows of all groups, one after the other; ``left`` and ``right`` the
    pixels of their images.
    """
    n_left, n_right = groups.n_left(), groups.n_right()
    expected = right[np.cumsum(n_right) - n_right]
    if len(expected) and expected.max() >= MAX_PIXELS:
        raise MaskError(f"masks must have fewer than {MAX_PIXELS:,} pixels, got {int(expected.max()):,}")
    problems = []
    sides = (
        ("predictions", left, rows[0], n_left, left_ids),
        ("labels", right, rows[1], n_right, right_ids),
    )
    for side, totals, row, n, ids in sides:
        wrong = np.flatnonzero(totals != np.repeat(expected, n))
        if len(wrong):
            named = row[wrong] if ids is None else np.asarray(ids)[row[wrong]]
            problems.append(
                f"{side} {first(named.tolist())} ({first(np.unique(totals[wrong]).tolist())} pixels)"
            )
    if problems:
        raise MaskError(
            f"masks of one image must have the same number of pixels; differing: {'; '.join(problems)}"
        )


def _crowd(crowd: npt.ArrayLike | None, n: int) -> Bools:
    return np.zeros(n, bool) if crowd is None else np.asarray(crowd, bool)


def _join(parts: list[Pairs]) -> Pairs:
    parts = [Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)), *parts]
    fields = ([getattr(p, name) for p in parts] for name in ("left", "right", "iou"))
    return Pairs(*(np.concatenate(f) for f in fields))
