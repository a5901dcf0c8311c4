"""Decisions of two writers about the same predictions: which rows record them, and where they disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange
from ...core.change.table_change import ids_of
from ...core.id_sets import union
from ...core.tables.arrays import values
from ..edits.draw import REPLACED
from .conflicts import Ids

TABLES = ("instances", "rejected")
MODELS = ("model", "propagated")
Key = tuple[Any, ...]
Row = tuple[str, int]
"""A table and an id."""


@dataclass(frozen=True, eq=False)
class Born:
    """A row as it was created.

    Attributes:
        frame: all rows that the change created.
        at: position of the row in ``frame``.
        step: number of the change that created it.
        keys: key of each row in ``frame``.
        lists: cache of the columns of ``frame`` as lists.
    """

    frame: pd.DataFrame
    at: int
    step: int
    keys: Sequence[Key]
    lists: dict[str, list[Any]]

    @property
    def key(self) -> Key:
        """The key of the row."""
        return self.keys[self.at]

    def value(self, column: str) -> Any:
        """One cell; None if there is no such column."""
        if column not in self.frame:
            return None
        if column not in self.lists:
            self.lists[column] = self.frame[column].tolist()
        return self.lists[column][self.at]


def born(changes: Sequence[Change]) -> dict[Row, Born]:
    """The rows that changes create, each at its first creation, without rows that are only restored."""
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
    """Key of each row: image, label, mask, and whether it is a REPLACED row of ``rejected``."""
    if not len(frame):
        return []
    image_id, mask = values(frame["image_id"]).tolist(), frame["mask"].tolist()
    way = (frame["status"] == REPLACED).tolist() if name == "rejected" else [False] * len(frame)
    return list(zip(image_id, frame["label"].tolist(), mask, way, strict=True))


def disagreements(
    ours: Mapping[Row, Born], theirs: Mapping[Row, Born], same: Mapping[Row, Row]
) -> tuple[Ids, Ids, int]:
    """Predictions that both sides decided differently: our rows, their rows, and the number of predictions.

    Args:
        ours: the rows that we created and that still exist.
        theirs: their rows, likewise.
        same: our row -> the equal row of theirs.
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
    """Prediction -> its decision, and the rows that record it."""
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
    return {name: union(np.array(found, dtype=np.int64)) for name, found in ids.items() if found}
