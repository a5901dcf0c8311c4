"""Twins, rows that two writers created alike: each mask is kept once, each prediction has one decision.

A mask is identified by its image, label and bytes, as in :meth:`Dataset.accept`; an accepted prediction that
was edited later, by these values at acceptance and its run.

Our twin is dropped, and our later edits are applied to theirs. For that, both changes are rewritten as if the
row had existed before: where our row differs from theirs, that is an edit of the row, and vice versa.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange, merge
from ...core.change.table_change import diff_rows, ids_of, select_rows, take_rows
from ...core.errors import first
from ...core.id_sets import are_in, union
from ...core.tables.arrays import Array, concat, equal, missing, recast, take, values
from ...core.tables.schema import INSTANCES, ONE_MASK, STATUSES
from .answered import MODELS, TABLES, Born, Key, Row, born, disagreements, keys
from .conflicts import Ids, without

_WORDS = {"instances": "masks", "rejected": "rejections"}


@dataclass(frozen=True, eq=False)
class Twins:
    """The changes of two writers, rewritten without twins.

    Attributes:
        ours: our changes, oldest first; updates of their rows replace the creation of our twins.
        theirs: their changes merged into one, as if the twins had existed before.
        note: text about the rows that are kept once; "" if none.
        noted: ids of our changes whose note also says so.
        our_answers: our rows with a decision about a prediction that differs from theirs.
        their_answers: their rows, likewise.
        disagree: number of such predictions.
    """

    ours: Sequence[Change]
    theirs: Change
    note: str = ""
    noted: frozenset[str] = frozenset()
    our_answers: Ids = field(default_factory=dict)
    their_answers: Ids = field(default_factory=dict)
    disagree: int = 0


def join_twins(
    ours: Sequence[Change],
    net: Change,
    theirs: Change,
    their_steps: Callable[[], Sequence[Change]] | None = None,
) -> Twins:
    """Find rows that both created, and rewrite both changes so that each row is created once.

    Args:
        ours: our changes, oldest first.
        net: our changes merged into one.
        theirs: their changes merged into one.
        their_steps: reads their changes one by one; called only if both decided on predictions of one image.
    """
    if not _share_images(ours, theirs):
        return Twins(ours, theirs)
    every = born(ours)
    mine, yours = _alive(every, net), _alive(born([theirs]), theirs)
    same = _same(mine, yours, net, theirs)
    if their_steps and _images(mine, same) & _images(yours, same.values()):
        yours = _alive(born(their_steps()), theirs)
        same |= _same_predictions(mine, yours, same)
    our_answers, their_answers, disagree = disagreements(mine, yours, same)
    passing = _passing(every, mine, yours)
    if not (same or passing):
        return Twins(ours, theirs, "", frozenset(), our_answers, their_answers, disagree)
    joined, noted = _join_ours(ours, every, same, passing, theirs)
    split = _join_theirs(theirs, every, same)
    return Twins(joined, split, _told(same), noted, our_answers, their_answers, disagree)


def _share_images(ours: Sequence[Change], theirs: Change) -> bool:
    created = [theirs.tables[n].created for n in TABLES if n in theirs.tables]
    images = union(*(values(frame["image_id"]) for frame in created if len(frame)))
    frames = [c.tables[n].created for c in ours for n in TABLES if n in c.tables] if len(images) else []
    return any(np.isin(values(f["image_id"]), images).any() for f in frames if len(f))


def _alive(rows: Mapping[Row, Born], net: Change) -> dict[Row, Born]:
    left = {n: set(ids_of(net.tables[n].created).tolist()) for n in TABLES if n in net.tables}
    return {row: made for row, made in rows.items() if row[1] in left.get(row[0], ())}


def _same(mine: Mapping[Row, Born], yours: Mapping[Row, Born], net: Change, theirs: Change) -> dict[Row, Row]:
    """Our row -> their row with the same key, by our current values or by those at creation."""
    same: dict[Row, Row] = {}
    for name in TABLES:
        a, b = _created(net, name), _created(theirs, name)
        there = dict(zip(_named(b, name), keys(b, name), strict=True))
        for known in (dict(zip(_named(a, name), keys(a, name), strict=True)), _first_keys(mine, name)):
            same |= _pairs(known, there, same)
    return {a: b for a, b in same.items() if b in yours}


def _same_predictions(
    mine: Mapping[Row, Born], yours: Mapping[Row, Born], same: Mapping[Row, Row]
) -> dict[Row, Row]:
    """Our row -> their row for the same prediction of one run, despite later edits."""
    return _pairs(_predictions(mine), _predictions(yours), same)


def _predictions(rows: Mapping[Row, Born]) -> dict[Row, Key]:
    made = {row: m for row, m in rows.items() if m.value("source") in MODELS and m.value("origin")}
    known = {row: key for name in TABLES for row, key in _first_keys(made, name).items()}
    return {row: (row[0], made[row].value("origin"), *key) for row, key in known.items()}


def _first_keys(rows: Mapping[Row, Born], name: str) -> dict[Row, Key]:
    return {row: made.key for row, made in rows.items() if row[0] == name}


def _pairs(a: Mapping[Row, Key], b: Mapping[Row, Key], taken: Mapping[Row, Row]) -> dict[Row, Row]:
    """Match rows with equal keys, one to one."""
    used, free = set(taken.values()), defaultdict[Key, list[Row]](list)
    for row, key in b.items():
        if row not in used:
            free[key].append(row)
    return {row: free[key].pop(0) for row, key in a.items() if row not in taken and free.get(key)}


def _images(rows: Mapping[Row, Born], but: Iterable[Row]) -> set[int]:
    """Images of rows from models, without the rows ``but``."""
    out = set(but)
    return {int(m.value("image_id")) for r, m in rows.items() if r not in out and m.value("source") in MODELS}


def _passing(every: Mapping[Row, Born], mine: Mapping[Row, Born], yours: Mapping[Row, Born]) -> set[Row]:
    """Our rows, created and removed again, that they also have: undo must not restore ours beside theirs."""
    gone = {row: made for row, made in every.items() if row not in mine}
    there = {key for name in TABLES for key in _first_keys(yours, name).values()}
    return {row for name in TABLES for row, key in _first_keys(gone, name).items() if key in there}


def _created(change: Change, name: str) -> pd.DataFrame:
    return change.tables.get(name, TableChange()).created


def _named(frame: pd.DataFrame, name: str) -> list[Row]:
    return [(name, row) for row in ids_of(frame).tolist()]


def _join_ours(
    ours: Sequence[Change],
    every: Mapping[Row, Born],
    same: Mapping[Row, Row],
    passing: set[Row],
    theirs: Change,
) -> tuple[list[Change], frozenset[str]]:
    """Our changes without our twins, with updates of their rows instead; and the ids of changed notes."""
    out, noted = [], set()
    renames = {name: _Renames.of(name, same, passing) for name in TABLES}
    made = defaultdict[int, list[Row]](list)
    for row in same:
        made[every[row].step].append(row)
    for step, change in enumerate(ours):
        tables = {
            name: renames[name].done(rows) if name in renames else rows
            for name, rows in change.tables.items()
        }
        whole = replace(change, tables={name: rows for name, rows in tables.items() if rows})
        if made[step]:
            edits = {name: _as_edit(name, made[step], every, same, theirs) for name in TABLES}
            edits = {name: rows for name, rows in edits.items() if rows}
            n = len(made[step])
            note = f"{change.note or change.summary()} ({n} of them once: they had been committed meanwhile)"
            joined = merge(whole, Change(edits)) if edits else whole
            whole = replace(change, tables=joined.tables, note=note)
            noted.add(change.id)
        out.append(whole)
    return out, frozenset(noted)


@dataclass(frozen=True, eq=False)
class _Renames:
    """Renaming of our ids to theirs in one table, and ids to drop.

    Attributes:
        ours: ids to rename, ascending.
        theirs: the new id of each.
        passing: ids to drop, ascending.
    """

    ours: np.ndarray
    theirs: np.ndarray
    passing: np.ndarray

    @classmethod
    def of(cls, name: str, same: Mapping[Row, Row], passing: set[Row]) -> _Renames:
        pairs = sorted((a[1], b[1]) for a, b in same.items() if a[0] == name)
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        left_out = np.array(sorted(i for table, i in passing if table == name), dtype=np.int64)
        return cls(both[:, 0], both[:, 1], left_out)

    def done(self, rows: TableChange) -> TableChange:
        """Rename ids in a change of rows; creations and deletions of renamed rows are dropped."""
        updated: dict[str, Cells] = {}
        for name, cells in rows.updated.items():
            left = cells.at(~are_in(cells.ids, self.passing))
            at = np.flatnonzero(are_in(left.ids, self.ours))
            if len(at):
                named = left.ids.copy()
                named[at] = self.theirs[np.searchsorted(self.ours, left.ids[at])]
                order = np.argsort(named, kind="stable")
                left = replace(left.at(order), ids=named[order])
            if len(left.ids) or left.retypes:
                updated[name] = left
        created, deleted = (
            without(without(x, self.ours), self.passing) for x in (rows.created, rows.deleted)
        )
        return TableChange(created, updated, deleted, rows.columns)


def _as_edit(
    name: str, made: Sequence[Row], every: Mapping[Row, Born], same: Mapping[Row, Row], theirs: Change
) -> TableChange:
    """An edit of their rows with our status where it goes further, and with our values of user columns."""
    pairs = sorted((same[a][1], a) for a in made if a[0] == name)
    if not pairs:
        return TableChange()
    ids = np.array([i for i, _ in pairs], dtype=np.int64)
    frame = every[pairs[0][1]].frame
    rows = take_rows(frame, np.array([every[a].at for _, a in pairs]))
    there = select_rows(_created(theirs, name), ids)
    updated: dict[str, Cells] = {}
    for column in frame.columns:
        new = values(rows[column])
        if column == "status":
            old = recast(values(there[column]), new.dtype)
            further = np.array([STATUSES.index(x) > STATUSES.index(y) for x, y in zip(new, old, strict=True)])
        elif column not in INSTANCES:
            old = missing(new.dtype, len(new))
            further = ~equal(old, new)
        else:
            continue
        if further.any():
            updated[column] = Cells(ids, old, new).at(further)
    return TableChange(updated=updated)


def _join_theirs(theirs: Change, every: Mapping[Row, Born], same: Mapping[Row, Row]) -> Change:
    """Their change, rewritten as if the twins had existed before, as we first created them."""
    tables = dict(theirs.tables)
    for name in TABLES:
        pairs = sorted((b[1], every[a]) for a, b in same.items() if a[0] == name)
        if not pairs:
            continue
        ids = np.array([i for i, _ in pairs], dtype=np.int64)
        rows = tables[name]
        there = select_rows(rows.created, ids)
        edits = diff_rows(_found(there, [made for _, made in pairs]), there)
        updated = dict(rows.updated)
        for column, cells in edits.updated.items():
            whole = updated.get(column)
            if whole is None or not whole.covers_all:
                updated[column] = cells if whole is None else _beside(whole, cells)
        tables[name] = TableChange(without(rows.created, ids), updated, rows.deleted, rows.columns)
    return replace(theirs, tables=tables)


def _found(there: pd.DataFrame, made: Sequence[Born]) -> pd.DataFrame:
    """Their rows as they would have been before either side edited them."""
    columns = {}
    for column in there.columns:
        now = values(there[column])
        columns[column] = there[column]
        if column in ONE_MASK or column in ("label", "status"):
            ours = [m.value(column) for m in made]
            if column == "status":
                ours = [min(x, y, key=STATUSES.index) for x, y in zip(ours, now, strict=True)]
            columns[column] = pd.Series(pd.array(ours, dtype=now.dtype), index=there.index)
        elif column not in INSTANCES:
            columns[column] = pd.Series(missing(now.dtype, len(now)), index=there.index, dtype=now.dtype)
    return pd.DataFrame(columns, index=there.index)


def _beside(a: Cells, b: Cells) -> Cells:
    """Concatenate cells of different rows of one column; ``a`` decides the dtype."""
    ids = np.concatenate([a.ids, b.ids])
    order = np.argsort(ids, kind="stable")
    both: list[Array] = [
        concat([x, recast(y, x.dtype)]) for x, y in ((a.old, b.old), (a.new, b.new)) if x is not None
    ]
    old, new = both
    return Cells(ids[order], take(old, order), take(new, order))


def _told(same: Mapping[Row, Row]) -> str:
    parts = []
    for name in TABLES:
        kept = sorted(b[1] for a, b in same.items() if a[0] == name)
        if kept:
            parts.append(f"{len(kept)} {_WORDS[name]} made by both are kept once: {name} {first(kept)}")
    return "; ".join(parts)
