"""Columns as a scatter draws them: coordinates, and places in a table of colors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..workspace.expressions import bound, expression, nullable, source_of, text_code
from ..workspace.filters import keep

if TYPE_CHECKING:
    from ..workspace.columns import Column
    from ..workspace.workspace import Workspace

Head = dict[str, Any]

COLORABLE = ("category", "boolean", "number", "time")

_SPREAD = 0.32  # how far points of one category lie from its tick at most; categories are 1 apart
_MOST_CATEGORIES = 65_535


def as_axis(ws: Workspace, of: str, name: str) -> tuple[Head, npt.NDArray[Any]]:
    """Coordinates of a column's values, and what the browser should know of them.

    Numbers travel as float32 where that loses nothing, else as float64, so that a box or a lasso holds the
    same rows as its code. Categories are their place in the list, spread out a little.
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
    return head, _shortest(column.values)


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
    # Where uint16 has too few numbers the last stands for the rest: nobody tells so many colors apart.
    codes = np.minimum(column.values + 1, _MOST_CATEGORIES).astype(size)
    head |= {"categories": column.categories[:_MOST_CATEGORIES], "colors": column.colors[:_MOST_CATEGORIES]}
    return head, codes


def _missing_code(ws: Workspace, of: str, name: str) -> str:
    return keep(ws, of, name, {"kind": "range", "missing": "only"}).code


def _shortest(values: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    return short if np.array_equal(short, values, equal_nan=True) else values


def _spread(column: Column, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Places of categories, each row beside it by an amount its id gives: the same every time."""
    mixed = (ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    aside = (mixed.astype(np.float64) / 2**24 - 0.5) * 2 * _SPREAD
    return np.where(column.values < 0, np.nan, column.values + aside).astype(np.float32)
