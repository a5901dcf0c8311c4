"""The first rows of a table as plain HTML, for pages that run no widgets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.show.card import escape

if TYPE_CHECKING:
    from ..workspace.columns import Column
    from ..workspace.workspace import Workspace

_LONGEST = 80  # characters of a text


def rows_html(ws: Workspace, of: str, names: Sequence[str], rows: Iterable[int], n: int) -> str:
    """A table element, every text escaped.

    Args:
        ws: the workspace.
        of: name of the table.
        names: columns, in order.
        rows: row numbers shown, in order.
        n: number of rows there are to show.
    """
    shown = np.fromiter(rows, np.int64)
    columns = [ws.column_part(of, name, shown) for name in names if ws.has_column(of, name)]
    head = "".join(f"<th>{escape(column.name)}</th>" for column in columns)
    lines = [
        "".join(
            f'<td style="text-align: {_side(column)}">{escape(_text(column, row))}</td>' for column in columns
        )
        for row in range(len(shown))
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    more = f"first {len(lines)} of {n:,} {of}" if n > len(lines) else f"{n:,} {of}"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{more}</p>"


def _side(column: Column) -> str:
    return "right" if column.kind in ("number", "time") else "left"


def _text(column: Column, row: int) -> str:
    value: Any = column.values[row]
    if column.missing[row]:
        return "–"
    if column.kind in ("category", "boolean"):
        return column.categories[int(value)]
    if column.kind == "time":
        return str(np.datetime64(round(value), "ms").astype(object).isoformat(sep=" "))
    if column.kind == "number":
        return f"{int(value)}" if column.whole else f"{value:.3g}"
    return str(value) if len(str(value)) <= _LONGEST else f"{str(value)[:_LONGEST]}…"
