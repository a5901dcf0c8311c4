"""Boxes of views as marimo HTML: marimo runs anywidgets, but not the boxes of ipywidgets.

In: a box that was laid out for Jupyter.
Out: what marimo displays. Called only in marimo.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import ipywidgets

from .layout import Switch

_PROPERTIES = ("display", "grid_template_columns", "grid_gap", "width", "min_width")


def laid_out(box: ipywidgets.Box) -> Any:
    """A box and its children as an element of marimo.

    Args:
        box: of views, boxes and switches.
    """
    import marimo

    if isinstance(box, Switch):
        return _tabs(box)
    # A chart is a box, too, but its own ``_display_`` makes its output for marimo.
    parts = [laid_out(one) if _is_plain(one) else one for one in box.children]
    inner = "".join(f'<div style="min-width: 0">{marimo.as_html(part).text}</div>' for part in parts)
    return marimo.Html(f'<div style="{escape(_style(box), quote=True)}">{inner}</div>')


def _tabs(switch: Switch) -> Any:
    """One tab per view; a view is made when its tab is opened."""
    import marimo

    made: dict[str, Callable[[], Any]] = {name: partial(switch.show, name) for name in switch.names}
    contents = {name: marimo.lazy(show) for name, show in made.items()}
    return marimo.ui.tabs(contents, value=switch.current)


def _is_plain(part: Any) -> bool:
    return isinstance(part, ipywidgets.Box) and not hasattr(part, "_display_")


def _style(box: ipywidgets.Box) -> str:
    """The layout of a box as CSS; a vertical box becomes a grid of one column."""
    said = {name: getattr(box.layout, name) for name in _PROPERTIES}
    said["display"] = said["display"] or "grid"
    if not said["grid_template_columns"]:
        said["grid_template_columns"] = "minmax(0, 1fr)"
    return "; ".join(f"{name.replace('_', '-')}: {value}" for name, value in said.items() if value)
