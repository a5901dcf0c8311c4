"""Columns as pandas expressions, so that the filters of a view can be written as a cell.

In these expressions ``rows`` is the table's frame, ``ds`` the dataset and ``run`` the run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...core.shapes.kept import SHAPES
from ...core.tables.names import printable
from ...core.tables.schema import INDEX_NAMES

if TYPE_CHECKING:
    from .columns import Column
    from .workspace import Workspace

_IMAGE_DERIVED = {
    "n_instances": 'ds.instances["image_id"].value_counts()',
    "n_predictions": 'run.predictions["image_id"].value_counts()',
    "best_score": 'run.predictions.groupby("image_id")["score"].max()',
}
_BY_NOW = {
    "outcome": 'run.outcomes(ds)["outcome"]',
    "iou": 'run.outcomes(ds)["iou"].astype("float64")',
    "matched": 'run.outcomes(ds)["matched"]',
    "matched_id": 'run.outcomes(ds)["matched_id"].astype("float64")',
}
_FOUND = 'run.outcomes(ds, of="instances")["outcome"].reindex(rows.index)'


def literal(value: object) -> str:
    r"""A text or number as a Python literal in one printable line; whole numbers without a point.

    Example:
        >>> literal(2.0), literal("cod")
        ('2', '"cod"')
        >>> print(literal("a\nb\u2028"))
        "a\nb\u2028"
    """
    if isinstance(value, str):
        return printable(json.dumps(value, ensure_ascii=False))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def source_of(ws: Workspace, of: str, name: str) -> pd.Series | None:
    """The pandas column of a name: the table's own or its images'; None for ids and derived columns."""
    column = ws.column(of, name)
    frame = ws.frame("images" if column.home == "image" else of)
    return frame[name] if column.home != "derived" and name in frame else None


def expression(ws: Workspace, of: str, name: str) -> str:
    """Code of a column of a table, infinite values missing as in the views; "" if there is none.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=2, n_test=2, size=96)
        >>> expression(nl.Workspace(ds), "instances", "habitat")
        'rows["image_id"].map(ds.images["habitat"])'
    """
    column = ws.column(of, name)
    if name == INDEX_NAMES[of] and name not in ws.frame(of):
        return "rows.index.to_series()"
    series = source_of(ws, of, name)
    if series is None:
        return _derived(of, column.name)
    quoted = literal(name)
    code = f"rows[{quoted}]" if column.home == "own" else f'rows["image_id"].map(ds.images[{quoted}])'
    if column.kind == "number" and _has_infinite(series):
        code += '.replace([float("inf"), float("-inf")], float("nan"))'
    return code


def nullable(series: pd.Series | None) -> bool:
    """Whether a comparison with the column gives NA for missing values, which a mask cannot hold."""
    return series is not None and isinstance(series.dtype, pd.api.extensions.ExtensionDtype)


def bound(series: pd.Series | None, value: float) -> float:
    """A limit as pandas compares it with this column: rounded to float32 for a float32 column."""
    single = series is not None and str(series.dtype).lower() == "float32"
    with np.errstate(over="ignore"):
        return float(np.float32(value)) if single else value


def text_code(ws: Workspace, of: str, column: Column) -> str:
    """Code of a column's texts, "" for missing ones."""
    code = expression(ws, of, column.name)
    series = source_of(ws, of, column.name)
    if not code or series is None:
        return code
    if isinstance(series.dtype, pd.StringDtype):
        return f'{code}.fillna("")'
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _categories_as_text(series, code)
    return f'{code}.map(str).where({code}.notna(), "").astype("str")'


def is_plain_text(series: pd.Series | None) -> bool:
    """Whether the column holds texts itself, rather than categories."""
    return series is not None and not isinstance(series.dtype, pd.CategoricalDtype)


def _categories_as_text(series: pd.Series, code: str) -> str:
    if all(isinstance(text, str) for text in series.cat.categories):
        return code
    return f'{code}.map(str, na_action="ignore")'


def _derived(of: str, name: str) -> str:
    if name in SHAPES:
        return f'nl.shapes(ds, rows, ["{name}"])["{name}"]'
    if name in _IMAGE_DERIVED:
        counts = _IMAGE_DERIVED[name]
        if of == "images":
            return f"{counts}.reindex(rows.index{', fill_value=0' if name != 'best_score' else ''})"
        code = f'rows["image_id"].map({counts})'
        return code if name == "best_score" else f"{code}.fillna(0)"
    return _BY_NOW.get(name, "") if of == "predictions" else _FOUND if name == "outcome" else ""


def _has_infinite(series: pd.Series) -> bool:
    values: Any = series.to_numpy(np.float64, na_value=np.nan)
    return bool(np.isinf(values).any())
