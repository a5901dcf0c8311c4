"""COCO's ``segmentation`` fields to masks: polygons, compressed and uncompressed run lengths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from ....core.errors import FormatError, MaskError, first, short
from ....core.geometry.masks import rle
from ....core.geometry.masks.runs import Runs, check, parse
from ..masks.polygons import Parts, rasterize
from ..records.rows import mask_array

Boxes = Literal["error", "mask"]


_POLYGONS, _COUNTS, _STRING, _BOX, _UNKNOWN = range(5)


def read_masks(
    segmentations: Sequence[Any],
    ids: np.ndarray,
    sizes: np.ndarray,
    boxes: np.ndarray | None = None,
) -> Any:
    """Masks of all annotations as one Arrow-backed array.

    Args:
        segmentations: the JSON values, ``(n,)``: lists of polygons, run lengths, or None.
        ids: annotation ids for messages, ``(n,)``.
        sizes: height and width of each annotation's image, ``(n, 2)`` int64 pixels.
        boxes: ``(n, 4)`` boxes to fill where there is no segmentation; None refuses such rows.

    Raises:
        FormatError: a segmentation is none of the known kinds, naming the rows.
        MaskError: run lengths are malformed or of another size than their image, naming the rows.
    """
    segmentations = [[s] if _is_flat(s) else s for s in segmentations]
    kind = np.fromiter(map(_kind, segmentations), np.int8, len(segmentations))
    _refuse(kind == _UNKNOWN, "segmentation must be polygons or run lengths", ids)
    if boxes is None:
        _refuse(kind == _BOX, 'no segmentation, only a box; boxes="mask" fills the boxes instead', ids)
    readers = {_POLYGONS: _polygons, _COUNTS: _counts, _STRING: _strings}
    masks: list[bytes] | np.ndarray = np.empty(len(kind), object)
    for which in np.unique(kind).tolist():
        at = np.flatnonzero(kind == which)
        if which == _BOX:
            assert boxes is not None
            found = _filled(boxes[at], ids[at], sizes[at])
        else:
            rows = segmentations if len(at) == len(kind) else [segmentations[i] for i in at.tolist()]
            found = readers[which](rows, ids[at], sizes[at])
        if len(at) == len(kind):
            masks = found
        else:
            masks[at] = found  # type: ignore[call-overload]  # an object array takes a list of bytes
    return mask_array(masks)


def read_measured(
    segmentations: Sequence[Any],
    ids: np.ndarray,
    sizes: np.ndarray,
    boxes: np.ndarray | None = None,
) -> tuple[Any, np.ndarray]:
    """Masks, and the pixels of each, ``(n,)`` int64; arguments and errors are those of :func:`read_masks`."""
    if {type(s.get("counts")) if isinstance(s, dict) else None for s in segmentations} == {str}:
        check_sizes(segmentations, ids, sizes)
        strings, areas = read_strings([s["counts"] for s in segmentations], ids, sizes)
        return mask_array(strings), areas
    masks = read_masks(segmentations, ids, sizes, boxes)
    return masks, rle.areas(masks)


def read_strings(
    strings: Sequence[Any] | pa.Array, ids: np.ndarray, sizes: np.ndarray
) -> tuple[pa.Array, np.ndarray]:
    """Validated run lengths in pycocotools' form as an Arrow array, and the pixels of each, ``(n,)`` int64.

    There is no Python object per mask.
    """
    try:
        found = strings if isinstance(strings, pa.Array) else pa.array(strings, pa.large_string())
        masks = found.cast(pa.large_binary())
    except (pa.ArrowException, TypeError, UnicodeError) as error:
        raise FormatError(
            f"counts must be text or a list of whole numbers, for all of {first(ids)}: {error}"
        ) from error
    try:
        return masks, check(masks, *_sides(sizes), ids=ids, table="annotations")
    except MaskError as error:
        return _canonical(masks, ids, sizes, error)


def _canonical(
    masks: pa.Array, ids: np.ndarray, sizes: np.ndarray, error: MaskError
) -> tuple[pa.Array, np.ndarray]:
    """Re-encode masks of other tools in pycocotools' form; raises ``error`` if they are malformed."""
    try:
        again = parse(masks).canonical().to_arrow()
    except MaskError:
        raise error from None
    return again, check(again, *_sides(sizes), ids=ids, table="annotations")


def _is_flat(value: Any) -> bool:
    """Whether the value is one flat polygon: some tools omit the list of parts around it."""
    return type(value) is list and bool(value) and type(value[0]) in (int, float)


def _kind(value: Any) -> int:
    if type(value) is list:
        return _POLYGONS if value else _BOX
    if type(value) is dict:
        counts = value.get("counts")
        return _STRING if type(counts) is str else _COUNTS if type(counts) is list else _UNKNOWN
    return _BOX if value is None else _UNKNOWN


def _polygons(rows: Sequence[Any], ids: np.ndarray, sizes: np.ndarray) -> list[bytes]:
    parts = list(chain.from_iterable(rows))
    if set(map(type, parts)) != {list}:
        bad = np.array([any(type(p) is not list for p in row) for row in rows])
        _refuse(bad, "polygons must be lists of numbers", ids)
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    try:
        values = np.fromiter(chain.from_iterable(parts), np.float64, int(lengths.sum()))
    except (TypeError, ValueError):
        bad = np.array([any(type(v) not in (int, float) for p in row for v in p) for row in rows])
        _refuse(bad, "polygons must be lists of numbers", ids)
        raise
    per_row = np.fromiter(map(len, rows), np.int64, len(rows))
    return rasterize(Parts(values, lengths, per_row), sizes, lambda at: _names(ids[at]))


def _strings(rows: Sequence[Any], ids: np.ndarray, sizes: np.ndarray) -> list[bytes]:
    check_sizes(rows, ids, sizes)
    found: list[bytes] = read_strings([row["counts"] for row in rows], ids, sizes)[0].to_pylist()
    return found


def _counts(rows: Sequence[Any], ids: np.ndarray, sizes: np.ndarray) -> list[bytes]:
    check_sizes(rows, ids, sizes)
    counts = [row["counts"] for row in rows]
    bad = np.array([not set(map(type, c)) <= {int} or not all(0 <= v < 2**31 for v in c) for c in counts])
    _refuse(bad, "uncompressed counts must be whole numbers >= 0", ids)
    lengths = np.fromiter(map(len, counts), np.int64, len(counts))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    runs = Runs(np.fromiter(chain.from_iterable(counts), np.int64, int(starts[-1])), starts)
    _refuse(runs.totals() != sizes.prod(axis=1), "counts must sum to the pixels of the image", ids, MaskError)
    return runs.canonical().encode()


def _filled(boxes: np.ndarray, ids: np.ndarray, sizes: np.ndarray) -> list[bytes]:
    _refuse(~np.isfinite(boxes).all(axis=1), "neither a segmentation nor a box", ids)
    x, y, w, h = boxes.T
    corners = np.stack([x, y, x + w, y, x + w, y + h, x, y + h], axis=1)
    n = np.ones(len(boxes), np.int64)
    return rasterize(Parts(corners.ravel(), 8 * n, n), sizes, lambda at: _names(ids[at]))


def check_sizes(rows: Sequence[Any], ids: np.ndarray, sizes: np.ndarray) -> None:
    """Refuse run lengths whose ``size`` differs from their image's, naming the rows."""
    found = [row.get("size") for row in rows]
    expected = sizes.tolist()
    wrong = np.array([s is not None and s != e for s, e in zip(found, expected, strict=True)])
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        rule = f"size must be [height, width] of the image ({expected[at]}, got {short(found[at])})"
        _refuse(wrong, rule, ids, MaskError)


def _sides(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return sizes[:, 0], sizes[:, 1]


def _names(ids: np.ndarray) -> list[object]:
    return [f"annotation {i}" for i in ids.tolist()]


def _refuse(
    bad: np.ndarray, rule: str, ids: np.ndarray, error: type[FormatError | MaskError] = FormatError
) -> None:
    if bad.any():
        raise error(
            f"annotations: {rule}; {int(bad.sum())} of {len(bad)} rows break it: {first(ids[bad].tolist())}"
        )
