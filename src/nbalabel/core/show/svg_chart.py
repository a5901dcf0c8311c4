"""A line chart as SVG: small, without any library, readable on light and dark themes."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .palette import COLORS, OKABE_ITO

Range: TypeAlias = tuple[float, float]
Point: TypeAlias = tuple[float, float]

INK = "var(--jp-ui-font-color1, var(--vscode-foreground, inherit))"
_GRAY = COLORS.axis

# In the order in which neighbors stay farthest apart on both themes.
_COLORS = tuple(color for color in OKABE_ITO if color != COLORS.yellow)
_MOST = 600  # most points per line; longer lines are thinned


def line_chart_svg(
    series: Mapping[str, Sequence[float] | Sequence[Point]],
    *,
    width: int = 360,
    height: int = 200,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    x_range: Range | None = None,
    y_range: Range | None = None,
    band: Sequence[tuple[float, float, float]] = (),
    dots: Sequence[Point] = (),
) -> str:
    """Draw lines, each ending in a dot with its last value.

    Args:
        series: name -> values at x = 1, 2, 3 ..., or (x, y) points; missing values (NaN) leave a gap.
        width: pixels.
        height: pixels.
        title: shown above.
        x_label: shown below.
        y_label: shown at the top of the y axis.
        x_range: ends of the x axis; default those of the points.
        y_range: ends of the y axis; default around the values.
        band: (x, low, high): an interval along the first line, drawn behind it.
        dots: (x, y): points that were measured, drawn as rings.

    Returns:
        An ``<svg>`` element.

    Example:
        >>> line_chart_svg({"loss": [3.0, 2.0, 1.5]}, title="training").startswith("<svg")
        True
    """
    lines = {name: _points(values) for name, values in series.items()}
    around = [(x, y) for x, low, high in band for y in (low, high)]
    points = [p for line in (*lines.values(), around, dots) for p in line if _finite(p)]
    top = 26 if title or y_label else 10
    x_ends = _ends([x for x, _ in points], x_range, tight=True)
    y_ends = _ends([y for _, y in points], y_range, tight=False)
    frame = _Frame(44, top, width - _room(lines), height - (36 if x_label else 22), x_ends, y_ends)
    parts = [_axes(frame), _texts(frame, title, x_label, y_label), _band(frame, band)]
    parts += [
        _line(frame, line, color) for line, color in zip(lines.values(), _cycle(len(lines)), strict=True)
    ]
    parts += [_ring(*frame.place(point)) for point in dots if _finite(point)]
    parts.append(
        _ends_of_lines(frame, lines) if points else _text(width / 2, height / 2, "no data yet", "middle")
    )
    label = html.escape(title or ", ".join(series), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" '
        f'role="img" aria-label="{label}" font-family="var(--jp-ui-font-family, system-ui, sans-serif)" '
        f'font-size="11" style="color: {INK}" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )


def as_image(svg: str) -> str:
    """A chart as an ``<img>``, for notebooks that are opened without being run.

    JupyterLab and GitHub remove inline SVG from untrusted notebooks and leave only its text; ``<img>``
    elements stay. Inside an image the theme's colors are unknown, so the text becomes a gray that is readable
    on light and dark.

    Args:
        svg: what :func:`line_chart_svg` returned.

    Example:
        >>> as_image(line_chart_svg({"loss": [2.0, 1.0]}))[:37]
        '<img src="data:image/svg+xml;base64,P'
    """
    data = base64.b64encode(svg.replace(INK, _GRAY).encode()).decode()
    label = svg.partition('aria-label="')[2].partition('"')[0]
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{label}">'


class _Frame:
    """The rectangle of the plot, and the mapping of values into it."""

    def __init__(self, left: float, top: float, right: float, bottom: float, x: Range, y: Range) -> None:
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        self.x, self.y = x, y

    def place(self, point: Point) -> Point:
        x = self.left + (point[0] - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - self.left)
        y = self.bottom - (point[1] - self.y[0]) / (self.y[1] - self.y[0]) * (self.bottom - self.top)
        return x, min(max(y, self.top - 2), self.bottom + 2)


def _points(values: Sequence[float] | Sequence[Point]) -> list[Point]:
    points = [v if isinstance(v, tuple) else (i, v) for i, v in enumerate(values, 1)]
    step = -(-len(points) // _MOST)
    kept = points[:: max(step, 1)]
    kept = kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]
    return [(float(x), float(y)) for x, y in kept]


def _finite(point: Point) -> bool:
    return math.isfinite(point[0]) and math.isfinite(point[1])


def _ends(values: Sequence[float], wanted: Range | None, *, tight: bool) -> Range:
    """The two ends of an axis, low < high."""
    low, high = wanted or (min(values, default=0.0), max(values, default=1.0))
    if wanted is None and not tight:
        low = 0.0 if 0 <= low < high / 2 else low - (high - low) * 0.06
        high += (high - low) * 0.06
    if not low < high:
        low, high = (
            (low - 0.5, low + 0.5) if tight else (low - max(abs(low), 1) / 10, low + max(abs(low), 1) / 10)
        )
    return low, high


def ticks(ends: Range, most: int, *, whole: bool = False) -> list[float]:
    """Round numbers within the ends of an axis."""
    rough = (ends[1] - ends[0]) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    step = max(step, 1.0) if whole else step
    first = math.ceil(ends[0] / step - 1e-9)
    last = math.floor(ends[1] / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _number(value: float) -> str:
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.4g}"


def _axes(frame: _Frame) -> str:
    parts = []
    for value in ticks(frame.y, 4):
        _, y = frame.place((frame.x[0], value))
        parts.append(
            f'<line x1="{frame.left}" x2="{frame.right:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
            'stroke-opacity=".14"/>'
        )
        parts.append(_text(frame.left - 6, y + 3.5, _number(value), "end", faint=True))
    for value in ticks(frame.x, 5, whole=True):
        x, _ = frame.place((value, frame.y[0]))
        parts.append(_text(x, frame.bottom + 15, _number(value), "middle", faint=True))
    return "".join(parts)


def _texts(frame: _Frame, title: str, x_label: str, y_label: str) -> str:
    parts = [_text(frame.left, 13, title, "start", bold=True)] if title else []
    if y_label:
        parts.append(_text(frame.right, 13, y_label, "end", faint=True))
    if x_label:
        parts.append(_text((frame.left + frame.right) / 2, frame.bottom + 31, x_label, "middle", faint=True))
    return "".join(parts)


def _line(frame: _Frame, line: Sequence[Point], color: str) -> str:
    path, drawing = [], False
    for point in line:
        if _finite(point):
            x, y = frame.place(point)
            path.append(f"L{x:.1f} {y:.1f}" if drawing else f"M{x:.1f} {y:.1f}h0")  # h0: a lone point shows
        drawing = _finite(point)
    style = 'fill="none" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"'
    return f'<path d="{" ".join(path)}" {style} stroke="{color}"/>' if path else ""


def _band(frame: _Frame, band: Sequence[tuple[float, float, float]]) -> str:
    whole = [one for one in band if all(map(math.isfinite, one))]
    if not whole:
        return ""
    edge = [frame.place((x, high)) for x, _, high in whole]
    edge += [frame.place((x, low)) for x, low, _ in reversed(whole)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in edge)
    return f'<polygon points="{path}" fill="{_COLORS[0]}" fill-opacity=".22"/>'


def _ring(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="none" stroke="currentColor" stroke-width="1.5"/>'


def _ends_of_lines(frame: _Frame, lines: Mapping[str, Sequence[Point]]) -> str:
    """Dots at the last values, with name and value beside them; overlapping texts are moved apart."""
    found = []
    for (name, line), color in zip(lines.items(), _cycle(len(lines)), strict=True):
        last = next((p for p in reversed(line) if _finite(p)), None)
        if last is not None:
            found.append((frame.place(last), color, name, last[1]))
    found.sort(key=lambda end: end[0][1])
    parts, below = [], frame.top - 12
    for i, ((x, y), color, name, value) in enumerate(found):
        lowest = frame.bottom - 12 * (len(found) - 1 - i)
        below = max(min(y, lowest), below + 12)
        text = f"{value:.3g}" if len(lines) == 1 else f"{name} {value:.3g}"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>')
        parts.append(_text(x + 7, below + 3.5, text, "start", bold=True))
    return "".join(parts)


def _room(lines: Mapping[str, Sequence[Point]]) -> float:
    """Width in pixels, right of the plot, for the texts at the ends of the lines."""
    longest = max((len(name) for name in lines), default=0) + 1 if len(lines) > 1 else 0
    return min(16 + 6.8 * (longest + 5), 170)


def _cycle(n: int) -> list[str]:
    return [_COLORS[i % len(_COLORS)] for i in range(n)]


def _text(x: float, y: float, text: str, anchor: str, *, faint: bool = False, bold: bool = False) -> str:
    style = (' fill-opacity=".68"' if faint else "") + (' font-weight="600"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{html.escape(text)}</text>'
