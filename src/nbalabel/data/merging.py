"""Two writers on one version: merged row by row where they touched different cells, else a named conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..core.change import Change, State, TableChange, apply
from ..core.columns import equal, is_recast, same_dtype, take, values
from ..core.errors import ConflictError, DataError, first
from ..core.fit import fit
from ..core.rows import NO_ROWS, Cells, ids_of, select_rows, take_rows
from .checks import check_change
from .storage import merge_all

_ONE_MASK = ("mask", "x", "y", "w", "h", "area", "image_id")
Ids = dict[str, np.ndarray]


def merge_with(
    ours: Sequence[Change], theirs: Change, our_state: State, their_state: State, keep: str | None = None
) -> tuple[list[Change], State]:
    """Our changes on top of theirs.

    Args:
        ours: changes since the version both began on, oldest first.
        theirs: theirs since then.
        our_state: the tables after ours.
        their_state: the tables after theirs.
        keep: whose cells stay where both changed the same: "mine" or "theirs"; None raises.

    Returns:
        Our changes, fitted, and the state after both.

    Raises:
        ConflictError: both changed the same rows; ``rows`` names them.
    """
    net = merge_all(ours)
    _check_structure(net, theirs)
    clash = conflicts(net, theirs)
    if clash and keep is None:
        raise _conflict(clash)
    state, fitted = their_state, []
    for change in ours:
        moved = fit(_without(change, clash) if keep == "theirs" else change, state)
        if moved:
            state = apply(state, moved)
            fitted.append(moved)
    if keep is not None:
        repair = _repair(state, our_state, net, theirs, keep)
        if repair:
            state = apply(state, repair)
            fitted.append(repair)
    try:
        check_change(merge_all(fitted), state)
    except DataError as error:
        raise ConflictError(f"your changes do not fit what was committed meanwhile: {error}") from error
    return fitted, state


def conflicts(ours: Change, theirs: Change) -> Ids:
    """Rows that two changes of one state do not agree on, by table."""
    out: Ids = {}
    for name in ("images", "instances", "rejected"):
        a, b = ours.tables.get(name, TableChange()), theirs.tables.get(name, TableChange())
        ids = [
            np.intersect1d(ids_of(a.created), ids_of(b.created)),
            np.intersect1d(ids_of(a.deleted), b.updated_ids),
            np.intersect1d(ids_of(b.deleted), a.updated_ids),
            *(_clash(a, b, [column]) for column in a.updated if column in b.updated),
            _clash(a, b, [c for c in _ONE_MASK if c in a.updated or c in b.updated]),
        ]
        if name != "images":
            ids += [_on_removed(a, theirs), _on_removed(b, ours)]
        joined = np.unique(np.concatenate(ids))
        if len(joined):
            out[name] = joined
    return out


def _clash(a: TableChange, b: TableChange, columns: list[str]) -> np.ndarray:
    """Rows where both changed any of these columns, and not to the same."""
    nobody = np.array([], dtype=np.int64)
    in_a = [a.updated[c].ids for c in columns if c in a.updated]
    in_b = [b.updated[c].ids for c in columns if c in b.updated]
    both = np.intersect1d(np.concatenate([nobody, *in_a]), np.concatenate([nobody, *in_b]))
    agree = np.ones(len(both), dtype=bool)
    for column in columns if len(both) else []:
        agree &= _agree(a.updated.get(column), b.updated.get(column), both)
    return both[~agree]


def _agree(a: Cells | None, b: Cells | None, ids: np.ndarray) -> np.ndarray:
    in_a = np.isin(ids, a.ids) if a is not None else np.zeros(len(ids), dtype=bool)
    in_b = np.isin(ids, b.ids) if b is not None else np.zeros(len(ids), dtype=bool)
    agree: np.ndarray = in_a == in_b
    both = in_a & in_b
    if a is None or b is None or a.new is None or b.new is None or not both.any():
        return agree
    x = take(a.new, np.searchsorted(a.ids, ids[both]))
    y = take(b.new, np.searchsorted(b.ids, ids[both]))
    comparable = same_dtype(x.dtype, y.dtype) or is_recast(x.dtype, y.dtype)
    agree[both] = equal(x, y) if comparable else False
    return agree


def _on_removed(rows: TableChange, other: Change) -> np.ndarray:
    """Rows put on images that the other removed."""
    removed = ids_of(other.tables.get("images", TableChange()).deleted)
    created = rows.created
    found = (
        ids_of(created)[np.isin(created["image_id"].to_numpy(), removed)] if len(created) else ids_of(NO_ROWS)
    )
    moved = rows.updated.get("image_id")
    if moved is not None and moved.new is not None:
        found = np.concatenate([found, moved.ids[np.isin(moved.new, removed)]])
    return found


def _check_structure(ours: Change, theirs: Change) -> None:
    if ours.labels and theirs.labels and ours.labels != theirs.labels:
        for before, after in (ours.labels, theirs.labels):
            if after[: len(before)] != before:
                raise ConflictError(
                    "you and somebody else both changed the label list: yours is "
                    f"{', '.join(ours.labels[1])}; theirs {', '.join(theirs.labels[1])}. "
                    "ds.undo() yours, ds.refresh(), and make it again"
                )
    for name in ours.tables.keys() & theirs.tables.keys():
        a, b = ours.tables[name].updated, theirs.tables[name].updated
        both = [c for c in a.keys() & b.keys() if c != "label" and a[c].retypes and b[c].retypes]
        if both:
            raise ConflictError(
                f"you and somebody else both added, removed or retyped the column {first(sorted(both))} "
                f"of {name}: ds.undo() yours, ds.refresh(), and make it again"
            )


def _conflict(clash: Mapping[str, np.ndarray]) -> ConflictError:
    rows = {name: [int(i) for i in ids] for name, ids in clash.items()}
    named = "; ".join(f"{name} {first(ids)}" for name, ids in rows.items())
    n = sum(map(len, rows.values()))
    return ConflictError(
        f"somebody else committed changes of {n} rows you changed too: {named}. Nothing is lost: "
        'ds.refresh(keep="mine") keeps your cells there, ds.refresh(keep="theirs") theirs; then commit again',
        rows,
    )


def _without(change: Change, clash: Ids) -> Change:
    """A change less what it does to some rows."""
    tables = {}
    for name, rows in change.tables.items():
        ids = clash.get(name)
        tables[name] = rows if ids is None else _drop(rows, ids)
    return replace(change, tables=tables)


def _drop(rows: TableChange, ids: np.ndarray) -> TableChange:
    updated = {}
    for name, cells in rows.updated.items():
        left = cells.at(~np.isin(cells.ids, ids))
        if len(left.ids) or left.retypes:
            updated[name] = left
    created = take_rows(rows.created, ~np.isin(ids_of(rows.created), ids)) if len(rows.created) else NO_ROWS
    deleted = take_rows(rows.deleted, ~np.isin(ids_of(rows.deleted), ids)) if len(rows.deleted) else NO_ROWS
    return TableChange(created, updated, deleted, rows.columns)


def _repair(state: State, our_state: State, ours: Change, theirs: Change, keep: str) -> Change:
    """What a kept side still needs: rows the other side removed come back, rows on removed images go."""
    tables: dict[str, TableChange] = {}
    if keep == "mine":
        tables = _resurrect(state, our_state, ours, theirs)
    images = ids_of(state.tables["images"])
    if "images" in tables:
        images = np.union1d(images, ids_of(tables["images"].created))
    for name in ("instances", "rejected"):
        frame = state.tables[name]
        lost = ~np.isin(values(frame["image_id"]), images)
        if lost.any():
            rows = tables.get(name, TableChange())
            tables[name] = replace(rows, deleted=take_rows(frame, lost))
    return fit(Change(tables, None, "merge", f"kept {keep} where both changed the same"), state)


def _resurrect(state: State, our_state: State, ours: Change, theirs: Change) -> dict[str, TableChange]:
    tables: dict[str, TableChange] = {}
    wanted_images = np.array([], dtype=np.int64)
    for name in ("instances", "rejected", "images"):
        rows, other = ours.tables.get(name, TableChange()), theirs.tables.get(name, TableChange())
        back = np.intersect1d(rows.updated_ids, ids_of(other.deleted))
        if name == "images":
            back = np.union1d(back, np.intersect1d(wanted_images, ids_of(other.deleted)))
        elif len(rows.created) or len(back):
            on = np.union1d(ids_of(rows.created), back)
            frame = select_rows(our_state.tables[name], on)
            wanted_images = np.union1d(wanted_images, values(frame["image_id"]))
        back = np.setdiff1d(back, ids_of(state.tables[name]))
        if len(back):
            tables[name] = TableChange(created=select_rows(our_state.tables[name], back))
    return tables
