"""What becomes of the state and the weight of an image when labels come or go: the one place that says it.

State and rows must agree: an image that is "unlabeled" or "empty" has no label on it. Where an edit puts
labels on such an image, the state becomes "partial" (:func:`lift`, :func:`follow`). Where somebody says
"unlabeled" or "empty" of an image that has labels, the edit is refused (:func:`check_states`). Where what is
said of an image is taken back, it is "unlabeled" and out of training (:func:`unlabeled`); a revert takes it
back only where no label remains (:func:`keep_labeled`). Labels that are removed change no state: whether the
image is still labeled all over is for a person to say. Datasets of earlier versions may hold images that do
not agree: they open, and stay as they are until one of the two is edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange, apply
from ...core.change.table_change import ids_of, merge_rows
from ...core.errors import DataError, first
from ...core.tables.arrays import Array, equal, positions, take, values
from ...core.tables.state import State

BARE = ("unlabeled", "empty")
"""States of images without a label on them."""


def lift(
    images: pd.DataFrame, ids: np.ndarray, weight: float | None = None, *, by_hand: bool = False
) -> TableChange:
    """What becomes of images that get labels: bare ones are labeled in part.

    Args:
        images: the table as it is.
        ids: images that get labels, each once, ascending.
        weight: sampling weight they all get; None leaves it.
        by_hand: somebody draws on them: images nobody labeled until now, of weight 0, get weight 1. Goes
            without ``weight``.
    """
    at = positions(images.index, ids)
    state, old = take(values(images["state"]), at), take(values(images["weight"]), at)
    new = old if weight is None else np.full(len(ids), weight, np.float32)
    if by_hand:
        new = np.where(np.asarray(state == "unlabeled") & (old == 0), np.float32(1), old)
    wanted = state.copy()
    wanted[_is_bare(state)] = "partial"
    return _cells(ids, {"state": (state, wanted), "weight": (old, new)})


def unlabeled(images: pd.DataFrame, ids: np.ndarray) -> TableChange:
    """What becomes of images of which everything said is taken back: unlabeled, and of weight 0.

    Args:
        images: the table as it is.
        ids: of the images, each once, ascending.
    """
    at = positions(images.index, ids)
    state, weight = take(values(images["state"]), at), take(values(images["weight"]), at)
    wanted = pd.Categorical(["unlabeled"] * len(ids), dtype=state.dtype)
    return _cells(ids, {"state": (state, wanted), "weight": (weight, np.zeros(len(ids), weight.dtype))})


def keep_labeled(rows: TableChange, labeled: np.ndarray) -> TableChange:
    """The change of images without what makes images bare that keep labels: their state and weight stay.

    Args:
        rows: what is to become of the images.
        labeled: ids of the images on which labels remain.
    """
    said = rows.updated.get("state")
    if said is None:
        return rows
    kept = np.intersect1d(said.ids[_is_bare(said.new)], labeled)
    left = {
        name: cells.at(~np.isin(cells.ids, kept)) if name in ("state", "weight") else cells
        for name, cells in rows.updated.items()
    }
    return replace(rows, updated={name: cells for name, cells in left.items() if len(cells.ids)})


def follow(change: Change, state: State) -> Change:
    """The change, and bare images that get labels by it lifted as well.

    Args:
        change: for the tables as they are; it may say the state of these images itself.
        state: the tables as they are.
    """
    own = change.tables.get("images", TableChange())
    known = np.concatenate([_told(change), ids_of(own.created), ids_of(own.deleted)])
    getting = np.setdiff1d(_labeled(change), known)
    images = state.tables["images"]
    lifted = lift(images, getting[positions(images.index, getting) >= 0])
    if not lifted:
        return change
    return replace(change, tables={**change.tables, "images": merge_rows(own, lifted)})


def agree(state: State, ours: Change, theirs: Change) -> State:
    """Tables after two writers, where images that one said to be bare and the other labeled are partial.

    Args:
        state: the tables after both.
        ours: what one did.
        theirs: what the other did.
    """
    both = [np.intersect1d(_told(a), _labeled(b)) for a, b in ((ours, theirs), (theirs, ours))]
    wrong = _disagreeing(np.union1d(*both), state)
    if not len(wrong):
        return state
    return apply(state, Change({"images": lift(state.tables["images"], wrong)}))


def check_states(change: Change, after: State) -> None:
    """Check that no image is said to be bare that has labels.

    Args:
        change: what is made; images that come or come back with it are as they are.
        after: the tables after it.

    Raises:
        DataError: some are; the message names them.
    """
    wrong = _disagreeing(_told(change), after)
    if not len(wrong):
        return
    images, on = after.tables["images"], values(after.tables["instances"]["image_id"])
    n = int(np.isin(on, wrong).sum())
    said = first(sorted({str(x) for x in images["state"].array[positions(images.index, wrong)]}))
    raise DataError(
        f"images: state {said} means that no label is on an image, but {n:,} labels are on {len(wrong):,} of "
        f"these: {first(wrong)}. Expected partial or complete; or remove their labels first: "
        "ds.remove(ds.instances[ds.instances.image_id.isin(ids)])"
    )


def _disagreeing(ids: np.ndarray, state: State) -> np.ndarray:
    """Which of these images are bare, and have labels; ascending."""
    images = state.tables["images"]
    at = positions(images.index, ids)
    ids = ids[at >= 0]
    ids = ids[_is_bare(images["state"].array[at[at >= 0]])]
    return ids[np.isin(ids, values(state.tables["instances"]["image_id"]))] if len(ids) else ids


def _told(change: Change) -> np.ndarray:
    """Images whose state a change sets, ascending."""
    cells = change.tables.get("images", TableChange()).updated.get("state")
    return np.array([], np.int64) if cells is None else cells.ids


def _labeled(change: Change) -> np.ndarray:
    """Images that get labels by a change, ascending."""
    rows = change.tables.get("instances", TableChange())
    got = [values(rows.created["image_id"])] if len(rows.created) else []
    got += [rows.updated["image_id"].new] if "image_id" in rows.updated else []
    return np.unique(np.concatenate(got)) if got else np.array([], np.int64)


def _is_bare(state: Array) -> np.ndarray:
    return np.asarray(pd.Series(state).isin(BARE))


def _cells(ids: np.ndarray, columns: Mapping[str, tuple[Array, Array]]) -> TableChange:
    """What differs between the old and the new values of some columns."""
    cells = {name: Cells(ids, old, new).at(~equal(old, new)) for name, (old, new) in columns.items()}
    return TableChange(updated={name: cell for name, cell in cells.items() if len(cell.ids)})
