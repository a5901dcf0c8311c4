"""Values with intervals side by side as SVG: a dot, and a line from the low to the high end."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .palette import COLORS
from .svg_chart import INK, ticks

_LEFT = 40
_LETTER = 6.0  # width of a letter of the names below


class Whisker(NamedTuple):
    """One value: its name, the value, the ends of its interval, and a second line below the name."""

    name: str
    value: float
    low: float
    high: float
    below: str = ""


def intervals_svg(
    points: Sequence[Whisker],
    *,
    width: int = 440,
    height: int = 190,
    title: str = "",
    y_label: str = "",
    zero: bool = False,
    color: str = COLORS.steel,
) -> str:
    """Draw values with their intervals, in order from the left; a line joins them.

    Args:
        points: values that are not finite leave a gap.
        width: pixels.
        height: pixels.
        title: shown above.
        y_label: shown at the top right.
        zero: the values are differences: a line at 0 is drawn, the dots are not joined, and intervals that
            hold 0 are faint.
        color: of the dots.

    Returns:
        An ``<svg>`` element.

    Example:
        >>> intervals_svg([Whisker("v1", 0.4, 0.3, 0.5)], title="mAP").count("<circle")
        1
    """
    top, bottom = (28 if title or y_label else 12), height - (40 if any(p.below for p in points) else 26)
    low, high = _ends(points, zero=zero)
    step = (width - _LEFT - 8) / max(len(points), 1)
    places = [
        (_LEFT + step * (i + 0.5), point) for i, point in enumerate(points) if math.isfinite(point.value)
    ]

    def y_of(value: float) -> float:
        return bottom - (min(max(value, low), high) - low) / (high - low) * (bottom - top)

    parts = [_grid(low, high, y_of, width), _heads(title, y_label, width)]
    if zero:
        parts.append(_rule(y_of(0.0), width, ".5"))
    elif len(places) > 1:
        line = " ".join(f"{x:.1f},{y_of(p.value):.1f}" for x, p in places)
        style = f'fill="none" stroke="{color}" stroke-width="1.5" stroke-opacity=".45"'
        parts.append(f'<polyline points="{line}" {style}/>')
    for i, (x, point) in enumerate(places):
        rises = not zero and i + 1 < len(places) and places[i + 1][1].value > point.value
        rises = rises and y_of(point.value) < bottom - 16  # else it would lie on the names
        parts.append(_whisker(x, point, y_of, color, zero=zero, roomy=step >= 44, below=rises))
    parts.append(_names(points, step, bottom))
    if not places:
        parts.append(_text(width / 2, height / 2, "nothing to measure", "middle", faint=True))
    label = html.escape(title or y_label or "values with intervals", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{label}" '
        f'font-family="var(--jp-ui-font-family, system-ui, sans-serif)" font-size="11" '
        f'style="color: {INK}" fill="currentColor">{"".join(parts)}</svg>'
    )


def _ends(points: Sequence[Whisker], *, zero: bool) -> tuple[float, float]:
    """The ends of the y axis: round, and around all intervals."""
    known = [v for p in points for v in (p.value, p.low, p.high) if math.isfinite(v)]
    low, high = (min([*known, 0.0]), max([*known, 0.0])) if zero else (min(known or [0]), max(known or [1]))
    room = max((high - low) * 0.12, 0.01)
    low, high = low - room, high + room
    return (low, high) if zero else (max(low, 0.0), min(high, 1.0) if high - room <= 1 else high)


def _whisker(
    x: float,
    point: Whisker,
    y_of: Callable[[float], float],
    color: str,
    *,
    zero: bool,
    roomy: bool,
    below: bool,
) -> str:
    y, low, high = (y_of(v) if math.isfinite(v) else math.nan for v in point[1:4])
    faint = ' opacity=".5"' if zero and point.low <= 0 <= point.high else ""
    title = f"{point.name}: {point.value:+.3f}" if zero else f"{point.name}: {point.value:.3f}"
    parts = [f"<title>{html.escape(title)} ({point.low:.3f} to {point.high:.3f})</title>"]
    if math.isfinite(low) and math.isfinite(high):
        parts.append(
            f'<path d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 5:.1f} {low:.1f}h10M{x - 5:.1f} {high:.1f}h10" '
            f'stroke="{color}" stroke-width="1.5" fill="none"/>'
        )
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>')
    if roomy:
        value = f"{point.value:+.2f}".replace("-", "\N{MINUS SIGN}") if zero else f"{point.value:.2f}"
        parts.append(_text(x + 8, y + (15 if below else -6), value, "start", bold=True))
    return f"<g{faint}>{''.join(parts)}</g>"


def _grid(low: float, high: float, y_of: Callable[[float], float], width: int) -> str:
    parts = []
    for value in ticks((low, high), 4):
        y = y_of(value)
        parts += [_rule(y, width, ".13"), _text(_LEFT - 6, y + 4, f"{value:.3g}", "end", faint=True)]
    return "".join(parts)


def _rule(y: float, width: int, opacity: str) -> str:
    return (
        f'<line x1="{_LEFT}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
        f'stroke-opacity="{opacity}"/>'
    )


def _heads(title: str, y_label: str, width: int) -> str:
    parts = [_text(0, 13, title, "start", bold=True)] if title else []
    return "".join([*parts, _text(width, 13, y_label, "end", faint=True)] if y_label else parts)


def _names(points: Sequence[Whisker], step: float, bottom: float) -> str:
    """Names below the dots; where they are too many, only every second, third ... one."""
    longest = max((max(len(p.name), len(p.below)) for p in points), default=0)
    letters = max(int(step / _LETTER), 3)
    every = 1 if longest <= letters else max(-(-min(longest, 12) // letters), 1)
    most = int(step * every / _LETTER)
    parts = []
    for i, point in enumerate(points):
        if i % every == 0:
            x = _LEFT + step * (i + 0.5)
            parts.append(_text(x, bottom + 17, short(point.name, most), "middle"))
            parts.append(_text(x, bottom + 31, short(point.below, most), "middle", faint=True))
    return "".join(parts)


def short(text: str, most: int) -> str:
    """A text of at most ``most`` letters, its end cut off where it is longer.

    Example:
        >>> short("mangrove", 5)
        'mang…'
    """
    return text if len(text) <= most else f"{text[: max(most - 1, 1)]}…"


def _text(x: float, y: float, text: str, anchor: str, *, faint: bool = False, bold: bool = False) -> str:
    style = (' fill-opacity=".68"' if faint else "") + (' font-weight="600"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{html.escape(text)}</text>'
