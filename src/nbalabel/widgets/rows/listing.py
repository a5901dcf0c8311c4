"""Base of the views that list rows; serves columns, cells and orders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from ...core.errors import DataError
from ...core.tables.schema import INDEX_NAMES
from ..labels.label_list import keys_of
from ..workspace.clauses import Rows
from ..workspace.columns import Column
from ..workspace.ordering import order_by
from ..workspace.selection import unpack
from ..workspace.workspace_port import Reply, serves
from .acting import Acting, n_asked

_FIRST = 60  # rows sent at first
_MANY = 500  # categories; with more, texts are sent instead of codes
_LONG = 1000  # characters of a text that a cell shows
_AT_ONCE = 1_000_000  # row numbers in one message: 4 MB
_KEPT_ORDERS = 6


class Listing(Acting):
    """A view of the rows of one table, in an order, some of them picked: a Table or a Gallery."""

    of = traitlets.Unicode("images", help="table that is shown, images, instances or predictions").tag(
        sync=True, fixed=True
    )

    def __init__(self, *arguments: Any, **traits: Any) -> None:
        self._forget()
        super().__init__(*arguments, **traits)

    def refreshed(self) -> None:
        """The tables have changed: drop what was computed from the old ones."""
        self._forget()
        super().refreshed()

    @serves
    def describe(self, *, names: list[str]) -> Reply:
        """Heads of the named columns, and the names of all columns."""
        ws, of = self.workspace, self.of
        n = len(ws.ids(of))
        some = np.arange(min(n, 1))  # the head of a late column needs no values
        columns = [
            _head(ws.column_part(of, name, some) if ws.column_is_late(of, name) else ws.column(of, name))
            for name in names
            if ws.has_column(of, name)
        ]
        label = ws.column("instances", "label")
        labeled = {"run": ws.run is not None, "id": INDEX_NAMES[of]}
        labeled |= {"labels": list(label.categories), "label_colors": list(label.colors)}
        labeled |= {"label_keys": keys_of(ws), "asks": n_asked(ws, of)}
        labeled["suspects"] = ws.suspected is not None and of != "images"
        return {"rev": ws.rev, "n": n, "names": ws.column_names(of), "columns": columns, **labeled}

    @serves
    def cells(self, *, names: list[str], buffers: list[memoryview], rev: int | None = None) -> Reply:
        """Cells of the rows in ``buffers[0]`` (int32 row numbers); none if ``rev`` is an older revision."""
        if self._outdated(rev):
            return {"rev": self.workspace.rev, "cells": {}}
        rows = self._rows(buffers[0])
        return {"rev": self.workspace.rev, "cells": self._cells(names, rows)}

    @serves
    def order(self, *, sort: list[list[Any]], start: int = 0) -> Reply:
        """Row numbers sorted by columns, int32, from place ``start`` on: as many as fit in one message."""
        rows = self._order(sort)
        if not 0 <= start <= len(rows):
            raise DataError(f"expected a place from 0 to {len(rows)}, got {start}")
        part = rows[int(start) : int(start) + _AT_ONCE]
        return {"rev": self.workspace.rev, "n": len(rows)}, [part.tobytes()]

    def _forget(self) -> None:
        self._orders: dict[str, npt.NDArray[np.int32]] = {}

    def _cells(self, names: Sequence[str], rows: npt.NDArray[np.int32]) -> dict[str, list[Any]]:
        has = self.workspace.has_column
        return {name: self._texts(name, rows) for name in names if has(self.of, name)}

    def _texts(self, name: str, rows: npt.NDArray[np.int32]) -> list[Any]:
        column = self.workspace.column_part(self.of, name, rows)
        values = column.values
        if column.kind == "category" and len(column.categories) > _MANY:
            return [column.categories[code] if code >= 0 else "" for code in values.tolist()]
        if column.kind == "text":
            return [text if len(text) < _LONG else text[: _LONG - 1] + "…" for text in values.tolist()]
        return list(values.tolist())

    def _allowed(self, buffers: list[memoryview] | None) -> Rows | None:
        n = len(self.workspace.ids(self.of))
        if not buffers or len(buffers[0]) != (n + 7) // 8:  # none, or of older tables
            return None
        return unpack(buffers[0], n)

    def _order(self, sort: Sequence[Sequence[Any]]) -> npt.NDArray[np.int32]:
        ws, of, key = self.workspace, self.of, json.dumps(sort)
        if key not in self._orders:
            while len(self._orders) >= _KEPT_ORDERS:
                self._orders.pop(next(iter(self._orders)))
            keys = [(str(name), bool(up)) for name, up in sort]
            self._orders[key] = order_by(lambda name: ws.column(of, name), keys, len(ws.ids(of)))
        return self._orders[key]

    def _first(self, rows: Rows | None, sort: Sequence[Sequence[Any]]) -> npt.NDArray[np.int32]:
        """The first rows shown, in order."""
        if not sort:
            if rows is None:
                return np.arange(min(_FIRST, len(self.workspace.ids(self.of))), dtype=np.int32)
            return np.flatnonzero(rows)[:_FIRST].astype(np.int32)
        order = self._order(sort)
        return order[:_FIRST] if rows is None else order[rows[order]][:_FIRST]


def _head(column: Column) -> dict[str, Any]:
    many = column.kind == "category" and len(column.categories) > _MANY
    return {
        "name": column.name,
        "kind": "text" if many else column.kind,
        "categories": [] if many else column.categories,
        "colors": [] if many else column.colors,
        "editable": column.editable and column.kind != "time",
        "whole": column.whole,
        "home": column.home,
    }
