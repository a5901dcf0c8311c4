"""The rules for state and weight of an image when its instances change; they are only here.

State and instances must agree: an image that is "unlabeled" or "empty" (*bare*) has no instance. An edit that
adds instances to a bare image sets its state to "partial" (:func:`lift`, :func:`follow`). An edit that sets
"unlabeled" or "empty" on an image with instances is refused (:func:`check_states`). Unlabeling an image sets
"unlabeled" and weight 0 (:func:`unlabeled`); a revert does so only if no instance remains
(:func:`keep_labeled`). Removing instances does not change the state: only a person can say whether the image
is still fully labeled. Datasets of earlier versions may contain images that do not agree: they open, and stay
unchanged until state or instances are edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange, apply
from ...core.change.table_change import ids_of, merge_rows
from ...core.errors import DataError, first
from ...core.id_sets import common, minus, union
from ...core.tables.arrays import Array, equal, positions, take, values
from ...core.tables.state import State

BARE = ("unlabeled", "empty")
"""States of images without instances."""


def lift(
    images: pd.DataFrame, ids: np.ndarray, weight: float | None = None, *, by_hand: bool = False
) -> TableChange:
    """The change of images that get instances: bare images become partial.

    Args:
        images: the current table.
        ids: images that get instances, unique, ascending.
        weight: sampling weight for all of them; None keeps theirs.
        by_hand: a person draws the instances: unlabeled images of weight 0 get weight 1. Not together with
            ``weight``.
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
    """The change that resets images to unlabeled, with weight 0.

    Args:
        images: the current table.
        ids: ids of the images, unique, ascending.
    """
    at = positions(images.index, ids)
    state, weight = take(values(images["state"]), at), take(values(images["weight"]), at)
    wanted = pd.Categorical(["unlabeled"] * len(ids), dtype=state.dtype)
    return _cells(ids, {"state": (state, wanted), "weight": (weight, np.zeros(len(ids), weight.dtype))})


def keep_labeled(rows: TableChange, labeled: np.ndarray) -> TableChange:
    """Drop from a change of images the state and weight of images that it would make bare but keep instances.

    Args:
        rows: the change of the images.
        labeled: ids of the images that keep instances.
    """
    said = rows.updated.get("state")
    if said is None:
        return rows
    kept = common(said.ids[_is_bare(said.new)], labeled)
    left = {
        name: cells.at(~np.isin(cells.ids, kept)) if name in ("state", "weight") else cells
        for name, cells in rows.updated.items()
    }
    return replace(rows, updated={name: cells for name, cells in left.items() if len(cells.ids)})


def follow(change: Change, state: State) -> Change:
    """The change, extended so that bare images to which it adds instances become partial.

    Args:
        change: a change of the current tables; a state that it sets itself is kept.
        state: the current tables.
    """
    own = change.tables.get("images", TableChange())
    known = np.concatenate([_told(change), ids_of(own.created), ids_of(own.deleted)])
    getting = minus(_labeled(change), known)
    images = state.tables["images"]
    lifted = lift(images, getting[positions(images.index, getting) >= 0])
    if not lifted:
        return change
    return replace(change, tables={**change.tables, "images": merge_rows(own, lifted)})


def agree(state: State, ours: Change, theirs: Change) -> State:
    """The tables after two writers; images that one writer made bare and the other labeled become partial.

    Args:
        state: the tables after both changes.
        ours: the change of one writer.
        theirs: the change of the other writer.
    """
    both = [common(_told(a), _labeled(b)) for a, b in ((ours, theirs), (theirs, ours))]
    wrong = _disagreeing(union(*both), state)
    if not len(wrong):
        return state
    return apply(state, Change({"images": lift(state.tables["images"], wrong)}))


def check_states(change: Change, after: State) -> None:
    """Check that a change sets no bare state on an image with instances.

    Args:
        change: the change; images that it creates or restores are not checked.
        after: the tables after the change.

    Raises:
        DataError: it does; the message names the images.
    """
    wrong = _disagreeing(_told(change), after)
    if not len(wrong):
        return
    images, on = after.tables["images"], values(after.tables["instances"]["image_id"])
    n = int(np.isin(on, wrong).sum())
    said = first(sorted({str(x) for x in images["state"].array[positions(images.index, wrong)]}))
    raise DataError(
        f"images: state {said} means that no instance is on an image, but {n:,} instances are on "
        f"{len(wrong):,} of these: {first(wrong)}. Expected partial or complete; or remove their "
        "instances first: ds.remove(ds.instances[ds.instances.image_id.isin(ids)])"
    )


def _disagreeing(ids: np.ndarray, state: State) -> np.ndarray:
    """Which of these images are bare but have instances; ascending."""
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
    """Images to which a change adds instances, ascending."""
    rows = change.tables.get("instances", TableChange())
    got = [values(rows.created["image_id"])] if len(rows.created) else []
    got += [rows.updated["image_id"].new] if "image_id" in rows.updated else []
    return union(*got)


def _is_bare(state: Array) -> np.ndarray:
    return np.asarray(pd.Series(state).isin(BARE))


def _cells(ids: np.ndarray, columns: Mapping[str, tuple[Array, Array]]) -> TableChange:
    """The change from old to new values of some columns."""
    cells = {name: Cells(ids, old, new).at(~equal(old, new)) for name, (old, new) in columns.items()}
    return TableChange(updated={name: cell for name, cell in cells.items() if len(cell.ids)})
