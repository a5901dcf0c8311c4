"""Stacked bars, one per round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...core.show.svg_chart import ticks
from ...core.show.svg_intervals import short
from .drawing import amount, bar, level, svg, text

_LEFT = 44
_LETTER = 6.2


def stacked_svg(
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    colors: Mapping[str, str],
    *,
    width: int = 440,
    height: int = 190,
    label: str = "",
    below: Sequence[str] = (),
) -> str:
    """Draw one bar per name, made of the series.

    Args:
        names: of the bars, from the left.
        series: name -> its value of each bar, 0 or more; the first lies lowest.
        colors: of the series.
        width: pixels.
        height: pixels.
        label: what the chart shows.
        below: a second line of text below each bar.
    """
    totals = [sum(values) for values in zip(*series.values(), strict=True)] if series else []
    most = max(totals, default=0) or 1.0
    top, bottom = 18.0, height - (36.0 if below else 22.0)
    scale, step = (bottom - top) / most, (width - _LEFT) / max(len(names), 1)
    wide = min(step * 0.62, 56)
    parts = []
    for value in ticks((0.0, float(most)), 4, whole=True):
        y = bottom - value * scale
        parts += [level(_LEFT, width, y), text(_LEFT - 6, y + 4, amount(value), "end", faint=True)]
    for i, name in enumerate(names):
        x = _LEFT + step * (i + 0.5)
        y = bottom
        for what, values in series.items():
            if values[i] > 0:
                y -= values[i] * scale
                said = f"{name}: {values[i]:,.0f} {what}"
                parts.append(bar(x - wide / 2, y, wide, values[i] * scale, colors[what], said))
        if totals[i] and step >= 30:
            parts.append(text(x, y - 5, amount(totals[i]), "middle", bold=True))
    return svg([*parts, *_names(names, below, step, bottom)], width, height, label)


def _names(names: Sequence[str], below: Sequence[str], step: float, bottom: float) -> list[str]:
    """Names below the bars; only every second, third ... where they are too many."""
    longest = max((len(name) for name in names), default=1)
    every = max(-(-int((longest + 1) * _LETTER) // max(int(step), 1)), 1)
    most = max(int(step * every / _LETTER) - 1, 3)
    parts = []
    for i in range(0, len(names), every):
        x = _LEFT + step * (i + 0.5)
        parts.append(text(x, bottom + 15, short(names[i], most), "middle"))
        if below and below[i]:
            parts.append(text(x, bottom + 29, short(below[i], most), "middle", faint=True))
    return parts
