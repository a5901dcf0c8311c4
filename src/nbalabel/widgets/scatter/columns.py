"""Columns as a scatter draws them: coordinates, and indices into a table of colors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..workspace.blocks import blocks
from ..workspace.expressions import bound, expression, nullable, source_of, text_code
from ..workspace.filters import keep

if TYPE_CHECKING:
    from ..workspace.columns import Column
    from ..workspace.workspace import Workspace

Head = dict[str, Any]

SENT_AT_MOST = 1_000_000
"""Rows of which a scatter sends and draws every point; of more it sends density and a sample."""

COLORABLE = ("category", "boolean", "number", "time")

_SPREAD = 0.32  # largest distance of a point from the tick of its category; ticks are 1 apart
_MOST_CATEGORIES = 65_535


def as_axis(ws: Workspace, of: str, name: str) -> tuple[Head, npt.NDArray[Any]]:
    """Coordinates of a column's values, and their description for the browser.

    Numbers are sent as float32 where that is exact, else as float64, so that a box or a lasso selects the
    same rows as its code. A category becomes its index in the list, plus a small offset per row.
    """
    column = ws.column(of, name)
    head: Head = {"kind": column.kind, "whole": column.whole, "categories": (), "code": "", "single": False}
    if column.kind in ("category", "boolean"):
        return {**head, "categories": column.categories}, _spread(column, ws.ids(of))
    if column.kind == "number":
        series = source_of(ws, of, name)
        code = expression(ws, of, name)
        head["code"] = f"{code}.astype(float)" if code and nullable(series) else code
        head["single"] = bool(code) and bound(series, 0.1) != 0.1 and not nullable(series)
    sent = len(column.values) <= SENT_AT_MOST
    return head, _shortest(column.values) if sent else column.values


def as_color(ws: Workspace, of: str, name: str) -> tuple[Head, npt.NDArray[Any]]:
    """A column's categories as uint8 or uint16, 0 for missing; its numbers as float32 or float64."""
    column = ws.column(of, name)
    head: Head = {"kind": column.kind, "whole": column.whole, "code": "", "missing_code": "", "single": False}
    if column.kind in ("number", "time"):
        axis, values = as_axis(ws, of, name)
        return {**head, **axis, "missing_code": _missing_code(ws, of, name)}, values
    head["code"] = text_code(ws, of, column) if column.kind == "category" else expression(ws, of, name)
    head["missing_code"] = _missing_code(ws, of, name)
    n = len(column.categories)
    size = np.uint8 if n < 255 else np.uint16
    # With more categories than uint16 has numbers, the last number stands for all the rest.
    codes = np.minimum(column.values + 1, _MOST_CATEGORIES).astype(size)
    head |= {"categories": column.categories[:_MOST_CATEGORIES], "colors": column.colors[:_MOST_CATEGORIES]}
    return head, codes


def _missing_code(ws: Workspace, of: str, name: str) -> str:
    return keep(ws, of, name, {"kind": "range", "missing": "only"}).code


def _shortest(values: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """The values as float32 where that is exact; mostly the first ones tell that it is not."""
    short = np.empty(len(values), np.float32)
    for some in blocks(len(values)):
        with np.errstate(over="ignore"):
            short[some] = values[some]
        if not np.array_equal(short[some], values[some], equal_nan=True):
            return values
    return short


def _spread(column: Column, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Index of each row's category plus an offset hashed from the row's id, so always the same."""
    mixed = (ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    aside = (mixed.astype(np.float64) / 2**24 - 0.5) * 2 * _SPREAD
    return np.where(column.values < 0, np.nan, column.values + aside).astype(np.float32)
