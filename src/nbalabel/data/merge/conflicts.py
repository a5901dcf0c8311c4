"""Conflicts between two changes of one state, and what remains of the change that yields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import NO_ROWS, diff_rows, ids_of, select_rows, take_rows
from ...core.errors import ConflictError, first
from ...core.id_sets import are_in, common, union
from ...core.ontology.attribute import Attribute
from ...core.ontology.entries import clashing_entries, named
from ...core.ontology.ontology import Entry, Key, question_text
from ...core.tables.arrays import Array, equal, is_recast, missing, recast, same_dtype, take, values
from ...core.tables.names import shown
from ...core.tables.schema import ON_IMAGES, ONE_MASK

Ids = dict[str, np.ndarray]
"""Table name -> ids of rows, ascending."""

_AGAIN = "ds.undo() yours, ds.refresh(), and make it again"
_TABLES = ("images", *ON_IMAGES)


def conflicts(ours: Change, theirs: Change) -> Ids:
    """Rows in which two changes of one state conflict, by table."""
    out: Ids = {}
    for name in _TABLES:
        a, b = _rows(ours, name), _rows(theirs, name)
        ids = [_unlike(a, b), *_clashing(a, b, name).values()]
        ids += [common(ids_of(a.deleted), touched(b)), common(ids_of(b.deleted), touched(a))]
        if name != "images":
            ids += [_on_removed(a, theirs), _on_removed(b, ours)]
        joined = union(*ids)
        if len(joined):
            out[name] = joined
    return out


def yielding(loser: Change, winner: Change, given_up: Ids) -> tuple[Change, Change]:
    """Split a change into the part that does not conflict with a winning change, and the part to drop.

    If the removal of an image is dropped, so is the removal of the rows on the image.

    Args:
        loser: the change that yields.
        winner: the change that wins; both are changes of one state.
        given_up: rows of the loser to drop as well.
    """
    cells = {name: _lost_cells(_rows(loser, name), winner, name) for name in _TABLES}
    rows = {name: _lost_rows(_rows(loser, name), winner, name) for name in _TABLES}
    staying = _staying(loser, winner, cells)
    rows["images"] = union(rows["images"], staying)
    for name in ON_IMAGES:
        rows[name] = union(rows[name], given_up.get(name, _NOBODY), _on(_rows(loser, name), staying))
    split = {n: _split(rows_, rows[n], cells[n]) for n, rows_ in loser.tables.items()}
    left = replace(loser, tables={name: kept for name, (kept, _) in split.items() if kept})
    return left, Change({name: lost for name, (_, lost) in split.items() if lost})


def check_structure(ours: Change, theirs: Change, keep: str | None = None) -> None:
    """Refuse conflicts that cannot be resolved cell by cell: in labels, the ontology, or a whole column.

    Args:
        ours: the change of one writer.
        theirs: the change of the other one, of the same state.
        keep: whose definitions stay where both defined the same; None refuses such.

    Raises:
        ConflictError: the message names the labels, the definitions or the column, and what to do.
    """
    if ours.labels and theirs.labels and ours.labels != theirs.labels:
        for before, after in (ours.labels, theirs.labels):
            if after[: len(before)] != before:
                raise ConflictError(
                    "you and somebody else both changed the label list: yours is "
                    f"{', '.join(ours.labels[1])}; theirs {', '.join(theirs.labels[1])}. {_AGAIN}"
                )
    clash = clashing_entries(ours.ontology, theirs.ontology)
    if clash and keep is None:
        raise ConflictError(
            f"you and somebody else defined {first(map(named, clash))} in two ways; "
            f"{_both_ways(clash[0], ours, theirs)}. Nothing is lost: "
            'ds.refresh(keep="mine") keeps your definitions there, ds.refresh(keep="theirs") theirs'
        )
    for name in _TABLES:
        a, b = _rows(ours, name), _rows(theirs, name)
        names = [c for c in {**a.updated, **b.updated} if not _both_ask((name, c), ours, theirs)]
        bad = [c for c in names if _is_another(a, b, c) or _is_another(b, a, c)]
        if bad:
            raise ConflictError(
                f"the column {first(sorted(bad))} of {name} was added, removed or retyped by you or somebody "
                f"else, and used by the other: {_AGAIN}"
            )


def without_entries(changes: Sequence[Change], entries: Collection[Key]) -> list[Change]:
    """Changes without some entries of the ontology; those that say nothing of them are the same objects."""
    return [
        replace(change, ontology={key: both for key, both in change.ontology.items() if key not in entries})
        if any(key in entries for key in change.ontology)
        else change
        for change in changes
    ]


def touched(rows: TableChange) -> np.ndarray:
    """Rows with changed values; an added or removed column touches no row."""
    return union(*(cells.ids for cells in rows.updated.values() if not cells.covers_all))


def without(frame: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """The rows whose ids are not in ``ids`` (ascending)."""
    if not (len(frame) and len(ids)):
        return frame
    keep = ~are_in(ids_of(frame), ids)
    return frame if keep.all() else take_rows(frame, keep) if keep.any() else NO_ROWS


_NOBODY = np.array([], dtype=np.int64)


def _rows(change: Change, name: str) -> TableChange:
    return change.tables.get(name, TableChange())


def _is_another(a: TableChange, b: TableChange, name: str) -> bool:
    """Whether ``a`` adds, removes or retypes a column that ``b`` writes to or retypes as well."""
    mine, yours = a.updated.get(name), b.updated.get(name)
    if name == "label" or mine is None or not mine.retypes:
        return False
    if not mine.covers_all and _only_adds(mine):
        return yours is not None and yours.covers_all
    if yours is not None:
        return True
    if name not in b.created or not len(b.created):
        return False
    given = values(b.created[name])
    return not bool(equal(given, missing(given.dtype, len(given))).all())


def _both_ask(key: Key, ours: Change, theirs: Change) -> bool:
    """Whether both declare the same attribute, and add its column with the same values."""
    if key not in ours.ontology or ours.ontology[key] != theirs.ontology.get(key):
        return False
    a, b = (_rows(change, key[0]).updated.get(key[1]) for change in (ours, theirs))
    if a is None or b is None or a.old is not None or b.old is not None or a.new is None or b.new is None:
        return False
    return np.array_equal(a.ids, b.ids) and bool(equal(a.new, b.new).all())


def _both_ways(key: Key, ours: Change, theirs: Change) -> str:
    """What both writers said of one entry."""
    mine, other = (change.ontology[key][1] for change in (ours, theirs))
    return f"yours is {_said(mine)}; theirs {_said(other)}"


def _said(entry: Entry | None) -> str:
    if entry is None:
        return "none"
    return question_text(entry) if isinstance(entry, Attribute) else shown(repr(entry.to_json()))


def _only_adds(cells: Cells) -> bool:
    """Whether a list of categories only gets new ones at its end."""
    before, after = (x.dtype.categories for x in (cells.old, cells.new) if x is not None)
    return bool(after[: len(before)].equals(before))


def _unlike(a: TableChange, b: TableChange) -> np.ndarray:
    """Rows that both created with the same id but different values."""
    both = common(ids_of(a.created), ids_of(b.created))
    if not len(both):
        return both
    return diff_rows(select_rows(a.created, both), select_rows(b.created, both)).updated_ids


def _clashing(a: TableChange, b: TableChange, table: str) -> dict[str, np.ndarray]:
    """Column -> rows where both changed it (or its group ONE_MASK) to different values."""
    alone = [c for c in a.updated if c in b.updated and (table == "images" or c not in ONE_MASK)]
    out = {name: _clash(a, b, [name]) for name in alone}
    if table != "images":
        together = [c for c in ONE_MASK if c in a.updated or c in b.updated]
        ids = _clash(a, b, together)
        out |= dict.fromkeys(together, ids)
    return out


def _clash(a: TableChange, b: TableChange, columns: list[str]) -> np.ndarray:
    in_a = union(*(a.updated[c].ids for c in columns if c in a.updated))
    in_b = union(*(b.updated[c].ids for c in columns if c in b.updated))
    both = common(in_a, in_b)
    agree = np.ones(len(both), dtype=bool)
    for column in columns if len(both) else []:
        agree &= _agree(a.updated.get(column), b.updated.get(column), both)
    return both[~agree]


def _agree(a: Cells | None, b: Cells | None, ids: np.ndarray) -> np.ndarray:
    in_a = np.isin(ids, a.ids) if a is not None else np.zeros(len(ids), dtype=bool)
    in_b = np.isin(ids, b.ids) if b is not None else np.zeros(len(ids), dtype=bool)
    agree: np.ndarray = in_a == in_b
    both = in_a & in_b
    if a is None or b is None or not both.any():
        return agree
    x = take(a.new, np.searchsorted(a.ids, ids[both]))
    y = take(b.new, np.searchsorted(b.ids, ids[both]))
    comparable = same_dtype(x.dtype, y.dtype) or is_recast(x.dtype, y.dtype)
    agree[both] = equal(x, y) if comparable else False
    return agree


def _on_removed(rows: TableChange, other: Change) -> np.ndarray:
    """Rows that a change creates on, or moves to, images that the other change removes."""
    removed = ids_of(_rows(other, "images").deleted)
    return union(_put_on(rows, removed), _moved_to(rows, removed))


def _put_on(rows: TableChange, images: np.ndarray) -> np.ndarray:
    if not len(rows.created):
        return _NOBODY
    return ids_of(rows.created)[np.isin(values(rows.created["image_id"]), images)]


def _moved_to(rows: TableChange, images: np.ndarray) -> np.ndarray:
    moved = rows.updated.get("image_id")
    if moved is None:
        return _NOBODY
    new: Array = moved.new
    return np.asarray(moved.ids[np.isin(new, images)])


def _on(rows: TableChange, images: np.ndarray) -> np.ndarray:
    """Deleted rows on these images."""
    if not len(rows.deleted):
        return _NOBODY
    return ids_of(rows.deleted)[np.isin(values(rows.deleted["image_id"]), images)]


def _lost_cells(rows: TableChange, winner: Change, name: str) -> dict[str, np.ndarray]:
    other = _rows(winner, name)
    lost = {column: ids for column, ids in _clashing(rows, other, name).items() if column in rows.updated}
    if name != "images":
        moved = _moved_to(rows, ids_of(_rows(winner, "images").deleted))
        lost = {c: union(ids, moved) if c in ONE_MASK else ids for c, ids in lost.items()}
        lost |= {c: moved for c in ONE_MASK if c in rows.updated and c not in lost}
    return lost


def _lost_rows(rows: TableChange, winner: Change, name: str) -> np.ndarray:
    other = _rows(winner, name)
    lost = [_unlike(rows, other), common(ids_of(rows.deleted), touched(other))]
    lost.append(common(touched(rows), ids_of(other.deleted)))
    if name != "images":
        lost.append(_put_on(rows, ids_of(_rows(winner, "images").deleted)))
    return union(*lost)


def _staying(loser: Change, winner: Change, cells: Mapping[str, dict[str, np.ndarray]]) -> np.ndarray:
    """Images that the loser removes but the winner needs."""
    pictures = _rows(loser, "images")
    removed = ids_of(pictures.deleted)
    if not len(removed):
        return removed
    needed = [touched(_rows(winner, "images"))]
    for name in ON_IMAGES:
        mine, other = _rows(loser, name), _rows(winner, name)
        needed += [values(other.created["image_id"])] if len(other.created) else []
        needed += [np.asarray(other.updated["image_id"].new)] if "image_id" in other.updated else []
        back = common(ids_of(mine.deleted), touched(other))
        needed += [values(select_rows(mine.deleted, back)["image_id"])] if len(back) else []
        if "image_id" in cells[name]:  # moves that are dropped
            moved = mine.updated["image_id"]
            needed.append(np.asarray(moved.old)[np.isin(moved.ids, cells[name]["image_id"])])
    return common(removed, union(*needed))


def _split(
    rows: TableChange, ids: np.ndarray, cells: Mapping[str, np.ndarray]
) -> tuple[TableChange, TableChange]:
    """Split a change of a table into the part to keep and the part to drop, by rows and by cells."""
    kept: dict[str, Cells] = {}
    lost: dict[str, Cells] = {}
    for name, column in rows.updated.items():
        goes = np.isin(column.ids, union(ids, cells.get(name, _NOBODY))) & (not column.covers_all)
        left, taken = column.at(~goes), column.at(goes)
        kept |= {name: left} if len(left.ids) or left.retypes else {}
        lost |= {name: _of_one_type(taken)} if len(taken.ids) else {}
    created, made = _parted(rows.created, ids)
    deleted, gone = _parted(rows.deleted, ids)
    return TableChange(created, kept, deleted, rows.columns), TableChange(made, lost, gone)


def _of_one_type(cells: Cells) -> Cells:
    """Recast old values to the new list of categories: the dropped part does not change the list."""
    new: Array = cells.new
    return replace(cells, old=recast(cells.old, new.dtype)) if cells.retypes else cells


def _parted(frame: pd.DataFrame, ids: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    goes = np.isin(ids_of(frame), ids)
    if not goes.any():
        return frame, NO_ROWS
    return take_rows(frame, ~goes) if not goes.all() else NO_ROWS, take_rows(frame, goes)
