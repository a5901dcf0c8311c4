"""What all charts are: a head with title and controls, a bqplot figure, and a clause in the selection."""

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

PATIENCE = 0.03  # seconds in which a burst of changes is answered once


class ChartHead(Bridge):
    """Title, counts and controls above a figure; their meaning is its chart's."""

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
        """Take the chart away, or its head where the chart is gone already."""
        chart = self._chart()
        if chart is not None and not chart.closed:
            chart.close()
        else:
            super().close()


class Chart(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A figure that is linked to a workspace.

    Attributes:
        workspace: what it shows.
        head: its title and controls.
        figure: the bqplot Figure.
        closed: whether it was taken away.
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
        """Draw anew: the tables have changed."""

    def recount(self) -> None:
        """The selection has changed."""

    def forgotten(self) -> None:
        """Somebody else took this chart's clause away."""

    def picture(self) -> Image | None:
        """The chart as a picture, for pages that run no widgets."""
        return None

    def say(self, **state: Any) -> None:
        """Change some of what the head shows."""
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
        """Show the figure, or leave the room to the head's note."""
        self._frame.layout.display = None if shown else "none"

    def guarded(self, work: Callable[[], None]) -> None:
        """Do what a gesture asked for; an error is shown in the head and kept in ``errors``."""
        try:
            work()
        except NbalabelError as error:
            self.head.errors.append(error)
            self.head.emit("failed", {"message": str(error)})

    def close(self) -> None:
        """Take the chart and its clause away and free what it holds."""
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
        """What marimo shows, which does not run bqplot: the head, and a picture that follows."""
        self.head.image = data_url(self.picture())
        return self.head

    def html(self) -> str:
        """No HTML stands in for a chart: its picture does."""
        return ""

    @property
    def errors(self) -> Any:
        """The last 20 errors, newest last."""
        return self.head.errors


class Later:
    """Work done once for a burst of calls: soon where an event loop runs, at once where none does."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._handle: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        """Do it once, soon."""
        if self._handle is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work()
        else:
            self._handle = loop.call_later(PATIENCE, self._run)

    def cancel(self) -> None:
        """Do not do it."""
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
