"""Boxes of views that fit whatever width they get, from half a notebook column to a whole screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets


class Grid(ipywidgets.GridBox):  # type: ignore[misc]  # ipywidgets has no types
    """Views side by side, as many in a row as fit.

    Args:
        views: in order.
        least: least width of a view, CSS pixels.
    """

    def __init__(self, views: Sequence[Any], least: int) -> None:
        columns = f"repeat(auto-fit, minmax(min(100%, {least}px), 1fr))"
        layout = ipywidgets.Layout(
            grid_template_columns=columns, grid_gap="6px", width="100%", display="grid" if views else "none"
        )
        super().__init__(list(views), layout=layout)


class Switch(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """One of several views at a time, made when it is first shown.

    Args:
        makers: function that makes each view, by name; the first is shown.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._makers, self._made = dict(makers), dict[str, Any]()
        self._buttons = ipywidgets.ToggleButtons(
            options=list(makers), style={"button_width": "auto"}, layout=ipywidgets.Layout(margin="0")
        )
        self._buttons.observe(lambda change: self._put(change["new"]), "value")
        super().__init__(layout=ipywidgets.Layout(width="100%", min_width="0"))
        self._put(next(iter(makers)))

    @property
    def current(self) -> str:
        """Name of the view shown."""
        return str(self._buttons.value)

    @property
    def names(self) -> list[str]:
        """Names of the views, in order."""
        return list(self._makers)

    def show(self, name: str) -> Any:
        """Show a view; returns it."""
        self._buttons.value = name
        return self._put(name)

    def close(self) -> None:
        """Close the buttons; the workspace closes the views."""
        for part in (self._buttons.style, self._buttons.layout, self._buttons):
            part.close()
        super().close()

    def _put(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        self.children = (self._buttons, self._made[name])
        return self._made[name]
