"""The share of each label, before and after images are drawn by weight."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.show.palette import COLORS
from ...core.show.svg_intervals import short
from .drawing import bar, svg, text

_LEFT, _RIGHT = 120, 52
_ROW = 30


def shares_svg(
    names: Sequence[str], before: Sequence[float], after: Sequence[float], *, width: int = 440
) -> str:
    """Draw two bars per label.

    Args:
        names: labels, from above.
        before: share of the instances, 0..1.
        after: share of what is drawn by weight, 0..1.
        width: pixels.
    """
    most = max([*before, *after], default=0.0) or 1.0
    scale = (width - _LEFT - _RIGHT) / most
    parts = []
    for i, (name, plain, drawn) in enumerate(zip(names, before, after, strict=True)):
        y = 2.0 + _ROW * i
        parts.append(text(0, y + 16, short(name, 18)))
        parts.append(bar(_LEFT, y + 3, plain * scale, 8, COLORS.neutral, f"{name}: {plain:.1%} before"))
        parts.append(bar(_LEFT, y + 13, drawn * scale, 8, COLORS.steel, f"{name}: {drawn:.1%} by weight"))
        moved = "" if abs(drawn - plain) < 0.0005 else f"{(drawn - plain) * 100:+.1f}"
        x = _LEFT + max(plain, drawn) * scale + 6
        parts.append(text(x, y + 16, f"{drawn:.1%}", bold=bool(moved)))
    return svg(parts, width, 6 + _ROW * len(names), "share of each label before and after weights")
