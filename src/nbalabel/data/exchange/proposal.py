"""The Change that takes what came back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import merge_rows, select_rows
from ...core.geometry.masks import rle
from ...core.tables.arrays import equal, missing, positions, take, values
from ...core.tables.of_images import sizes_of
from ...core.tables.state import State
from ..edits.cells import new_instances
from ..edits.image_state import lift
from ..formats.records.ids import IS_BOX
from .comparison import boxes_of, own_columns

_MASK = ("mask", "x", "y", "w", "h", "area")


def propose(
    state: State, rows: pd.DataFrame, back: pd.DataFrame, origin: str, finished: np.ndarray
) -> Change:
    """The change of the dataset: masks and labels as they came back.

    Args:
        state: the current tables.
        rows: what became of each instance, as :func:`.comparison.compare` gives it, without problems.
        back: the instances that came back.
        origin: origin of the change.
        finished: ids of images that are labeled all over from now on.

    Returns:
        The change; rows that are no longer there are left out.
    """
    there = state.tables["instances"]
    known = rows["instance_id"].notna().to_numpy()
    alive = known.copy()
    alive[known] = positions(there.index, rows.loc[known, "instance_id"].to_numpy(np.int64)) >= 0
    kept = rows[alive & rows["position"].notna().to_numpy()].sort_values("instance_id")
    added = rows[rows["what"].eq("added").to_numpy()]
    gone = np.sort(rows.loc[alive & rows["what"].eq("removed").to_numpy(), "instance_id"].to_numpy(np.int64))
    updated = {
        **_masks(state, kept, back),
        **_labels(there, kept),
        **_accepted(there, kept),
        **_own(there, kept, back),
        **_boxes(there, kept, back),
    }
    created = _created(state, added, back, origin)
    deleted = select_rows(there, gone) if len(gone) else TableChange().deleted
    parts = {
        "instances": TableChange(created, {k: c for k, c in updated.items() if len(c.ids)}, deleted),
        "images": _images(state, created, gone, finished),
    }
    counts = rows["what"].value_counts()
    note = (
        ", ".join(f"{n:,} {what}" for what, n in counts.items() if what != "untouched") or "nothing changed"
    )
    return Change({name: part for name, part in parts.items() if part}, None, origin, f"delivery: {note}")


def _masks(state: State, kept: pd.DataFrame, back: pd.DataFrame) -> dict[str, Cells]:
    rows = kept[(kept["iou"] < 1).to_numpy()]
    if not len(rows):
        return {}
    there, ids = state.tables["instances"], rows["instance_id"].to_numpy(np.int64)
    masks = back["mask"].iloc[rows["position"].to_numpy(np.int64)]
    box = rle.boxes(masks, sizes_of(state.tables["images"], rows["image_id"])[:, 0])
    new: dict[str, Any] = {name: box[:, i].astype(np.float32) for i, name in enumerate("xywh")}
    new |= {"area": rle.areas(masks).astype(np.int32)}
    new |= {"mask": pd.Series(masks.tolist(), dtype=there["mask"].dtype).array}
    at = positions(there.index, ids)
    return {name: Cells(ids, take(values(there[name]), at), new[name]) for name in _MASK}


def _labels(there: pd.DataFrame, kept: pd.DataFrame) -> dict[str, Cells]:
    rows = kept[kept["what"].eq("renamed").to_numpy()]
    if not len(rows):
        return {}
    ids = rows["instance_id"].to_numpy(np.int64)
    old = take(values(there["label"]), positions(there.index, ids))
    kind: Any = there["label"].dtype
    new: Any = pd.Categorical(rows["label"].tolist(), dtype=kind)
    return {"label": Cells(ids, old, new)}


def _accepted(there: pd.DataFrame, kept: pd.DataFrame) -> dict[str, Cells]:
    """What went out as proposed comes back as accepted: somebody looked at it and left it."""
    ids = kept["instance_id"].to_numpy(np.int64)
    old = take(values(there["status"]), positions(there.index, ids))
    kind: Any = there["status"].dtype
    new: Any = pd.Categorical(["accepted"] * len(ids), dtype=kind)
    return {"status": Cells(ids, old, new).at(np.asarray(old == "proposed"))}


def _own(there: pd.DataFrame, kept: pd.DataFrame, back: pd.DataFrame) -> dict[str, Cells]:
    """Cells of the user's own columns that came back with another value."""
    ids, at = kept["instance_id"].to_numpy(np.int64), kept["position"].to_numpy(np.int64)
    place, out = positions(there.index, ids), {}
    for name in own_columns(there):
        if name not in back or not len(kept):
            continue
        old = there[name].iloc[place]
        new = fitted(back[name].iloc[at].tolist(), old)
        changed = np.flatnonzero(~equal(values(old), values(new)) & new.notna().to_numpy())
        out[name] = Cells(ids[changed], take(values(old), changed), take(values(new), changed))
    return out


def _boxes(there: pd.DataFrame, kept: pd.DataFrame, back: pd.DataFrame) -> dict[str, Cells]:
    """Which of the masks that came back changed are only boxes, where the dataset marks these."""
    rows = kept[(kept["iou"] < 1).to_numpy()]
    if IS_BOX not in there or not pd.api.types.is_bool_dtype(there[IS_BOX].dtype):
        return {}
    ids = rows["instance_id"].to_numpy(np.int64)
    old = there[IS_BOX].iloc[positions(there.index, ids)]
    new = pd.Series(boxes_of(back)[rows["position"].to_numpy(np.int64)], old.index).astype(old.dtype)
    return {IS_BOX: Cells(ids, values(old), values(new)).at(~equal(values(old), values(new)))}


def fitted(found: list[Any], like: pd.Series) -> pd.Series:
    """Values in the dtype of a column; those that do not fit are what the column has, those missing too.

    Args:
        found: values as they came back, ``(n,)``.
        like: the column, ``(n,)``.
    """
    kind = like.dtype
    read = [value_for(value, kind) for value in found]
    old = like.astype(object).tolist()
    out = [was if value is None else value for value, was in zip(read, old, strict=True)]
    return pd.Series(out, index=like.index, dtype=object).astype(kind)


def value_for(value: Any, kind: Any) -> Any:
    """One value for a column of this dtype; None where it is missing or does not fit."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(kind, pd.CategoricalDtype):
        return next((c for c in kind.categories if c == value or str(c) == str(value)), None)
    if pd.api.types.is_bool_dtype(kind):
        return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())
    if pd.api.types.is_numeric_dtype(kind):
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        whole = pd.api.types.is_integer_dtype(kind)
        if whole and (number != int(number) or abs(number) > 2**53):
            return None
        return int(number) if whole else number
    return str(value) if isinstance(kind, pd.StringDtype) or kind is np.dtype(object) else None


def _created(state: State, added: pd.DataFrame, back: pd.DataFrame, origin: str) -> pd.DataFrame:
    there = state.tables["instances"]
    if not len(added):
        return TableChange().created
    at = added["position"].to_numpy(np.int64)
    start = int(there.index.max()) + 1 if len(there) else 1
    index = pd.RangeIndex(start, start + len(at), name="instance_id")
    rows = pd.DataFrame(
        {
            "image_id": added["image_id"].to_numpy(np.int64),
            "label": added["label"].to_numpy(),
            "mask": back["mask"].iloc[at].array,
            "source": "imported",
            "origin": origin,
            "status": "accepted",
        },
        index=index,
    )
    for name in own_columns(there):
        if name in back:
            nothing = pd.Series(missing(there[name].dtype, len(at)), index=index)
            rows[name] = fitted(back[name].iloc[at].tolist(), nothing)
    if IS_BOX in there and pd.api.types.is_bool_dtype(there[IS_BOX].dtype):
        rows[IS_BOX] = pd.Series(boxes_of(back)[at], index).astype(there[IS_BOX].dtype)
    made: pd.DataFrame = new_instances(state, rows)
    return made


def _images(state: State, created: pd.DataFrame, gone: np.ndarray, finished: np.ndarray) -> TableChange:
    """Images that get their first instances become partial; finished ones complete, or empty."""
    images, there = state.tables["images"], state.tables["instances"]
    getting = np.unique(created["image_id"].to_numpy(np.int64)) if len(created) else np.zeros(0, np.int64)
    lifted = lift(images, np.setdiff1d(getting, finished), by_hand=True)
    if not len(finished):
        return lifted
    stays = there.loc[~there.index.isin(gone), "image_id"].to_numpy(np.int64)
    filled = np.isin(finished, np.concatenate([stays, getting]))
    at = positions(images.index, finished)
    old, weight = take(values(images["state"]), at), take(values(images["weight"]), at)
    kind: Any = images["state"].dtype
    new: Any = pd.Categorical(np.where(filled, "complete", "empty").tolist(), dtype=kind)
    fresh = np.asarray(old == "unlabeled") & (weight == 0)
    cells = {
        "state": Cells(finished, old, new).at(np.asarray(old != new)),
        "weight": Cells(finished, weight, np.where(fresh, np.float32(1), weight)).at(fresh),
    }
    return merge_rows(lifted, TableChange(updated={k: c for k, c in cells.items() if len(c.ids)}))
