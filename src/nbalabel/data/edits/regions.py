"""Regions of images: from rows with masks, and for images on which some labels are complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import NO_ROWS, take_rows
from ...core.errors import DataError, UnknownNameError, first
from ...core.geometry.masks import rle
from ...core.id_sets import distinct
from ...core.tables.arrays import positions, take, values
from ...core.tables.mask_inputs import mask_column
from ...core.tables.names import instead_of
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import INDEX_NAMES, REGION_KINDS, conform
from ...core.tables.state import State
from .cells import Allocate, extend, numbered
from .image_state import lift


def add_regions(
    state: State, rows: pd.DataFrame, kind: str | None, label: str | None, allocate: Allocate, origin: str
) -> Change:
    """The change that adds regions; see :meth:`Dataset.add_regions`.

    Raises:
        DataError: a row does not fit; the message names it.
        UnknownNameError: there is no such label.
        MaskError: a mask is malformed or of another size than its image.
    """
    if not isinstance(rows, pd.DataFrame) or not {"image_id", "mask"} <= set(rows.columns):
        have = list(rows.columns) if isinstance(rows, pd.DataFrame) else type(rows).__name__
        raise DataError(f"regions need rows with the columns image_id and mask, got {have}")
    if kind is None and "kind" not in rows:
        raise DataError(f"kind must be one of {', '.join(REGION_KINDS)}: give kind=, or a column 'kind'")
    if label is not None and label not in state.labels:
        raise UnknownNameError(f"there is no label {label!r}; {instead_of(label, state.labels)}")
    given = rows if kind is None else rows.assign(kind=kind, label=label)
    own = ["image_id", "mask", "kind", *(["label"] if "label" in given else [])]
    frame = given[own].assign(source="human", origin=origin)
    heights, widths = sizes_of(state.tables["images"], pd.to_numeric(frame["image_id"]), frame.index).T
    frame = frame.assign(mask=mask_column(frame["mask"], heights, widths, "regions"))
    rle.check(frame["mask"].array, heights, widths, ids=frame.index, table="regions")
    return _added(state, frame, allocate, origin, f"added {len(frame):,} regions")


def complete_for(
    state: State, ids: np.ndarray, labels: Sequence[str], weight: float, allocate: Allocate, origin: str
) -> Change:
    """The change that marks images as complete for some labels; see :meth:`Dataset.mark_complete`.

    Raises:
        UnknownNameError: there is no such label.
    """
    unknown = [name for name in labels if name not in state.labels]
    if unknown or not labels:
        what = f"there is no label {unknown[0]!r}; {instead_of(unknown[0], state.labels)}" if unknown else ""
        raise UnknownNameError(what or f"labels must name at least one of {first(state.labels)}")
    heights, widths = sizes_of(state.tables["images"], ids).T
    whole = [rle.from_counts([0, int(h) * int(w)]) for h, w in zip(heights, widths, strict=True)]
    pairs = [
        (image, mask, label) for image, mask in zip(ids.tolist(), whole, strict=True) for label in labels
    ]
    there = state.tables["regions"]
    known = set(zip(there["image_id"], there["mask"], there["label"], there["kind"], strict=True))
    pairs = [pair for pair in pairs if (*pair, "done") not in known]
    frame = pd.DataFrame(pairs, columns=["image_id", "mask", "label"])
    frame = frame.assign(kind="done", source="human", origin=origin)
    note = f"{len(ids):,} images are complete for {', '.join(labels)}"
    return _added(state, frame, allocate, origin, note, weight=weight, lifted=ids)


def regions_drawn(
    state: State, new: Mapping[str, Any], cut: Mapping[int, bytes], allocate: Allocate, origin: str
) -> Change:
    """The change that a gesture makes to regions: new ones of all labels, and masks with pixels removed.

    Args:
        state: the current tables.
        new: columns image_id, mask and kind.
        cut: region id -> its mask now; without pixels, the region is removed.
        allocate: allocates ids for new rows.
        origin: who makes the change.
    """
    made = Change({}, None, origin)
    if new:
        frame = pd.DataFrame({**new, "source": "human", "origin": origin})
        made = _added(state, frame, allocate, origin, "")
    there = state.tables["regions"]
    ids = np.array(sorted(cut), np.int64)
    left = rle.areas([cut[int(i)] for i in ids]) > 0
    at = positions(there.index, ids)
    old = take(values(there["mask"]), at[left])
    masks = pd.Series([cut[int(i)] for i in ids[left]], dtype=there["mask"].dtype).array
    updated = {"mask": Cells(ids[left], old, masks)} if left.any() else {}
    gone = take_rows(there, at[~left]) if (~left).any() else NO_ROWS
    rows = made.tables.get("regions", TableChange())
    rows = TableChange(rows.created, updated, gone)
    return replace(made, tables={**made.tables, "regions": rows} if rows else made.tables)


def _added(
    state: State,
    frame: pd.DataFrame,
    allocate: Allocate,
    origin: str,
    note: str,
    *,
    weight: float | None = None,
    lifted: np.ndarray | None = None,
) -> Change:
    """The rows with ids, and images that were unlabeled as partial where a region says what is done."""
    tables: dict[str, TableChange] = {}
    if len(frame):
        rows = extend(state.tables["regions"], conform(frame, "regions", state.labels))
        tables["regions"] = TableChange(
            numbered(rows, allocate("regions", len(rows)), INDEX_NAMES["regions"])
        )
    done = frame.loc[(frame["kind"] == "done").to_numpy(bool), "image_id"].to_numpy(np.int64)
    images = state.tables["images"]
    touched = distinct(done if lifted is None else lifted)
    unlabeled = touched[(images["state"].loc[pd.Index(touched)] == "unlabeled").to_numpy(bool)]
    changed = lift(images, unlabeled, weight, by_hand=weight is None)
    tables |= {"images": changed} if changed else {}
    return Change(tables, None, origin, note)
