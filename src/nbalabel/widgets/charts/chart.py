"""Base of all charts: a head with title and controls, a bqplot figure, and a clause in the selection."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from ...core.errors import DataError, NbalabelError
from ..bridge.static_output import data_url, with_picture
from ..workspace.workspace_port import Bridge, Reply, serves
from .plotting import bqplot

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.selection import Selection
    from ..workspace.workspace import Workspace

PATIENCE = 0.03  # seconds; changes within this time are handled together


class ChartHead(Bridge):
    """Title, counts and controls above a figure; the chart handles the controls."""

    bundle = "chart"

    state = traitlets.Dict(help="what it shows; see js/src/views/chart/head.ts").tag(sync=True)
    image = traitlets.Unicode(help="data URL of a PNG in place of the figure; empty in Jupyter").tag(
        sync=True
    )

    def __init__(self, workspace: Workspace, chart: Chart) -> None:
        self._chart = weakref.ref(chart)
        super().__init__(workspace)

    @serves
    def choose(self, *, name: str, value: Any = None) -> Reply:
        """Use a control."""
        chart = self._chart()
        if chart is not None:
            chart.choose(name, value)
        return {}

    def refreshed(self) -> None:
        """The tables have changed."""
        chart = self._chart()
        if chart is not None:
            chart.rebuild()

    def close(self) -> None:
        """Close the chart, or only this head if the chart is gone already."""
        chart = self._chart()
        if chart is not None and not chart.closed:
            chart.close()
        else:
            super().close()


class Chart(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A figure that is linked to a workspace.

    Attributes:
        workspace: the workspace it shows.
        head: its title and controls.
        figure: the bqplot Figure.
        closed: whether it was closed.
    """

    closed = True  # until it is open

    def __init__(self, ws: Workspace, height: int, **figure: Any) -> None:
        if not 80 <= height <= 4000:
            raise DataError(f"height must be 80 to 4000 CSS pixels, got {height}")
        self.workspace, self.closed, self.bars_height = ws, False, height
        self.figure = bqplot.Figure(
            layout={"height": f"{height}px", "width": "100%", "min_width": "0", "flex": "0 0 auto"},
            background_style={"fill": "none"},
            display_toolbar=False,
            padding_y=0,
            **figure,
        )
        self._drawn: list[ipywidgets.Widget] = []
        self.head = ChartHead(ws, self)
        self._frame = ipywidgets.Box([self.figure], layout={"overflow": "hidden", "min_width": "0"})
        super().__init__([self.head, self._frame], layout={"min_width": "0", "overflow": "visible"})
        self.add_class("nbl-chart")
        self._recount_soon = Later(lambda: self.guarded(self.recount))
        self._stop = ws.selection.on_change(self._heard)

    @property
    def selection(self) -> Selection:
        """The workspace's selection."""
        return self.workspace.selection

    @property
    def source(self) -> str:
        """Key of this chart's clause in the selection."""
        return self.head.source

    def choose(self, name: str, value: Any) -> None:
        """A control of the head was used."""
        del value
        raise DataError(f"{type(self).__name__} has no control {name!r}")

    def rebuild(self) -> None:
        """The tables have changed: draw again."""

    def recount(self) -> None:
        """The selection has changed."""

    def forgotten(self) -> None:
        """Somebody else took this chart's clause away."""

    def picture(self) -> Image | None:
        """The chart as a picture, for pages that run no widgets."""
        return None

    def say(self, **state: Any) -> None:
        """Update parts of what the head shows."""
        self.head.state = {**self.head.state, **state}
        if self.head.image:
            self.head.image = data_url(self.picture())

    def draw(self, marks: Sequence[Any], axes: Sequence[Any], interaction: Any = None) -> None:
        """Put marks and axes into the figure; those that were there are closed."""
        before, self._drawn = self._drawn, [*marks, *axes, *([] if interaction is None else [interaction])]
        for part in (*marks, *axes):
            scales = part.scales.values() if isinstance(part, bqplot.Mark) else [part.scale]
            self._drawn += [scale for scale in scales if scale not in self._drawn]
        with self.figure.hold_sync():
            self.figure.interaction = interaction
            self.figure.axes, self.figure.marks = list(axes), list(marks)
        for widget in before:
            _close(widget)

    def show_figure(self, shown: bool) -> None:
        """Show or hide the figure; without it, the head's note takes its place."""
        self._frame.layout.display = None if shown else "none"

    def guarded(self, work: Callable[[], None]) -> None:
        """Run the work of a gesture; an error is shown in the head and kept in ``errors``."""
        try:
            work()
        except NbalabelError as error:
            self.head.errors.append(error)
            self.head.emit("failed", {"message": str(error)})

    def close(self) -> None:
        """Close the chart and its widgets, and remove its clause."""
        if self.closed:
            return
        self.closed = True
        self._stop()
        self._recount_soon.cancel()
        _close(self.head)
        own = [self.figure.scale_x, self.figure.scale_y, self.figure, self._frame]
        for widget in [*self._drawn, *own]:
            _close(widget)
        self.layout.close()
        super().close()

    def __repr__(self) -> str:
        state = self.head.state
        said = state.get("count") or state.get("note", "")
        return f"<{type(self).__name__}: {state.get('title', '')}, {said}>"

    def _heard(self, what: str) -> None:
        if what in ("active", "tables"):
            return
        if what == self.source:
            if what not in self.selection.clauses:
                self.forgotten()
            return
        self._recount_soon()

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        return with_picture(super()._repr_mimebundle_(**arguments), self)

    def _display_(self) -> ChartHead:
        """The output in marimo, which does not run bqplot: the head, with a picture that is kept current."""
        self.head.image = data_url(self.picture())
        return self.head

    def html(self) -> str:
        """Empty: pages that run no widgets show the picture instead."""
        return ""

    @property
    def errors(self) -> Any:
        """The last 20 errors, newest last."""
        return self.head.errors


class Later:
    """Work done once per burst of calls: after ``PATIENCE`` in a running event loop, at once without one."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._handle: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        """Schedule the work, unless it is scheduled already."""
        if self._handle is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work()
        else:
            self._handle = loop.call_later(PATIENCE, self._run)

    def cancel(self) -> None:
        """Cancel the scheduled work."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        self._work()


def _close(widget: ipywidgets.Widget) -> None:
    layout = getattr(widget, "layout", None)
    if layout is not None:
        layout.close()
    widget.close()
