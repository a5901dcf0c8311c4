"""The Change that takes what came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import merge_rows, select_rows
from ...core.geometry.masks import rle
from ...core.id_sets import distinct, minus
from ...core.tables.arrays import equal, positions, take, values
from ...core.tables.of_images import sizes_of
from ...core.tables.state import State
from ..edits.cells import new_instances
from ..edits.image_state import lift
from ..formats.records.ids import IS_BOX
from .answers import Answers
from .comparison import boxes_of

_MASK = ("mask", "x", "y", "w", "h", "area")


def propose(
    state: State,
    rows: pd.DataFrame,
    back: pd.DataFrame,
    origin: str,
    finished: np.ndarray,
    said: Mapping[str, Answers],
) -> Change:
    """The change of the dataset: masks, labels and answers as they came back.

    Args:
        state: the current tables.
        rows: what became of each instance, as :func:`.comparison.compare` gives it, without problems.
        back: the instances that came back.
        origin: origin of the change.
        finished: ids of images that are labeled all over from now on.
        said: table -> the answers of its rows; of instances for those of :func:`alive`.

    Returns:
        The change; rows that are no longer there are left out.
    """
    there = state.tables["instances"]
    kept, added, gone = alive(there, rows)
    updated = {
        **_masks(state, kept, back),
        **_labels(there, kept),
        **_accepted(there, kept),
        **said["instances"].cells,
        **_boxes(there, kept, back),
    }
    created = _created(state, added, back, origin, said["instances"].created)
    deleted = select_rows(there, gone) if len(gone) else TableChange().deleted
    parts = {
        "instances": TableChange(created, {k: c for k, c in updated.items() if len(c.ids)}, deleted),
        "images": merge_rows(
            _images(state, created, gone, finished), TableChange(updated=dict(said["images"].cells))
        ),
    }
    counts = rows["what"].value_counts()
    facts = [f"{n:,} {what}" for what, n in counts.items() if what != "untouched"]
    n_answers = sum(len(cells.ids) for one in said.values() for cells in one.cells.values())
    facts += [f"{n_answers:,} answers"] if n_answers else []
    note = ", ".join(facts) or "nothing changed"
    return Change({name: part for name, part in parts.items() if part}, None, origin, f"delivery: {note}")


def alive(there: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Rows of instances that the dataset has and that came back, rows that are new, and ids that are gone.

    Args:
        there: instances of the dataset.
        rows: what became of each instance, without problems.
    """
    known = rows["instance_id"].notna().to_numpy()
    found = known.copy()
    found[known] = positions(there.index, rows.loc[known, "instance_id"].to_numpy(np.int64)) >= 0
    kept = rows[found & rows["position"].notna().to_numpy()].sort_values("instance_id")
    added = rows[rows["what"].eq("added").to_numpy()]
    gone = np.sort(rows.loc[found & rows["what"].eq("removed").to_numpy(), "instance_id"].to_numpy(np.int64))
    return kept, added, gone


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


def _boxes(there: pd.DataFrame, kept: pd.DataFrame, back: pd.DataFrame) -> dict[str, Cells]:
    """Which of the masks that came back changed are only boxes, where the dataset marks these."""
    rows = kept[(kept["iou"] < 1).to_numpy()]
    if IS_BOX not in there or not pd.api.types.is_bool_dtype(there[IS_BOX].dtype):
        return {}
    ids = rows["instance_id"].to_numpy(np.int64)
    old = there[IS_BOX].iloc[positions(there.index, ids)]
    new = pd.Series(boxes_of(back)[rows["position"].to_numpy(np.int64)], old.index).astype(old.dtype)
    return {IS_BOX: Cells(ids, values(old), values(new)).at(~equal(values(old), values(new)))}


def _created(
    state: State, added: pd.DataFrame, back: pd.DataFrame, origin: str, said: Mapping[str, pd.Series]
) -> pd.DataFrame:
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
    for name, column in said.items():
        rows[name] = column.set_axis(index)
    if IS_BOX in there and pd.api.types.is_bool_dtype(there[IS_BOX].dtype):
        rows[IS_BOX] = pd.Series(boxes_of(back)[at], index).astype(there[IS_BOX].dtype)
    made: pd.DataFrame = new_instances(state, rows)
    return made


def _images(state: State, created: pd.DataFrame, gone: np.ndarray, finished: np.ndarray) -> TableChange:
    """Images that get their first instances become partial; finished ones complete, or empty."""
    images, there = state.tables["images"], state.tables["instances"]
    getting = distinct(created["image_id"].to_numpy(np.int64)) if len(created) else np.zeros(0, np.int64)
    lifted = lift(images, minus(getting, finished), by_hand=True)
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
