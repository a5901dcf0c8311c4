"""Horizontal bars with intervals as SVG: readable on light and dark themes, without any library."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import NamedTuple

from .palette import OKABE_ITO
from .svg_chart import INK

_ROW = 26
_NAME = 150
_VALUE = 120


class Interval(NamedTuple):
    """One bar: its name, its value, and the ends of its interval."""

    name: str
    value: float
    low: float
    high: float


def bar_chart_svg(bars: Sequence[Interval], *, width: int = 520, title: str = "", unit: str = "") -> str:
    """Draw one bar per value, with a line from the low to the high end of its interval.

    Args:
        bars: in order, from above; values and ends 0 or more; those that are not finite are drawn as 0.
        width: pixels.
        title: shown above.
        unit: of the values, shown after the numbers.

    Returns:
        An ``<svg>`` element.

    Example:
        >>> bar_chart_svg([Interval("verify", 120, 90, 140)], title="masks").count("<rect")
        1
    """
    top = 24 if title else 6
    height = top + _ROW * len(bars) + 6
    largest = max((_number(one.high) for one in bars), default=0.0) or 1.0
    room = width - _NAME - _VALUE
    parts = [_text(0, 14, title, bold=True)] if title else []
    for place, one in enumerate(bars):
        parts.append(_bar(one, top + _ROW * place, room / largest, OKABE_ITO[place % len(OKABE_ITO)], unit))
    label = html.escape(title or ", ".join(one.name for one in bars), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{label}" '
        f'font-family="var(--jp-ui-font-family, system-ui, sans-serif)" font-size="12" '
        f'style="color: {INK}" fill="currentColor">{"".join(parts)}</svg>'
    )


def _bar(one: Interval, y: float, scale: float, color: str, unit: str) -> str:
    value, low, high = (_number(end) * scale for end in (one.value, one.low, one.high))
    middle = y + _ROW / 2
    line = (
        f'<path d="M{_NAME + low:.1f} {middle:.1f}H{_NAME + high:.1f}M{_NAME + low:.1f} {middle - 4:.1f}v8'
        f'M{_NAME + high:.1f} {middle - 4:.1f}v8" stroke="currentColor" stroke-width="1.5" fill="none"/>'
    )
    said = f"{one.value:,.0f} ({one.low:,.0f} to {one.high:,.0f}){unit and ' ' + unit}"
    return (
        _text(0, middle + 4, one.name)
        + f'<rect x="{_NAME}" y="{y + 6:.1f}" width="{max(value, 1):.1f}" height="{_ROW - 12}" '
        f'fill="{color}"/>' + line + _text(_NAME + max(high, value) + 8, middle + 4, said, faint=True)
    )


def _number(value: float) -> float:
    return max(value, 0.0) if math.isfinite(value) else 0.0


def _text(x: float, y: float, text: str, *, faint: bool = False, bold: bool = False) -> str:
    style = (' fill-opacity=".68"' if faint else "") + (' font-weight="600"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{style}>{html.escape(text)}</text>'
