"""What is on an image, as an answer: a plain dict that every database and every machine can keep.

    {"state": "complete", "weight": 1.0,
     "instances": [{"id": 5, "label": "cod", "mask": "...", "status": "verified", ...}],
     "regions": [{"id": 0, "kind": "ignore", "label": None, "mask": "..."}]}

Where an annotator changed columns of your own, such as answers to attributes, ``own`` has them (``own.py``).
Ids are those of the version that the work began from; a row with another id
is new, also if it is the id of another image's row. Masks are COCO's compressed run lengths, which are text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from .own import checked_own

Content: TypeAlias = dict[str, Any]

CELLS = ("label", "mask", "status", "source", "crowd", "score")
"""Columns of an instance that an answer has."""

_REGION_CELLS = ("kind", "label", "mask")


def contents_of(tables: LabeledImages, image_ids: Iterable[int]) -> dict[int, Content]:
    """What is on some images; those that are not there are left out."""
    ids = pd.Index(list(image_ids), dtype=np.int64)
    images = tables.images.loc[tables.images.index.intersection(ids), ["state", "weight"]]
    out: dict[int, Content] = {
        int(row): {"state": str(state), "weight": float(weight), "instances": [], "regions": []}
        for row, state, weight in images.itertuples()
    }
    regions = getattr(tables, "regions", None)
    for name, frame, cells in (
        ("instances", tables.instances, CELLS),
        ("regions", regions, _REGION_CELLS),
    ):
        if frame is None:
            continue
        rows = frame[frame["image_id"].isin(images.index).to_numpy()]
        columns = [_plain(rows[cell]) for cell in cells]
        for row, image, *values in zip(rows.index, rows["image_id"], *columns, strict=True):
            out[int(image)][name].append({"id": int(row), **dict(zip(cells, values, strict=True))})
    return out


def same(a: Content, b: Content) -> bool:
    """Whether two answers show the same on an image; ids of rows and columns of your own play no part."""
    return a["state"] == b["state"] and all(
        _shown(a[name], cells) == _shown(b[name], cells)
        for name, cells in (("instances", CELLS), ("regions", _REGION_CELLS))
    )


def checked(content: Any, where: str) -> Content:
    """The content itself, if it has the form of one.

    Raises:
        DataError: it has not; labels and masks are checked where they meet a dataset.
    """
    good = (
        isinstance(content, dict)
        and isinstance(content.get("state"), str)
        and isinstance(content.get("weight"), int | float)
        and _are_rows(content.get("instances"), CELLS)
        and _are_rows(content.get("regions"), _REGION_CELLS)
        and checked_own(content.get("own", {}))
    )
    if not good:
        raise DataError(f"{where}: expected state, weight, instances, regions and own columns of an image")
    return dict(content)


def frame_of(rows: Sequence[Mapping[str, Any]], images: int | Sequence[int]) -> pd.DataFrame:
    """Instances or regions of answers as rows of a table, with the image that each lies on."""
    frame = pd.DataFrame(list(rows))
    frame["mask"] = [str(mask).encode("ascii", "replace") for mask in frame["mask"]]
    return frame.assign(image_id=images)


def plain_row(frame: pd.DataFrame, cells: Sequence[str]) -> list[Content]:
    """Rows of a table as JSON has them; cells that it lacks are left out."""
    there = [cell for cell in cells if cell in frame]
    columns = [_plain(frame[cell]) for cell in there]
    return [dict(zip(there, values, strict=True)) for values in zip(*columns, strict=True)]


def _are_rows(rows: Any, cells: Sequence[str]) -> bool:
    return isinstance(rows, list) and all(
        isinstance(row, dict)
        and all(cell in row for cell in cells)
        and isinstance(row.get("id"), int)
        and isinstance(row["mask"], str)
        for row in rows
    )


def _shown(rows: list[dict[str, Any]], cells: Sequence[str]) -> list[tuple[str, ...]]:
    return sorted(tuple(str(row[cell]) for cell in cells) for row in rows)


def _plain(column: pd.Series) -> list[Any]:
    """Values as JSON has them."""
    out: list[Any] = []
    for value in column.astype(object):
        if isinstance(value, bytes):
            out.append(value.decode("ascii"))
        elif value is None or value is pd.NA or value != value:
            out.append(None)
        else:
            out.append(value.item() if isinstance(value, np.generic) else value)
    return out
