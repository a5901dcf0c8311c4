"""The parts that sections are made of: tiles, tables, keys, empty places. Every text is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

_LONG = 28  # letters from which a text is broken into lines

_MINUS = "\N{MINUS SIGN}"


def escape(text: object) -> str:
    """Escape a text for HTML."""
    return html.escape(str(text), quote=True)


def section(title: str, lede: str, *body: str) -> str:
    """A section with its heading and one sentence on how to read it."""
    said = f'<p class="nbr-lede">{escape(lede)}</p>' if lede else ""
    return f"<section><h3>{escape(title)}</h3>{said}{''.join(body)}</section>"


def tile(name: str, value: str, small: str = "", more: str = "", share: float | None = None) -> str:
    """A number in large letters.

    Args:
        name: what it is.
        value: the number.
        small: what follows it in small letters.
        more: a line below.
        share: draws a bar that is full at 1; None: none.
    """
    after = f" <small>{escape(small)}</small>" if small else ""
    track = "" if share is None else f'<div class="nbr-track"><i style="width: {share:.1%}"></i></div>'
    below = f'<div class="nbr-more">{escape(more)}</div>' if more else ""
    return (
        f'<div class="nbr-tile"><div class="nbr-name">{escape(name)}</div>'
        f'<div class="nbr-value">{escape(value)}{after}</div>{track}{below}</div>'
    )


def tiles(*parts: str) -> str:
    """Tiles side by side."""
    return f'<div class="nbr-tiles">{"".join(parts)}</div>'


def figure(title: str, svg: str, *, wide: bool = False, below: str = "") -> str:
    """A chart with its name; a wide one scrolls where there is no room."""
    head = f"<h4>{escape(title)}</h4>" if title else ""
    inner = f'<div class="nbr-wide">{svg}</div>' if wide else svg
    return f"<figure>{head}{inner}{below}</figure>"


def row(*parts: str) -> str:
    """Figures side by side where there is room."""
    return f'<div class="nbr-row">{"".join(parts)}</div>'


def keys(colors: Mapping[str, str]) -> str:
    """What the colors of a chart mean."""
    parts = (
        f'<span><i style="background: {color}"></i>{escape(name)}</span>' for name, color in colors.items()
    )
    return f'<div class="nbr-keys">{"".join(parts)}</div>'


class Column(NamedTuple):
    """A column of a table: its heading, its texts, and whether it is words rather than numbers."""

    name: str
    cells: Sequence[object]
    words: bool = False


def table(columns: Sequence[Column], *, last_is_all: bool = False) -> str:
    """A table; numbers stand at the right."""
    head = "".join(f"<th{_text(c)}>{escape(c.name)}</th>" for c in columns)
    n = len(columns[0].cells) if columns else 0
    rows = []
    for i in range(n):
        cells = "".join(f"<td{_text(c)}>{escape(c.cells[i])}</td>" for c in columns)
        kind = ' class="nbr-all"' if last_is_all and i == n - 1 else ""
        rows.append(f"<tr{kind}>{cells}</tr>")
    inner = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="nbr-table"><table>{inner}</table></div>'


def _text(column: Column) -> str:
    if not column.words:
        return ""
    is_long = max((len(str(cell)) for cell in column.cells), default=0) > _LONG
    return ' class="nbr-text nbr-long"' if is_long else ' class="nbr-text"'


def empty(text: str) -> str:
    """A place where there is nothing yet, with what to do; code lies between backticks."""
    parts = escape(text).split("`")
    inner = "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
    return f'<div class="nbr-empty">{inner}</div>'


def notes(texts: Iterable[str]) -> str:
    """Small lines of text."""
    whole = (text[:1].upper() + text[1:].rstrip(".") + "." for text in texts if text)
    return "".join(f'<p class="nbr-note">{escape(text)}</p>' for text in whole)


def whole(values: Iterable[float]) -> list[str]:
    """Whole numbers with commas; 0 as a dash, so that what is there stands out."""
    return ["–" if not value or pd.isna(value) else f"{value:,.0f}" for value in values]


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign.

    Example:
        >>> signed(0.031), signed(-0.2)
        ('+0.03', '−0.20')
    """
    return f"{value:+.{digits}f}".replace("-", _MINUS)


def hours(value: float) -> str:
    """A duration in hours, minutes or seconds.

    Example:
        >>> hours(2.5), hours(0.2), hours(0)
        ('2.5 h', '12 min', '–')
    """
    if value >= 1:
        return f"{value:,.1f} h"
    return (
        f"{value * 60:,.0f} min" if value * 60 >= 1 else f"{value * 3600:.0f} s" if value * 3600 >= 1 else "–"
    )


def short_version(name: str) -> str:
    """A version without its checksum.

    Example:
        >>> short_version("v12-0a1b2c3d"), short_version("working copy")
        ('v12', 'working copy')
    """
    head, _, tail = name.partition("-")
    return head if head[:1] == "v" and head[1:].isdigit() and tail else name
