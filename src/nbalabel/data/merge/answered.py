"""Predictions that two writers answered: who made which rows of them, and where they do not agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange
from ...core.change.table_change import ids_of
from ...core.tables.arrays import values
from ..edits.draw import REPLACED
from .conflicts import Ids, union

TABLES = ("instances", "rejected")
MODELS = ("model", "propagated")
Key = tuple[Any, ...]
Row = tuple[str, int]
"""A table and an id."""


@dataclass(frozen=True, eq=False)
class Born:
    """A row as it was when it was made.

    Attributes:
        frame: the rows made together.
        at: its position there.
        step: number of the change that made it.
        keys: of all rows made together, what tells them apart.
        lists: their columns as lists, as far as they were looked at.
    """

    frame: pd.DataFrame
    at: int
    step: int
    keys: Sequence[Key]
    lists: dict[str, list[Any]]

    @property
    def key(self) -> Key:
        """What tells it apart."""
        return self.keys[self.at]

    def value(self, column: str) -> Any:
        """One cell; None where there was no such column."""
        if column not in self.frame:
            return None
        if column not in self.lists:
            self.lists[column] = self.frame[column].tolist()
        return self.lists[column][self.at]


def born(changes: Sequence[Change]) -> dict[Row, Born]:
    """The rows that changes make, the first time each is made; not those that only come back."""
    out: dict[Row, Born] = {}
    older: set[Row] = set()
    for step, change in enumerate(changes):
        for name in TABLES:
            rows = change.tables.get(name, TableChange())
            older |= {(name, row) for row in ids_of(rows.deleted).tolist()} - out.keys()
            known, lists = keys(rows.created, name), dict[str, list[Any]]()
            for at, row in enumerate(ids_of(rows.created).tolist()):
                if (name, row) not in older:
                    out.setdefault((name, row), Born(rows.created, at, step, known, lists))
    return out


def keys(frame: pd.DataFrame, name: str) -> list[Key]:
    """What tells rows of a table apart: image, label and mask, and the way it was rejected."""
    if not len(frame):
        return []
    image_id, mask = values(frame["image_id"]).tolist(), frame["mask"].tolist()
    way = (frame["status"] == REPLACED).tolist() if name == "rejected" else [False] * len(frame)
    return list(zip(image_id, frame["label"].tolist(), mask, way, strict=True))


def disagreements(
    ours: Mapping[Row, Born], theirs: Mapping[Row, Born], same: Mapping[Row, Row]
) -> tuple[Ids, Ids, int]:
    """Rows that answer one prediction in two ways, of each side, and the number of such predictions.

    Args:
        ours: the rows we made that are still there.
        theirs: theirs likewise.
        same: our row -> their row that is the same.
    """
    a, b = _answers(ours), _answers(theirs)
    differ = []
    for key in a.keys() & b.keys():
        (mine, my_rows), (yours, your_rows) = a[key], b[key]
        alike = {same.get(row, row) for row in my_rows} == your_rows
        if mine != yours or (mine == REPLACED and not alike):
            differ.append((my_rows - same.keys(), your_rows - set(same.values())))
    return _by_table([x for x, _ in differ]), _by_table([y for _, y in differ]), len(differ)


def _answers(rows: Mapping[Row, Born]) -> dict[Key, tuple[str, set[Row]]]:
    """Prediction -> what was said of it, and the rows that say so."""
    made_with: dict[tuple[int, Any], set[Row]] = {}
    for row, made in rows.items():
        if row[0] == "instances":
            made_with.setdefault((made.step, made.value("image_id")), set()).add(row)
    out: dict[Key, tuple[str, set[Row]]] = {}
    for row, made in sorted(rows.items(), key=lambda item: item[0][0] == "instances"):
        if made.value("source") not in MODELS:
            continue
        key = made.key[:3]
        if row[0] == "instances":
            out[key] = ("accepted", {row})
        elif made.value("status") == REPLACED:
            instead = made_with.get((made.step, made.value("image_id")), set())
            out[key] = (REPLACED, {row, *instead})
        else:
            out[key] = ("rejected", {row})
    return out


def _by_table(rows: Sequence[set[Row]]) -> Ids:
    every = set().union(*rows)
    ids = {name: [i for table, i in every if table == name] for name in TABLES}
    return {name: union([np.array(found, dtype=np.int64)]) for name, found in ids.items() if found}
