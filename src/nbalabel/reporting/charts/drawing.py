"""What the charts of a report share: the SVG element, texts, grid lines."""

from __future__ import annotations

import html

from ...core.show.svg_chart import INK


def svg(parts: list[str], width: float, height: float, label: str) -> str:
    """An ``<svg>`` element.

    Args:
        parts: its content.
        width: pixels.
        height: pixels.
        label: what it shows, for those who cannot see it.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{html.escape(label, quote=True)}" '
        f'font-family="var(--jp-ui-font-family, system-ui, sans-serif)" font-size="11" '
        f'style="color: {INK}" fill="currentColor">{"".join(parts)}</svg>'
    )


def text(
    x: float, y: float, words: str, anchor: str = "start", *, faint: bool = False, bold: bool = False
) -> str:
    """A text; its end, middle or start at ``x``, its foot at ``y``."""
    style = (' fill-opacity=".68"' if faint else "") + (' font-weight="600"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{html.escape(words)}</text>'


def bar(x: float, y: float, width: float, height: float, color: str, title: str = "", more: str = "") -> str:
    """A rectangle with a title that shows when the mouse rests on it."""
    inner = f"<title>{html.escape(title)}</title>" if title else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
        f'fill="{color}"{more}>{inner}</rect>'
    )


def level(x1: float, x2: float, y: float, opacity: str = ".13") -> str:
    """A horizontal line."""
    return (
        f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
        f'stroke-opacity="{opacity}"/>'
    )


def amount(value: float) -> str:
    """A number of things: with commas, large ones in thousands.

    Example:
        >>> amount(940), amount(12_400), amount(1_250_000)
        ('940', '12.4k', '1.25M')
    """
    if value >= 1_000_000:
        return f"{value / 1_000_000:.3g}M"
    return f"{value / 1000:.3g}k" if value >= 10_000 else f"{value:,.0f}"
