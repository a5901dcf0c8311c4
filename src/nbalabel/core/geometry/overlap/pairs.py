"""IoU of the few pairs that overlap, as a sparse list instead of one large matrix.

Two tables of masks (or boxes) are sorted so that the rows of one group, such as one image and label, are
contiguous. Only rows of the same group are compared, and only pairs that overlap are returned, so memory
grows with the number of overlapping pairs, not with ``n * m``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pycocotools import _mask

from ...errors import MaskError, first
from ..masks.extents import Extents, extents
from ..masks.groups import Groups, spans
from ..masks.runs import MAX_PIXELS, Ints, Rles

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


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
    left: Rles,
    right: Rles,
    groups: Groups,
    crowd: npt.ArrayLike | None = None,
    *,
    minimum: float = 0.0,
    left_ids: npt.ArrayLike | None = None,
    right_ids: npt.ArrayLike | None = None,
) -> Pairs:
    """IoU of the overlapping masks of each group, bit for bit as pycocotools computes it.

    Args:
        left: compressed masks, ``(n,)``.
        right: compressed masks, ``(m,)``.
        groups: which rows to compare.
        crowd: whether a right row is a crowd, ``(m,)`` bool; for a crowd, the IoU is the share of the left
            mask inside the crowd.
        minimum: pairs with a smaller IoU are left out, 0..1; a higher value excludes more pairs by area and
            pixel range alone, which is fast.
        left_ids: names of the left rows for messages; default their positions.
        right_ids: names of the right rows, likewise.

    Raises:
        MaskError: a mask is malformed, or masks of one group have different numbers of pixels.

    Example:
        >>> mask_pairs([b"112"], [b"022"], Groups.of([0], [0])).iou.tolist()
        [0.5]
    """
    a, b, is_crowd = _column(left), _column(right), _crowd(crowd, len(right))
    own, other = extents(a), extents(b)
    _check_totals(groups, own.totals, other.totals, left_ids, right_ids)
    found = []
    for part in groups.chunks():
        i, j = part.pairs()
        within = _bound(own, other, is_crowd, i, j)
        first_cell = np.flatnonzero(np.diff(i, prepend=-1))
        worth = np.maximum.reduceat(within, first_cell) >= max(minimum, np.finfo(float).tiny)
        cells = np.repeat(worth, np.diff(first_cell, append=len(i)))
        i, j = i[cells], j[cells]
        iou = _compare(a, b, part, i[np.diff(i, prepend=-1) > 0], own.totals, is_crowd)
        keep = (iou > 0) & (iou >= minimum)
        found.append(Pairs(i[keep], j[keep], iou[keep]))
    return _join(found)


def _compare(a: pa.Array, b: pa.Array, groups: Groups, rows: Ints, totals: Ints, crowd: Bools) -> Floats:
    """IoU of some left rows with all right rows of their groups, row by row."""
    starts, ends = np.searchsorted(rows, groups.left_start), np.searchsorted(rows, groups.left_end)
    strings, at = _strings(a, rows)
    low = int(groups.right_start.min())
    others, other_at = _strings(b, np.arange(low, int(groups.right_end.max())))
    is_crowd = crowd.tolist()
    sizes = totals[groups.left_start].tolist()
    out = [np.empty(0)]
    bounds = zip(
        *(x.tolist() for x in (starts, ends, groups.right_start, groups.right_end)), sizes, strict=True
    )
    for a0, a1, b0, b1, size in bounds:
        if a1 > a0:
            left = _objects(strings, at[a0 : a1 + 1], size)
            right = _objects(others, other_at[b0 - low : b1 - low + 1], size)
            out.append(_mask.iou(left, right, is_crowd[b0:b1]).ravel())
    return np.concatenate(out)


def _objects(data: bytes, offsets: list[int], total: int) -> list[dict[str, Any]]:
    """Masks as dicts for pycocotools, with size (total, 1): the IoU does not depend on the image's shape."""
    size = [total, 1]
    return [{"size": size, "counts": data[i:j]} for i, j in pairwise(offsets)]


def _strings(column: pa.Array, rows: Ints) -> tuple[bytes, list[int]]:
    """The strings of some rows in one buffer, and their offsets in it."""
    taken = column.take(pa.array(rows))
    _, offsets, data = taken.buffers()
    return data.to_pybytes() if data is not None else b"", np.frombuffer(offsets, np.int64)[
        : len(taken) + 1
    ].tolist()


def _bound(own: Extents, other: Extents, crowd: Bools, i: Ints, j: Ints) -> Floats:
    """An upper bound of each pair's IoU, from areas and pixel ranges alone."""
    reach = np.minimum(own.ends[i], other.ends[j]) - np.maximum(own.begins[i], other.begins[j])
    area, other_area = own.areas[i], other.areas[j]
    both = np.minimum(np.minimum(area, other_area), np.maximum(reach, 0))
    return _ratio(both.astype(float), area, other_area, crowd[j])


def _ratio(both: Floats, own: npt.NDArray[Any], other: npt.NDArray[Any], crowd: Bools) -> Floats:
    """Intersection over union, for crowds over the left area; 0 where there is no overlap."""
    union = np.where(crowd, own, own + other - both)
    return np.divide(both, union, out=np.zeros(len(both)), where=both > 0)


def _column(rles: Rles) -> pa.Array:
    """Masks as one Arrow array of large_binary, without copying where possible."""
    column: Any = getattr(rles, "array", rles)
    array = column.__arrow_array__() if hasattr(column, "__arrow_array__") else column
    if not isinstance(array, pa.Array | pa.ChunkedArray):
        array = pa.array(list(array), pa.large_binary())
    array = array.cast(pa.large_binary())
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.large_binary())
    return array


def _check_totals(groups: Groups, left: Ints, right: Ints, left_ids: Any, right_ids: Any) -> None:
    """Refuse masks with different numbers of pixels: pycocotools would never return."""
    expected = right[groups.right_start]
    if len(expected) and expected.max() >= MAX_PIXELS:
        raise MaskError(f"masks must have fewer than {MAX_PIXELS:,} pixels, got {int(expected.max()):,}")
    problems = []
    sides = (
        ("predictions", left, spans(groups.left_start, groups.left_end), groups.n_left(), left_ids),
        ("labels", right, spans(groups.right_start, groups.right_end), groups.n_right(), right_ids),
    )
    for side, totals, row, n, ids in sides:
        wrong = row[totals[row] != np.repeat(expected, n)]
        if len(wrong):
            named = wrong if ids is None else np.asarray(ids)[wrong]
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
