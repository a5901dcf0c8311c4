"""The operations on picked masks: merge, split, smooth, copy ... each a function that fills a Draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.table_change import ids_of
from ...core.errors import DataError
from ...core.geometry.masks import rle
from ...core.geometry.masks.touching import DEPTH, split_touching
from ...core.snapping.snap import snap
from ...core.tables.arrays import positions
from . import mask_ops
from .draft import Draft, Row, check_label, size_of


def operate(draft: Draft, op: str, ids: Sequence[int], options: dict[str, Any]) -> str:
    """Apply an operation to rows; returns the note.

    Args:
        draft: takes the edits.
        op: name of the operation, see ``OPERATIONS``.
        ids: of the rows; "merge" adds the others to the first one, "subtract" cuts them out of it.
        options: "smooth": radius; "simplify": tolerance; "fill_holes": max_area; "relabel": label;
            "split_touching": depth.

    Raises:
        DataError: no such operation, or the rows or options do not suit it.
        UnknownNameError: rows that are gone.
    """
    if op not in OPERATIONS:
        raise DataError(f"op must be one of {', '.join(OPERATIONS)}, got {op!r}")
    rows = draft.rows(ids)
    if not rows:
        raise DataError(f"{op} needs masks, none was picked")
    if op not in ("duplicate", "copy_next", "ignore", "done", "clear_regions"):
        draft.check_open(rows)
    try:
        return OPERATIONS[op](draft, rows, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error) and "missing" not in str(error):
            raise
        raise DataError(f"{op} cannot be done with {options}: {error}") from error


def named(draft: Draft, rows: Sequence[Row]) -> str:
    """Rows as text: "fish 12", "3 fish", "4 instances"."""
    if draft.of == "predictions":
        return f"prediction {rows[0].id}" if len(rows) == 1 else f"{len(rows)} predictions"
    if len(rows) == 1:
        return f"{rows[0].label} {rows[0].id}"
    labels = {row.label for row in rows}
    return f"{len(rows)} {labels.pop() if len(labels) == 1 else 'instances'}"


def one(label: str) -> str:
    """A label with its article."""
    return f"{'an' if label[:1].lower() in 'aeiou' else 'a'} {label}"


def _next_image(images: pd.DataFrame, image_id: int) -> int | None:
    """The image after one: the next frame of its sequence, else the next by file name; None at the end."""
    at = int(positions(images.index, np.array([image_id]))[0])
    group, frame = images["group"].array[at], images["frame"].array[at]
    if not pd.isna(group) and not pd.isna(frame):
        later = (images["group"] == group) & (images["frame"] > frame).fillna(False)
        ordered = images.loc[later, "frame"].sort_values(kind="stable")
    else:
        files = images["file"]
        ordered = files[files > files.array[at]].sort_values(kind="stable")
    return int(ids_of(ordered.to_frame())[0]) if len(ordered) else None


def _remove(draft: Draft, rows: list[Row]) -> str:
    for row in rows:
        draft.drop(row)
    return f"{'removed' if draft.of == 'instances' else 'rejected'} {named(draft, rows)}"


def _merge(draft: Draft, rows: list[Row]) -> str:
    _several(rows, "merge")
    head, *others = rows
    draft.change(head, mask=mask_ops.union([row.mask for row in rows], head.height, head.width))
    for row in others:
        draft.absorb(row)
    return f"merged {named(draft, rows)}"


def _subtract(draft: Draft, rows: list[Row]) -> str:
    _several(rows, "subtract")
    head, *others = rows
    mask = mask_ops.cut(head.mask, [row.mask for row in others], head.height, head.width)
    if is_empty(mask):
        raise DataError(f"nothing would be left of {named(draft, [head])}; nothing was done")
    draft.change(head, mask=mask)
    return f"subtracted {named(draft, others)} from {named(draft, [head])}"


def _split(draft: Draft, rows: list[Row]) -> str:
    n = _part(draft, rows, lambda row: mask_ops.islands(*_of(row)))
    return f"split {named(draft, rows)} into {n}" if n else f"nothing to split: {_whole(draft, rows)}"


def _split_touching(draft: Draft, rows: list[Row], *, depth: float = DEPTH) -> str:
    if not 0 <= depth <= 1000:
        raise DataError(f"depth must be 0..1000 pixels, got {depth}")
    n = _part(draft, rows, lambda row: split_touching(*_of(row), depth))
    if n:
        return f"split {named(draft, rows)} into {n} that touched"
    verb = "is" if len(rows) == 1 else "are"
    return f"nothing to split: {named(draft, rows)} {verb} nowhere narrow enough"


def _part(draft: Draft, rows: list[Row], parts_of: Callable[[Row], list[bytes]]) -> int:
    """Split each row that has several parts; the largest part keeps the row. Returns the number of parts."""
    n = 0
    for row in rows:
        parts = parts_of(row)
        if len(parts) < 2:
            continue
        n += len(parts)
        largest = int(np.argmax(rle.areas(parts)))
        draft.change(row, mask=parts[largest])
        for i, part in enumerate(parts):
            if i != largest:
                draft.add(row, mask=part)
    return n


def _whole(draft: Draft, rows: list[Row]) -> str:
    return f"{named(draft, rows)} {'is one island' if len(rows) == 1 else 'are one island each'}"


def _smooth(draft: Draft, rows: list[Row], *, radius: float = 2) -> str:
    size = int(radius)
    return _reshape(draft, rows, "smoothed", lambda row: mask_ops.smooth(*_of(row), size))


def _simplify(draft: Draft, rows: list[Row], *, tolerance: float = 1.5) -> str:
    return _reshape(draft, rows, "simplified", lambda row: mask_ops.simplify(*_of(row), float(tolerance)))


def _fill_holes(draft: Draft, rows: list[Row], *, max_area: float | None = None) -> str:
    most = None if max_area is None else int(max_area)
    return _reshape(draft, rows, "filled the holes of", lambda row: mask_ops.fill_holes(*_of(row), most))


def _reshape(draft: Draft, rows: list[Row], done: str, shape: Callable[[Row], bytes]) -> str:
    """Reshape each row; masks that stay the same or would be empty are skipped."""
    masks = [(row, shape(row)) for row in rows]
    changed = [(row, mask) for row, mask in masks if mask != row.mask and not is_empty(mask)]
    for row, mask in changed:
        draft.change(row, mask=mask)
    if not changed:
        return f"nothing changed: {named(draft, rows)} {'stays' if len(rows) == 1 else 'stay'} as before"
    return f"{done} {named(draft, [row for row, _ in changed])}"


def _duplicate(draft: Draft, rows: list[Row]) -> str:
    for row in rows:
        draft.add(row)
    return f"duplicated {named(draft, rows)}"


def _copy_next(draft: Draft, rows: list[Row]) -> str:
    _on_one_image(rows, "copy_next")
    images, here = draft.state.tables["images"], rows[0]
    image_id = _next_image(images, here.image_id)
    if image_id is None:
        return f"nothing copied: {_file(images, here.image_id)} is the last image"
    file, (height, width) = _file(images, image_id), size_of(draft.state, image_id)
    if (height, width) != (here.height, here.width):
        raise DataError(
            f"masks go to images of the same size only: {file} is {width} x {height} pixels, these masks are "
            f"{here.width} x {here.height}; nothing was done"
        )
    for row in rows:
        draft.add(row, image_id=image_id)
    return f"copied {named(draft, rows)} to {file}"


def _file(images: pd.DataFrame, image_id: int) -> str:
    return str(images["file"].array[int(positions(images.index, np.array([image_id]))[0])])


def _relabel(draft: Draft, rows: list[Row], *, label: str) -> str:
    label = check_label(draft.state, label)
    others = [row for row in rows if row.label != label]
    for row in others if draft.of == "instances" else rows:
        draft.change(row, label=label)
    if draft.of == "predictions":
        return f"accepted {named(draft, rows)} as {label}"
    return f"labeled {named(draft, others)} {label}" if others else f"nothing changed: it was {label} already"


def _snap(draft: Draft, rows: list[Row]) -> str:
    """Move outlines to the edges of the picture, where most ways to do so agree."""
    assert draft.pixels is not None, "operations read pixels"
    by_image: dict[int, list[Row]] = {}
    for row in rows:
        by_image.setdefault(row.image_id, []).append(row)
    moved: dict[int, bytes] = {}
    for image_id, own in by_image.items():
        masks = [row.mask for row in own]
        others = [mask for mask in draft.neighbours(image_id) if mask not in masks]
        wanted = np.arange(len(masks) + len(others)) < len(masks)
        found = snap(draft.pixels(image_id), [*masks, *others], wanted)
        moved |= {row.id: mask for row, mask in zip(own, found, strict=False)}
    return _reshape(draft, rows, "snapped to edges:", lambda row: moved[row.id])


def _ignore(draft: Draft, rows: list[Row]) -> str:
    for row in rows:
        draft.region(row, "ignore")
    return f"{named(draft, rows)} marked as ignored: neither trained on nor measured there"


def _done(draft: Draft, rows: list[Row]) -> str:
    for row in rows:
        draft.region(row, "done")
    return f"{named(draft, rows)} marked as done: everything there is labeled"


def _clear_regions(draft: Draft, rows: list[Row]) -> str:
    met = sum(draft.clear_regions(row) for row in rows)
    if not met:
        raise DataError(f"no region of this image is where {named(draft, rows)} is; nothing was done")
    return f"cut {named(draft, rows)} out of {met} region{'s' * (met != 1)}"


OPERATIONS: dict[str, Callable[..., str]] = {
    "remove": _remove,
    "merge": _merge,
    "split": _split,
    "split_touching": _split_touching,
    "subtract": _subtract,
    "smooth": _smooth,
    "simplify": _simplify,
    "fill_holes": _fill_holes,
    "duplicate": _duplicate,
    "copy_next": _copy_next,
    "relabel": _relabel,
    "snap": _snap,
    "ignore": _ignore,
    "done": _done,
    "clear_regions": _clear_regions,
}


def is_empty(mask: bytes) -> bool:
    """Whether a mask has no pixels."""
    return not rle.areas([mask])[0]


def _of(row: Row) -> tuple[bytes, int, int]:
    return row.mask, row.height, row.width


def _several(rows: list[Row], op: str) -> None:
    if len(rows) < 2:
        raise DataError(f"{op} needs two masks or more, got {len(rows)}")
    _on_one_image(rows, op)


def _on_one_image(rows: list[Row], op: str) -> None:
    images = sorted({row.image_id for row in rows})
    if len(images) > 1:
        raise DataError(f"{op} needs masks of one image, these are on the images {images}")
