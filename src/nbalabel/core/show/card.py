"""Cards that show a dataset, a version or a run in a notebook: facts, pictures and bars.

The output is plain HTML with inline style and loads nothing. Colors are JupyterLab's theme colors where they
are defined, else those of the surrounding text, so that light and dark themes are both readable. Every text
is escaped.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from string import Template
from typing import TYPE_CHECKING, TypeAlias

from .masks_on_image import palette
from .palette import COLORS
from .svg_chart import line_chart_svg

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["bar", "card", "escape", "facts_table", "line_chart_svg", "thumbnail_strip"]

Facts: TypeAlias = Mapping[str, object] | Iterable[tuple[str, object]]

_THUMBNAIL_BYTES = 15_000

_STYLE = Template("""<style>
.nbal { color: var(--jp-ui-font-color1, var(--vscode-foreground, inherit)); max-width: 60em;
  font: 13px/1.5 var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI", sans-serif) }
.nbal-card { border: 1px solid $rule; border-radius: 8px; padding: 12px 16px;
  background: $paper; margin: 2px 0 }
.nbal-title { font-size: 15px; font-weight: 600; overflow-wrap: anywhere }
.nbal-subtitle { opacity: .68; overflow-wrap: anywhere }
.nbal table.nbal-facts { border-collapse: collapse; margin: 8px 0 0; border: 0; background: none;
  font-size: 13px }
.nbal.nbal table.nbal-facts tr { background: none }
.nbal table.nbal-facts th, .nbal table.nbal-facts td { text-align: left; vertical-align: top; border: 0;
  padding: 1px 0; background: none; white-space: pre-wrap; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums }
.nbal table.nbal-facts th { font-weight: 400; opacity: .68; padding-right: 18px; white-space: nowrap }
.nbal-strip { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 10px }
.nbal-strip img { border-radius: 4px; display: block; margin: 0; height: 96px; width: auto }
.nbal-bar { display: flex; gap: 1px; height: 8px; border-radius: 4px; overflow: hidden; margin: 10px 0 4px;
  max-width: 32em; background: $tint }
.nbal-key { display: inline-block; margin-right: 14px; white-space: nowrap }
.nbal-key i { display: inline-block; width: 8px; height: 8px; border-radius: 2px; margin-right: 5px }
.nbal svg { margin: 8px 12px 0 0; max-width: 100%; vertical-align: top }
</style>""").substitute(vars(COLORS))


def escape(text: object) -> str:
    """Escape a text for HTML.

    Example:
        >>> escape("<script> & co")
        '&lt;script&gt; &amp; co'
    """
    return html.escape(str(text), quote=True)


def card(
    title: str, facts: Facts = (), *, subtitle: str = "", images: Sequence[Picture] = (), extra_html: str = ""
) -> str:
    """A framed card.

    Args:
        title: name of what the card shows.
        facts: names and values, in order.
        subtitle: one more line below the title.
        images: pictures, shown small side by side.
        extra_html: HTML that is inserted without escaping: what :func:`bar` or :func:`line_chart_svg` return.

    Example:
        >>> "4 images" in card("reef", {"size": "4 images"})
        True
    """
    parts = [f'<div class="nbal-title">{escape(title)}</div>']
    if subtitle:
        parts.append(f'<div class="nbal-subtitle">{escape(subtitle)}</div>')
    table, strip = _rows(facts), _images(images)
    return _framed("nbal nbal-card", "".join([*parts, table, strip, extra_html]))


def facts_table(facts: Facts) -> str:
    """Names and values in two columns, without a frame.

    Example:
        >>> "<td>12</td>" in facts_table([("images", 12)])
        True
    """
    return _framed("nbal", _rows(facts))


def thumbnail_strip(images: Sequence[Picture]) -> str:
    """Pictures side by side, each less than 15 KB.

    Example:
        >>> thumbnail_strip([]).count("<img")
        0
    """
    return _framed("nbal", _images(images))


def bar(shares: Mapping[str, float]) -> str:
    """A stacked bar with its legend; for use inside a card.

    Args:
        shares: name -> amount, >= 0 in any unit; names with amount 0 are left out.

    Example:
        >>> bar({"labeled": 1, "unlabeled": 3}).count("<i ")
        2
    """
    total = sum(shares.values())
    shown = [
        (name, n, color)
        for (name, n), color in zip(shares.items(), _colors(len(shares)), strict=True)
        if n > 0
    ]
    pieces = (f'<span style="flex: {n / total:.6f}; background: {color}"></span>' for _, n, color in shown)
    keys = "".join(
        f'<span class="nbal-key"><i style="background: {color}"></i>{escape(name)} '
        f"{_percent(n / total)}</span>"
        for name, n, color in shown
    )
    return f'<div class="nbal-bar">{"".join(pieces)}</div><div>{keys}</div>'


def _framed(classes: str, inner: str) -> str:
    return f'{_STYLE}<div class="{classes}">{inner}</div>'


def _rows(facts: Facts) -> str:
    pairs = facts.items() if isinstance(facts, Mapping) else facts
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in pairs)
    return f'<table class="nbal-facts">{rows}</table>' if rows else ""


def _images(images: Sequence[Picture]) -> str:
    return f'<div class="nbal-strip">{"".join(map(_image, images))}</div>' if images else ""


def _image(image: Picture) -> str:
    """An ``<img>`` at twice the shown resolution, or less where the bytes would exceed the limit."""
    from PIL import Image

    small = image.convert("RGB")
    for height, quality in ((192, 82), (144, 80), (96, 75), (64, 60)):
        small.thumbnail((3 * height, height), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        small.save(stream, "JPEG", quality=quality, optimize=True)
        if stream.tell() < _THUMBNAIL_BYTES * 3 // 4:  # base64 writes four characters for three bytes
            break
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img alt="" src="data:image/jpeg;base64,{data}">'


def _colors(n: int) -> list[str]:
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in palette(n).tolist()]


def _percent(share: float) -> str:
    return "&lt;1%" if share < 0.01 else f"{share:.0%}"
