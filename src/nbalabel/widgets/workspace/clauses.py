"""The rows in focus: clauses keyed by their source, and the rows that all clauses allow.

Everything here is a value or a pure function. Rows are positions in the tables an :class:`Index` was made of;
when the tables change, :func:`moved` finds them again by id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.schema import INDEX_NAMES
from .blocks import blocks

Rows: TypeAlias = npt.NDArray[np.bool_]
Ids: TypeAlias = npt.NDArray[np.int64]

TABLES = ("images", "instances", "predictions")
"""Tables a clause can be of; instances and predictions reach each other through their images."""


@dataclass(frozen=True, eq=False)
class Clause:
    """The rows one view allows.

    Attributes:
        source: who made it: a view's id, perhaps followed by "/filter"; "python" for ``ws.select``.
        of: "images", "instances" or "predictions".
        rows: which rows of that table, ``(n,)`` bool.
        title: a text for people: "lasso", "score 0.2 – 0.5".
        code: the same as a pandas expression in which ``rows`` is the table; "" if there is none. Cells
            show it if it only picks rows (see ``widgets/workspace/harmless.py``), else the ids.
    """

    source: str
    of: str
    rows: Rows
    title: str = ""
    code: str = ""


@dataclass(frozen=True, eq=False)
class Index:
    """Which row of each table belongs to which image.

    Attributes:
        ids: ids of each table's rows, ``(n,)`` int64.
        image_row: for instances and predictions the row of ``images``, ``(n,)`` int32; -1 for none.
    """

    ids: Mapping[str, Ids]
    image_row: Mapping[str, npt.NDArray[np.int32]]

    @classmethod
    def of(cls, frames: Mapping[str, pd.DataFrame]) -> Index:
        """The index of three tables, by name."""
        ids = {name: frames[name].index.to_numpy(np.int64) for name in TABLES}
        images = _Places(ids["images"])
        found = {name: images.of(frames[name]["image_id"].to_numpy(np.int64)) for name in TABLES[1:]}
        return cls(ids, found)

    def size(self, of: str) -> int:
        """Number of rows of a table."""
        return len(self.ids[of])

    def rows_of(self, of: str, ids: npt.ArrayLike) -> Rows:
        """Rows with these ids, ``(n,)`` bool.

        Raises:
            UnknownNameError: ids that the table does not have.
        """
        wanted = np.unique(np.asarray(ids, dtype=np.int64))
        known = np.isin(wanted, self.ids[of])
        if not known.all():
            gone = first(wanted[~known])
            raise UnknownNameError(f"{of} has no {INDEX_NAMES[of]} {gone}; it has {self.size(of):,} rows")
        return np.isin(self.ids[of], wanted)


def allowed(index: Index, clauses: Iterable[Clause], of: str, without: Collection[str] = ()) -> Rows | None:
    """Rows of a table that all clauses allow, without the clauses of some sources.

    Args:
        index: of the tables.
        clauses: those of the selection.
        of: name of the table.
        without: sources whose clauses are ignored.

    Returns:
        ``(n,)`` bool, or None without any clause: every row is allowed.
    """
    out: Rows | None = None
    for clause in clauses:
        if clause.source not in without:
            rows = reach(index, clause, of)
            out = rows if out is None else out & rows
    return out


def reach(index: Index, clause: Clause, of: str) -> Rows:
    """The clause as rows of a table: those on the images that it selects, or selects rows of."""
    if clause.of == of:
        return clause.rows
    if clause.of == "images":
        images = clause.rows
    else:
        images = np.zeros(index.size("images"), np.bool_)
        at = index.image_row[clause.of][clause.rows]
        images[at[at >= 0]] = True
    if of == "images":
        return images
    at = index.image_row[of]
    return np.asarray(np.append(images, False)[at])  # -1, no image, indexes the last entry


def moved(clause: Clause, before: Index, after: Index) -> Clause:
    """The clause on newer tables: rows are found again by id; new rows are not in it."""
    if before.ids[clause.of] is after.ids[clause.of] or np.array_equal(
        before.ids[clause.of], after.ids[clause.of]
    ):
        return clause
    kept = before.ids[clause.of][clause.rows]
    return replace(clause, rows=np.isin(after.ids[clause.of], kept))


def check_table(of: str) -> str:
    """The name of a table.

    Raises:
        DataError: there is none of that name.
    """
    if of not in TABLES:
        raise DataError(f"of must be one of {', '.join(TABLES)}, got {of!r}")
    return of


class _Places:
    """Where ids stand in a table.

    Args:
        ids: of its rows, each once, ``(n,)``.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = pd.Index(ids)
        self._n = len(ids)
        self._first = int(ids[0]) if self._n and bool((np.diff(ids) == 1).all()) else None

    def of(self, wanted: Ids) -> npt.NDArray[np.int32]:
        """Row of each id, ``(m,)`` int32; -1 for those that are not there."""
        out = np.empty(len(wanted), np.int32)
        for some in blocks(len(wanted)):
            if self._first is None:
                out[some] = self._ids.get_indexer(pd.Index(wanted[some]))
            else:  # one after the other, as a dataset numbers them
                at = wanted[some] - self._first
                out[some] = np.where((at >= 0) & (at < self._n), at, -1)
        return out
