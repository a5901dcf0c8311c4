"""All views in one: the strip, scatter, viewer, histograms and tables of a workspace, linked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets

from ..core.errors import UnknownNameError
from ..core.tables.predicted import Predicted
from .bar import Bar
from .bridge.layout import Grid, Switch
from .workspace.clauses import TABLES
from .workspace.workspace import Workspace

if TYPE_CHECKING:
    from ..data.dataset.dataset import Dataset
    from .charts.histogram import Histogram
    from .scatter.scatter import Scatter
    from .table.table import Table
    from .viewer.viewer import Viewer

_HISTOGRAMS = {
    "predictions": ("score", "area"),
    "instances": ("area",),
    "images": ("n_instances", "state"),
}
_WITHOUT_EMBEDDING = {
    "images": ("image_id", "n_instances"),
    "instances": ("image_id", "area"),
    "predictions": ("score", "area"),
}
"""Columns (x, y) of a colored scatter without an embedding, by table."""


class Explore(Workspace):
    """A workspace that shows itself; :func:`explore` makes one.

    Attributes:
        bar: the strip: the selection of each view, what is in focus, undo and redo.
        scatter: the embedding of the images, or the columns asked for; None where there is neither.
        viewer: the picture of the row that all views point at.
        histograms: a few columns that are worth brushing.
    """

    def __init__(
        self,
        ds: Dataset | Predicted,
        run: Predicted | None,
        x: str,
        y: str,
        color: str | None,
        of: str,
        height: int,
        editing: bool,
    ) -> None:
        super().__init__(ds, run)
        from .viewer.viewer import Viewer

        with self.steady():
            self.bar = Bar(self)
            self.scatter = self._make_scatter(x, y, color, of, height)
            self.viewer: Viewer = Viewer(self, height=height, editing=editing)
            self.histograms: list[Histogram] = self._make_histograms()
            self._tables = Switch({name: partial(self._make_table, name) for name in self._shown_tables()})
        pair = [view for view in (self.scatter, self.viewer) if view is not None]
        self._box = ipywidgets.VBox(
            [self.bar, Grid(pair, least=330), Grid(self.histograms, least=200), self._tables],
            layout=ipywidgets.Layout(grid_gap="6px", min_width="0", width="100%"),
        )
        self._in_marimo: Any = None

    def table(self, of: str | None = None) -> Table:
        """The table of images, instances or predictions; brought to the front.

        Args:
            of: which; default: the one in front.
        """
        shown: Table = self._tables.show(of or self._tables.current)
        return shown

    def close(self) -> None:
        """Close every view, and detach from the dataset."""
        for histogram in self.histograms:
            histogram.close()
        super().close()
        for box in (*self._box.children, self._box):
            box.close()
            box.layout.close()

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        from .bridge.static_output import side_by_side, with_image

        bundle = {**self._box._repr_mimebundle_(**arguments), "text/plain": repr(self)}
        return with_image(bundle, side_by_side([self.scatter, self.viewer]))

    def _display_(self) -> Any:
        """The output in marimo, which does not run ipywidgets' boxes."""
        from .bridge.in_marimo import laid_out

        if self._in_marimo is None:
            self._in_marimo = laid_out(self._box)
        return self._in_marimo

    def _shown_tables(self) -> list[str]:
        """Names of the tables, the most detailed first; predictions only with a run."""
        return [name for name in reversed(TABLES) if name != "predictions" or self.run is not None]

    def _make_table(self, of: str) -> Table:
        from .table.table import Table

        return Table(self, of=of, height=360)

    def _make_scatter(self, x: str, y: str, color: str | None, of: str, height: int) -> Scatter | None:
        from .scatter.scatter import Scatter

        try:
            return Scatter(self, x=x, y=y, color=color, of=of, height=height)
        except UnknownNameError:
            if (x, y) != ("u", "v"):
                raise
        if color is None:
            return None  # no embedding, and no color to show: the viewer gets the whole width
        x, y = _WITHOUT_EMBEDDING[of]
        return Scatter(self, x=x, y=y, color=color, of=of, height=height)

    def _make_histograms(self) -> list[Histogram]:
        from .charts.histogram import Histogram

        made = []
        for of, names in _HISTOGRAMS.items():
            if of == "predictions" and self.run is None:
                continue
            if of == "instances" and self.run is not None:
                continue
            made += [Histogram(self, name, of=of, height=120) for name in names]
        return made


def explore(
    ds: Dataset | Predicted,
    run: Predicted | None = None,
    x: str = "u",
    y: str = "v",
    color: str | None = None,
    of: str = "images",
    height: int = 420,
    editing: bool = False,
) -> Explore:
    """Show a dataset, and a run's predictions on it: all views in one, linked.

    Lasso points, brush histograms, filter tables, click: every view follows, ``ws.selected`` is the
    result, and the tables have buttons to accept, reject, set or remove it.

    Args:
        ds: the dataset; or a Run, which brings the dataset that it predicted on.
        run: predictions on it.
        x: column along the scatter's horizontal axis; "u": the run's embedding on a plane. Without an
            embedding there is no scatter, but with ``color`` one over other columns, for images their id and
            ``n_instances``.
        y: the same for the vertical axis; "v".
        color: column to color points by, such as "habitat", "n_instances" or "best_score".
        of: what the points are: "images", "instances" or "predictions".
        height: of scatter and viewer, CSS pixels.
        editing: whether the viewer has the tools of :class:`Editor`.

    Returns:
        A :class:`Workspace` that shows itself.

    Raises:
        UnknownNameError: a column that is not there.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=12, n_labeled=6, n_test=2, size=96)
        >>> ws = nl.explore(ds, nl.demo.simulated_run(ds), color="habitat")
        >>> ws.select(ds.images.query("habitat == 'mangrove'"))
        >>> ws.table("images").of
        'images'
    """
    return Explore(ds, run, x, y, color, of, height, editing)
