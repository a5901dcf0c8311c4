"""Accept or reject predictions in bulk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange
from ...core.change.table_change import ids_of, select_rows, take_rows
from ...core.decisions.decided import REPLACED, decided
from ...core.decisions.same_rows import among, firsts
from ...core.errors import DataError, UnknownNameError, first
from ...core.geometry.overlap.keep_best import losers, overlapping
from ...core.id_sets import distinct
from ...core.tables.arrays import positions, values
from ...core.tables.schema import INDEX_NAMES
from ...core.tables.state import State
from .by_cluster import PROPAGATED
from .cells import Allocate, new_instances, numbered, remove, set_cells
from .image_state import lift

__all__ = ["OVERLAPS", "accept", "decided", "reject"]

OVERLAPS = ("allow", "replace", "skip")


@dataclass
class _Sorted:
    """The accepted rows, and why the others are left out.

    Attributes:
        taken: positions of the accepted rows.
        replaced: ids of the instances that they replace.
        replaced_by: position of the row that replaces each of these instances.
        notes: why the other rows are left out.
    """

    taken: np.ndarray
    replaced: np.ndarray
    replaced_by: np.ndarray
    notes: list[str]


def accept(
    state: State,
    rows: pd.DataFrame,
    allocate: Allocate,
    *,
    weight: float | None,
    overlap: str,
    iou: float,
    status: str,
    origin: str | None,
    label: str | None = None,
) -> Change:
    """Make instances of predictions; see :meth:`Dataset.accept`."""
    _check_rows(rows, "accept")
    if overlap not in OVERLAPS:
        raise DataError(f"overlap must be one of {', '.join(OVERLAPS)}, got {overlap!r}")
    if not 0 <= iou <= 1:
        raise DataError(f"iou must be between 0 and 1, got {iou}")
    if label is not None and label not in state.labels:
        raise UnknownNameError(
            f"there is no label {label!r}; there are {', '.join(state.labels) or 'none'}: "
            f"ds.add_label({label!r}) first"
        )
    if rows.index.name == INDEX_NAMES["instances"]:
        _check_masks(state, rows, "accept")
        cells = {"status": status} | ({} if label is None else {"label": label})
        change = set_cells(state, "instances", distinct(ids_of(rows)), cells, origin or _who(rows))
        return Change(change.tables, None, change.origin, f"accepted {len(rows)} instances")
    if not len(rows):
        return Change({}, None, origin or "", "accepted none of 0")
    clusters = origin is None and _is_propagated(rows)
    rows = rows.sort_values("origin", kind="stable") if clusters else rows
    given = rows.assign(status=status) if "source" in rows else rows.assign(status=status, source="model")
    named = given if label is None else given.assign(label=label)
    new = new_instances(state, named)
    chosen = _choose(state, new, overlap, iou)
    accepted = take_rows(new, chosen.taken)
    tables: dict[str, TableChange] = {}
    replaced_by: dict[int, int] = {}
    notes = [f"accepted {len(accepted)} of {len(rows)}", *chosen.notes]
    if len(accepted):
        created = numbered(accepted, allocate("instances", len(accepted)), INDEX_NAMES["instances"])
        tables["instances"] = TableChange(
            created, deleted=select_rows(state.tables["instances"], chosen.replaced)
        )
        images = lift(state.tables["images"], distinct(values(created["image_id"])), weight)
        tables |= {"images": images} if images else {}
        notes += _said_of_partial(images, weight)
        if label is not None:
            tables |= _taken_over(state, take_rows(given, chosen.taken), label, allocate)
        place = np.searchsorted(chosen.taken, chosen.replaced_by)
        replaced_by = dict(zip(chosen.replaced.tolist(), ids_of(created)[place].tolist(), strict=True))
    change = Change(tables, None, origin or _who(rows), ", ".join(notes))
    if not clusters or not change or created["origin"].nunique() == 1:
        return change
    return replace(change, origin=_common(created["origin"]), by_origin=replaced_by)


def reject(state: State, rows: pd.DataFrame, allocate: Allocate, origin: str | None) -> Change:
    """Reject predictions, or remove instances; see :meth:`Dataset.reject`."""
    _check_rows(rows, "reject")
    if rows.index.name == INDEX_NAMES["instances"]:
        _check_masks(state, rows, "reject")
        change = remove(state, "instances", distinct(ids_of(rows)), origin or _who(rows))
        return Change(change.tables, None, change.origin, f"rejected {len(rows)} instances")
    if not len(rows):
        return Change({}, None, origin or "", "rejected none of 0")
    given = rows if "source" in rows else rows.assign(source="model")
    new = new_instances(state, given, "rejected")
    fresh = _fresh(new, state.tables["rejected"])
    tables = {}
    if len(fresh):
        start = allocate("instances", len(fresh))
        tables["rejected"] = TableChange(numbered(take_rows(new, fresh), start, INDEX_NAMES["rejected"]))
    note = f"rejected {len(fresh)} of {len(rows)}"
    return Change(tables, None, origin or _who(rows), note)


def _check_rows(rows: Any, verb: str) -> None:
    """Check that the argument is explicitly selected rows.

    Raises:
        DataError: it is a whole run or propagation, ids, or anything else; the message says what to write.
    """
    if isinstance(rows, pd.DataFrame):
        return
    what = f"ds.{verb} takes rows, so that nothing is taken over that nobody picked"
    if hasattr(rows, "accepted"):
        raise DataError(f"{what}: ds.{verb}(p.accepted) takes what the propagation accepts")
    if hasattr(rows, "predictions"):
        n = len(rows.predictions)
        raise DataError(
            f'{what}: ds.{verb}(run.query("score > 0.5")) takes those of a score, ds.{verb}(run.predictions) '
            f"all {n:,} of the run"
        )
    if isinstance(rows, pd.Series) and pd.api.types.is_bool_dtype(rows.dtype):
        raise DataError(f"{what}, got booleans: ds.{verb}(run.predictions[keep])")
    raise DataError(
        f"{what}, got {type(rows).__name__}: ds.{verb}(run.predictions.loc[ids]), a list of ids even for one"
    )


def _check_masks(state: State, rows: pd.DataFrame, verb: str) -> None:
    """Refuse instances that a propagation of answers names: it decided about answers, not about masks.

    Raises:
        DataError: the origins of all rows are a propagation's, and not those of the instances.
    """
    there = state.tables["instances"]
    at = positions(there.index, ids_of(rows))
    if not len(rows) or not _is_propagated(rows) or (at < 0).any():
        return
    if (there["origin"].to_numpy()[at] != rows["origin"].to_numpy()).all():
        raise DataError(
            f"ds.{verb} is about masks, and {_common(rows['origin'])} decided about answers of instances "
            "that are there already: ds.apply(p) writes the answers"
        )


def _taken_over(state: State, given: pd.DataFrame, label: str, allocate: Allocate) -> dict[str, TableChange]:
    """Rows of ``rejected`` with status REPLACED, for predictions that are accepted with another label."""
    other = new_instances(state, given[given["label"] != label].assign(status=REPLACED), "rejected")
    fresh = take_rows(other, _fresh(other, state.tables["rejected"]))
    if not len(fresh):
        return {}
    start = allocate("instances", len(fresh))
    return {"rejected": TableChange(numbered(fresh, start, INDEX_NAMES["rejected"]))}


def _is_propagated(rows: pd.DataFrame) -> bool:
    """Whether every row has a cluster of a propagation as its origin."""
    if not {"source", "origin"} <= set(rows.columns):
        return False
    return bool((rows["source"] == PROPAGATED).all() and (rows["origin"].fillna("") != "").all())


def _common(origins: pd.Series) -> str:
    """The propagations of the clusters."""
    return first(origins.str.split("/").str[0].unique(), 3)


def _choose(state: State, new: pd.DataFrame, overlap: str, iou: float) -> _Sorted:
    notes = []
    there = _fresh(new, state.tables["instances"])
    taken = there[~among(new, state.tables["rejected"])[there]]
    if len(there) < len(new):
        notes.append(f"{len(new) - len(there)} were there already")
    if len(taken) < len(there):
        notes.append(f"{len(there) - len(taken)} had been rejected")
    replaced = by = np.array([], dtype=np.int64)
    if overlap != "allow" and len(taken):
        before = len(taken)
        taken, replaced, by = _resolve(state, new, taken, overlap, iou)
        if len(taken) < before:
            notes.append(f"{before - len(taken)} overlapped an instance or a better one")
        if len(replaced):
            notes.append(f"replaced {len(replaced)} instances")
    return _Sorted(taken, replaced, by, notes)


def _resolve(
    state: State, new: pd.DataFrame, taken: np.ndarray, overlap: str, iou: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Resolve overlaps above ``iou``: predictions to accept, instances to replace, and by which row."""
    labels = state.tables["instances"]
    near = np.isin(values(labels["image_id"]), values(new["image_id"])) & ~values(labels["crowd"])
    labels = take_rows(labels, near)
    on, masks = values(new["image_id"]), new["mask"].array
    met = overlapping(on, masks, values(labels["image_id"]), labels["mask"].array, above=iou)
    mine, theirs = met.left, met.right
    if overlap == "skip":
        taken = taken[~np.isin(taken, mine)]
    score = new["score"].fillna(1.0).to_numpy()[taken]
    among = overlapping(on, masks, above=iou)
    beaten = losers(np.column_stack([among.left, among.right]), taken[np.argsort(-score, kind="stable")])
    taken = taken[~np.isin(taken, beaten)]
    wins = np.isin(mine, taken) & (overlap == "replace")
    gone, which = np.unique(theirs[wins], return_index=True)
    return taken, ids_of(labels)[gone], mine[wins][which]


def _fresh(new: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Positions of the rows that have no equal row in ``known``; only the first of equal rows."""
    return np.flatnonzero(firsts(new) & ~among(new, known))


def _said_of_partial(images: TableChange, weight: float | None) -> list[str]:
    """A note on how training treats images that become partial."""
    n = len(images.updated["state"].ids) if "state" in images.updated else 0
    what = "1 image is partial now" if n == 1 else f"{n:,} images are partial now"
    taken = (
        "training takes what is not labeled there for background (partial='skip' leaves them out; "
        "ignore=run spares what nobody has answered)"
    )
    if weight == 0:
        taken = "with weight 0 training leaves them out"
    elif weight is None:
        taken = f"where their weight is above 0, {taken}"
    return [f"{what}: {taken}"] if n else []


def _who(rows: pd.DataFrame) -> str:
    """The origins of the rows as one text, for the origin of the change."""
    if "origin" not in rows:
        return ""
    return first([x for x in rows["origin"].dropna().unique() if x], 3)
