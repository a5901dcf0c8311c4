"""A table of up to a million images, instances or predictions: sort, filter, and edit one or many rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from ...core.shapes.kept import SHAPES
from ...core.tables.schema import INDEX_NAMES
from ..rows.bulk_actions import agreed_rows, set_value
from ..rows.listing import Listing
from ..workspace.binning import Binned, binned
from ..workspace.clauses import Rows, check_table
from ..workspace.filters import Kept, all_of, keep, search
from ..workspace.ranks import CHANCE, SUSPICION, Ranks
from ..workspace.selection import pack
from ..workspace.workspace import Viewable, Workspace, workspace_of
from ..workspace.workspace_port import Reply, serves
from .html import rows_html

_N_BINS = 24  # bars in a header
_IN_HTML = 8  # rows for pages that run no widgets
_SHOWN = {
    "images": ("image_id", "file", "state", "split", "weight", "n_instances", "n_predictions", "best_score"),
    "instances": ("instance_id", "image_id", "label", "outcome", "status", "source", "score", "area"),
    "predictions": ("prediction_id", "image_id", "label", "score", "outcome", "decision", "iou", "area"),
}
_NOT_AT_FIRST = {
    *("width", "height", "group", "frame", "x", "y", "w", "h", "origin", "crowd"),
    *("source", "status", "matched", "matched_id", "file", "split", "weight", "state", "n_instances"),
    *("n_predictions", "best_score"),
}
_MOST_AT_FIRST = 14

Filters = Mapping[str, Mapping[str, Any]]


class Table(Listing):
    """One of the tables of a workspace as a grid: virtual rows, sorting, filters, inline edits, bulk actions.

    Its filters are one clause of the selection, so every other view follows; its picked rows are another.

    Args:
        workspace: a workspace, or a Dataset or a Run to make one of.
        of: "images", "instances" or "predictions". Or what :func:`nbalabel.suspects` returned: the instances
            with kind and chance, the likeliest errors first, ranked anew after each edit.
        columns: names of the columns shown, in order; default: a choice that suits the table. Its menu shows
            others.
        height: CSS pixels, 160 to 4000.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=2, n_test=2, size=96)
        >>> nl.Table(nl.Workspace(ds), columns=["image_id", "file"]).columns
        ['image_id', 'file']
    """

    bundle = "table"

    columns = traitlets.List(traitlets.Unicode(), help="names of the columns shown, in order").tag(
        sync=True, echo_update=False
    )
    pinned = traitlets.List(traitlets.Unicode(), help="names of columns that stay at the left").tag(
        sync=True, echo_update=False
    )
    widths = traitlets.Dict(help="CSS pixels of columns whose width was set, by name").tag(
        sync=True, echo_update=False
    )
    sort: traitlets.List[Any] = traitlets.List(
        help="[name, ascending] of the columns sorted by, first key first"
    ).tag(sync=True, echo_update=False)
    filters = traitlets.Dict(help="filter of each column that has one; see widgets/workspace/filters.py").tag(
        sync=True, echo_update=False
    )
    search = traitlets.Unicode("", help="text to look for in all text and category columns shown").tag(
        sync=True, echo_update=False
    )
    thumbnails = traitlets.Bool(True, help="whether rows show a picture").tag(sync=True, echo_update=False)
    height = traitlets.Int(420, min=160, max=4000, help="CSS pixels").tag(sync=True)

    def __init__(
        self,
        workspace: Viewable,
        of: str | Ranks = "images",
        columns: Sequence[str] | None = None,
        height: int = 420,
        **traits: Any,
    ) -> None:
        workspace = workspace_of(workspace)
        if isinstance(of, Ranks):
            workspace.suspects = of
            of = "instances"
            traits = {"sort": [[CHANCE, False]], **traits}
            first = [INDEX_NAMES[of], SUSPICION, CHANCE]
            columns = columns or list(dict.fromkeys([*first, *_default_columns(workspace, of)]))
        check_table(of)
        for name in columns or ():
            workspace.column_kind(of, name)  # raises where there is none
        shown = _default_columns(workspace, of) if columns is None else list(columns)
        super().__init__(workspace, of=of, columns=shown, height=height, **traits)

    def html(self) -> str:
        """The first rows shown, for pages that run no widgets."""
        ws, of = self.workspace, self.of
        rows = ws.allowed(of, (self.source,))
        n = len(ws.ids(of)) if rows is None else int(rows.sum())
        return rows_html(ws, of, self.columns, self._first(rows, self.sort)[:_IN_HTML], n)

    def nearest_first(self, of: str) -> None:
        """Sort by ``distance``, which becomes a column."""
        if of == self.of:
            self.sort = [["distance", True]]
            self.columns = list(dict.fromkeys([*self.columns, "distance"]))

    def _forget(self) -> None:
        super()._forget()
        self._bars: dict[str, Binned] = {}
        self._kept: dict[str, tuple[str, Kept]] = {}

    @serves
    def keep(
        self,
        *,
        filters: dict[str, Any],
        search: str,
        search_in: list[str],
        sort: list[list[Any]],
        names: list[str],
        buffers: list[memoryview] | None = None,
    ) -> Reply:
        """Rows that filters and search keep, cells of the first ones; ``buffers[0]``: rows others allow."""
        ws = self.workspace
        parts = self._all_kept(filters, search, search_in)
        kept = all_of(list(parts.values()))
        allowed = self._allowed(buffers)
        if kept is not None:
            allowed = kept.rows if allowed is None else allowed & kept.rows
        first = self._first(allowed, sort)
        result = {"rev": ws.rev, "any": kept is not None, "cells": self._cells(names, first)}
        result["titles"] = {name: one.title for name, one in parts.items()}
        if kept is not None:
            result |= {"title": kept.title, "code": kept.code}
        return result, [first.tobytes(), *([] if kept is None else [pack(kept.rows)])]

    @serves
    def bars(
        self,
        *,
        names: list[str],
        filters: dict[str, Any],
        search: str,
        search_in: list[str],
        buffers: list[memoryview] | None = None,
    ) -> Reply:
        """Small histograms: of all rows, and of those every *other* filter and view allows.

        Those of late columns come once something else has made the column: a sort, a filter, a color.
        """
        base = self._allowed(buffers)
        kept = self._all_kept(filters, search, search_in)
        every = self._join(base, kept.values())
        out = {}
        late = [name for name in names if self.workspace.column_is_late(self.of, name)]
        for name in names:
            if name in late:
                continue
            bars = self._binned(name)
            others = [one for key, one in kept.items() if key != name]
            rows = self._join(base, others) if name in kept else every
            allowed = None if rows is None else bars.count(rows)[:, 0]
            lo, hi = bars.edges[[0, -1]] if len(bars.edges) else (np.nan, np.nan)
            out[name] = {"lo": lo, "hi": hi, "total": bars.total[:, 0], "allowed": allowed}
        return {"rev": self.workspace.rev, "bars": out, "late": late}

    @serves
    def edit(self, *, name: str, value: Any, n: int, rev: int, buffers: list[memoryview]) -> Reply:
        """Set one value in a column of the rows in ``buffers[0]``."""
        rows = agreed_rows(self.workspace, self.of, buffers[0], n, rev)
        return self._report(set_value(self.workspace, self.of, rows, name, value))

    def _all_kept(self, filters: Filters, text: str, search_in: Sequence[str]) -> dict[str, Kept]:
        """Rows that each filter keeps; unchanged filters are taken from the cache."""
        ws, of = self.workspace, self.of
        wanted: dict[str, tuple[str, Any]] = {}
        for name, one in filters.items():
            wanted[name] = (json.dumps(one, sort_keys=True), lambda n=name, o=one: keep(ws, of, n, o))
        if text:
            wanted[""] = (json.dumps([text, *search_in]), lambda: search(ws, of, text, search_in))
        out = {}
        for name, (key, make) in wanted.items():
            known = self._kept.get(name)
            out[name] = (key, known[1] if known and known[0] == key else make())
        self._kept = out
        return {name: kept for name, (_, kept) in out.items()}

    def _join(self, base: Rows | None, kept: Any) -> Rows | None:
        for one in kept:
            base = one.rows if base is None else base & one.rows
        return base

    def _binned(self, name: str) -> Binned:
        if name not in self._bars:
            self._bars[name] = binned(self.workspace.column(self.of, name), _N_BINS, plain=True)
        return self._bars[name]


def _default_columns(ws: Workspace, of: str) -> list[str]:
    """Columns a table shows at first: the standard ones, then the user's own, without empty columns."""
    names = ws.column_names(of)
    shown = [name for name in _SHOWN[of] if name in names]
    later = _NOT_AT_FIRST | {name for name in SHAPES if name not in ws.frame(of)}
    own = [name for name in names if name not in _SHOWN[of] and name not in later]
    return [name for name in [*shown, *own] if not ws.column_is_empty(of, name)][:_MOST_AT_FIRST]
