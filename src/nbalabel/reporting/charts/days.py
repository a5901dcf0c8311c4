"""Who worked on which day: a row of squares per person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...core.show.palette import COLORS
from ...core.show.svg_intervals import short
from .drawing import bar, svg, text

_LEFT, _RIGHT = 130, 74
_ROW = 24
_MOST = 60  # days; more are joined into weeks, then months


def days_svg(days: pd.DataFrame, who: Sequence[str], *, width: int = 1000) -> str:
    """Draw the minutes of work of each person on each day.

    Args:
        days: by ``who`` and ``day``: ``seconds``, ``changes``.
        who: names, from above.
        width: pixels.
    """
    rows = days.reset_index()
    rows = rows[rows["who"].isin(who)]
    start, rows, step, unit = _spans(rows)
    n = int(rows["span"].max()) + 1 if len(rows) else 1
    cell = min((width - _LEFT - _RIGHT) / n, 34)
    most = float(rows["seconds"].max()) if len(rows) else 0.0
    height = 22 + _ROW * len(who)
    parts = _dates(start, n, step, cell)
    for i, name in enumerate(who):
        y = 20 + _ROW * i
        own = rows[rows["who"] == name]
        parts.append(text(0, y + 14, short(name, 20)))
        for span, seconds, changes in zip(own["span"], own["seconds"], own["changes"], strict=True):
            when = f"{start + pd.Timedelta(days=int(span) * step):%Y-%m-%d}"
            said = f"{name}, {unit} {when}: {seconds / 60:,.0f} min, {changes:,} changes"
            strength = 0.18 + 0.82 * float(np.sqrt(seconds / most)) if most else 0.18
            more = f' fill-opacity="{strength:.2f}" rx="3"'
            parts.append(bar(_LEFT + span * cell, y, max(cell - 3, 2), _ROW - 6, COLORS.green, said, more))
        end = _LEFT + n * cell + 8
        parts.append(text(end, y + 14, _long(float(own["seconds"].sum())), faint=True))
    return svg(
        parts, min(width, _LEFT + max(n * cell, 90) + _RIGHT), height, "minutes of work by person and day"
    )


def _spans(rows: pd.DataFrame) -> tuple[pd.Timestamp, pd.DataFrame, int, str]:
    """Rows in spans of a day, a week or thirty days; the first day, the days of a span, and its name."""
    start = rows["day"].min() if len(rows) else pd.Timestamp.now("UTC").floor("D")
    number = (rows["day"] - start).dt.days if len(rows) else pd.Series([], dtype=np.int64)
    n = int(number.max()) + 1 if len(rows) else 1
    step, unit = (1, "day") if n <= _MOST else (7, "week of") if n <= 7 * _MOST else (30, "month from")
    spans = rows.assign(span=number // step).groupby(["who", "span"], as_index=False)
    return start, spans[["seconds", "changes"]].sum(), step, unit


def _dates(start: pd.Timestamp, n: int, step: int, cell: float) -> list[str]:
    """Dates above the squares, as many as have room."""
    every = max(int(np.ceil(70 / cell)), 1)
    return [
        text(
            _LEFT + i * cell,
            12,
            f"{start + pd.Timedelta(days=i * step):%d %b %Y}"[: 6 if i else 11],
            faint=True,
        )
        for i in range(0, n, every)
    ]


def _long(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 60:,.0f} min" if seconds >= 60 else f"{seconds:.0f} s" if seconds >= 1 else ""
