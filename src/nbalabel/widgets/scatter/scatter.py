"""One point per row, of large tables a sample over their density: the embedding of a run, or two columns."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import traitlets

from ...core.errors import DataError, HistoryError, NbalabelError
from ...core.tables.schema import INDEX_NAMES
from ..pixels.pictures import thumbnail_bytes
from ..rows.acting import Acting, n_asked
from ..workspace.clauses import check_table
from ..workspace.workspace import Viewable, workspace_of
from ..workspace.workspace_port import Reply, serves
from .columns import COLORABLE, SENT_AT_MOST, as_axis, as_color
from .layout import LAYOUT_AXES, LayoutLike, layout_of
from .windows import DRAWN_AT_MOST, Windows, window_of

if TYPE_CHECKING:
    from PIL.Image import Image

CHUNK = 4_000_000
"""Largest size of one message, bytes."""

_IN_TOOLTIP = {
    "images": ("file", "state", "n_instances"),
    "instances": ("label", "source", "area"),
    "predictions": ("label", "score", "outcome"),
}


class Scatter(Acting):
    """A scatter plot whose points are the rows of a table.

    Drag to lasso (or pan, or draw a box: see its toolbar), turn the wheel to zoom, click a point to make it
    the active row of all views. Clauses of other views dim points here; the clause made here filters them.

    Of a table with more than 1,000,000 rows it draws how densely all of them lie, and at most 300,000 of
    them, always the same, some of every label; zooming in draws more. Selections and counts are of all rows.

    Args:
        ws: a workspace, or a Dataset or a Run to make one of.
        x: column along the horizontal axis. "u", if there is no such column: the run's embedding on a
            plane, first by PCA, then by UMAP when it is computed.
        y: column along the vertical axis; "v" likewise.
        color: column to color by, of any kind but text; None for one color.
        of: the table: "images", "instances" or "predictions"; columns of the rows' images can be used, too.
        height: pixels, with toolbar.
        mode: what dragging does at first: "lasso", "box" or "pan".
        density: show the density of points instead of the points.
        size: diameter of points, pixels; None to suit their number.
        opacity: of points, 0.05..1; None to suit their number.

    Raises:
        UnknownNameError: no such column, and no embedding in its place.
        DataError: a column of texts, or an option out of range.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=2, n_test=2, size=96)
        >>> ws = nl.Workspace(ds)
        >>> plot = nl.Scatter(ws, x="weight", y="n_instances", color="habitat")
        >>> plot.color = "state"
    """

    bundle = "scatter"

    x = traitlets.Unicode(help="column along the horizontal axis").tag(sync=True)
    y = traitlets.Unicode(help="column along the vertical axis").tag(sync=True)
    color = traitlets.Unicode(None, allow_none=True, help="column to color by; None for one color").tag(
        sync=True
    )
    of = traitlets.Unicode("images", read_only=True, help="table whose rows the points are").tag(sync=True)
    height = traitlets.Int(420, min=160, help="pixels, with toolbar; default 420").tag(sync=True)
    mode = traitlets.Enum(("lasso", "box", "pan"), "lasso", help="what dragging does").tag(sync=True)
    density = traitlets.Bool(False, help="show the density of points instead of the points").tag(sync=True)
    size = traitlets.Float(
        None,
        allow_none=True,
        min=0.5,
        max=40,
        help="diameter in pixels; None chooses by the number of points",
    ).tag(sync=True)
    opacity = traitlets.Float(
        None, allow_none=True, min=0.05, max=1, help="0.05..1; None chooses by the number of points"
    ).tag(sync=True)

    _stop: Callable[[], None] | None = None  # until it is open

    def __init__(
        self,
        ws: Viewable,
        x: str = "u",
        y: str = "v",
        color: str | None = None,
        of: str = "images",
        height: int = 420,
        mode: str = "lasso",
        density: bool = False,
        size: float | None = None,
        opacity: float | None = None,
    ) -> None:
        ws = workspace_of(ws)
        self.workspace = ws
        self._table = check_table(of)
        self._layout: LayoutLike | None = None
        self._windows: Windows | None = None
        for name in (x, y):
            self._check_axis(name)
        if color is not None:
            self._check_color(color)
        options = {"height": height, "mode": mode, "density": density, "size": size, "opacity": opacity}
        try:
            super().__init__(ws, x=x, y=y, color=color, **options)
        except traitlets.TraitError as error:
            raise DataError(str(error)) from error
        self.set_trait("of", of)
        self._stop = ws.selection.on_change(_teller(self))

    @serves
    def describe(self) -> Reply:
        """The rows and columns to choose from, and the layout of the embedding if there is one.

        Nothing is computed that the axes do not show: no column, and no layout.
        """
        ws, of = self.workspace, self._table
        names = ws.column_names(of)
        kinds = {name: ws.column_kind(of, name) for name in names}
        ids = ws.ids(of)
        plain = len(ids) > 0 and bool((np.diff(ids) == 1).all())
        return {
            "rev": ws.rev,
            "n": len(ids),
            "sampled": len(ids) > SENT_AT_MOST,
            "ids": INDEX_NAMES[of],
            "first_id": int(ids[0]) if plain else None,
            "columns": [{"name": name, "kind": kinds[name]} for name in names if kinds[name] != "text"],
            "asks": n_asked(ws, of),
            "layout": self._layout_known(),
        }

    @serves
    def axis(self, *, name: str, start: int = 0, rev: int | None = None) -> Reply:
        """A column as coordinates, of a table that is not too large to be sent, from row ``start`` on."""
        self._check_rev(rev)
        head, values = self._axis(name)
        return self._part({"name": name, **head}, values, start)

    @serves
    def colors(self, *, name: str, start: int = 0, rev: int | None = None) -> Reply:
        """A column as indices into a table of colors, likewise."""
        self._check_rev(rev)
        self._check_color(name)
        head, values = as_color(self.workspace, self._table, name)
        return self._part({"name": name, **head}, values, start)

    @serves
    def ids(self, *, start: int = 0, rev: int | None = None) -> Reply:
        """Ids of the rows, float64, likewise."""
        self._check_rev(rev)
        return self._part({}, self.workspace.ids(self._table).astype(np.float64), start)

    @serves
    def cloud(self, *, rev: int) -> Reply:
        """Of a table too large to be sent: axes, their spans, and the legend of the color."""
        self._check_rev(rev)
        return {"rev": rev, **self._large.heads(self.x, self.y, self.color, self._axis)}

    @serves
    def window(self, *, limits: list[float], columns: int, rows: int, rev: int) -> Reply:
        """Density and points in a window of the plane, in 0..1 of both spans; see :class:`.Windows`."""
        self._check_rev(rev)
        wanted = window_of(limits, columns, rows)
        facts, buffers = self._large.window(self.x, self.y, self.color, self._axis, wanted)
        return {"rev": rev, **facts}, buffers

    @serves
    def inside(self, *, shape: str, corners: list[float], rev: int) -> Reply:
        """All rows in a lasso or a box, as bits."""
        self._check_rev(rev)
        return self._large.inside(self.x, self.y, self._axis, shape, corners)

    @serves
    def members(
        self, *, name: str, rev: int, places: list[int], lo: float | None = None, hi: float | None = None
    ) -> Reply:
        """All rows of some categories, or with a number in a range, as bits."""
        self._check_rev(rev)
        self._check_color(name)
        return self._large.of_color(name, places, lo, hi)

    @serves
    def places(self, *, rows: list[int], rev: int) -> Reply:
        """Where rows lie that are not among the points drawn, in 0..1 of both spans."""
        self._check_rev(rev)
        return {"rev": rev, "places": self._large.places(self.x, self.y, self._axis, rows[:DRAWN_AT_MOST])}

    @serves
    def detail(self, *, row: int, rev: int, size: int = 160) -> Reply:
        """Fields and picture of one row; ``problem`` says why there is no picture."""
        self._check_rev(rev)
        ws, of = self.workspace, self._table
        if not 0 <= row < len(ws.ids(of)):
            raise DataError(f"expected a row below {len(ws.ids(of)):,} of {of}, got {row}")
        names = [n for n in (*_IN_TOOLTIP[of], self.x, self.y) if n != self.color]
        ids = ws.ids(of)
        if (n := len(ids)) > SENT_AT_MOST:  # the page has no values, and ids if they are in a row
            plain = ids[-1] - ids[0] == n - 1
            names = [*([] if plain else [INDEX_NAMES[of]]), *([self.color] if self.color else []), *names]
        fields = [[n, self._text(n, row)] for n in dict.fromkeys(names) if ws.has_column(of, n)]
        try:
            picture, problem = thumbnail_bytes(ws, of, row, min(max(size, 32), 512)), ""
        except (NbalabelError, OSError, ValueError) as error:
            picture, problem = b"", str(error)
        return {"rev": ws.rev, "row": row, "fields": fields, "problem": problem}, [picture]

    def refreshed(self) -> None:
        """The tables have changed, perhaps the run's embeddings too."""
        if self._layout is not None and self._layout.ready:
            self._layout = None
        if self._windows is not None:
            self._windows.forget()
        super().refreshed()

    def close(self) -> None:
        """Close the view and remove its clauses."""
        if self._stop is not None:
            self._stop()
        super().close()

    def picture(self) -> Image | None:
        """The points as a picture, for pages that run no widgets."""
        from .picture import draw

        ws, of = self.workspace, self._table
        color = None if self.color is None else as_color(ws, of, self.color)
        x, y = (self._axis(name)[1] for name in (self.x, self.y))
        if (n := len(x)) > SENT_AT_MOST:
            rows = self._large.some(self.x, self.y, self.color, self._axis)
            x, y, color = x[rows], y[rows], None if color is None else (color[0], color[1][rows])
        equal = all(map(self._is_layout, (self.x, self.y)))
        x, y = (np.asarray(values, np.float64) for values in (x, y))
        return draw(x, y, color, equal, (self.x, self.y), min(max(self.height, 160), 400), n)

    @traitlets.validate("x", "y")
    def _valid_axis(self, proposal: Any) -> str:
        self._check_axis(proposal["value"])
        return str(proposal["value"])

    @traitlets.validate("color")
    def _valid_color(self, proposal: Any) -> str | None:
        if proposal["value"] is not None:
            self._check_color(proposal["value"])
        return None if proposal["value"] is None else str(proposal["value"])

    @property
    def _large(self) -> Windows:
        if self._windows is None:
            self._windows = Windows(self.workspace, self._table, self.source)
        return self._windows

    def _focused(self, what: str) -> None:
        """The selection has changed: what a page shows of a table too large to be sent is made here."""
        if self._windows is None or what == "active":
            return
        self._windows.refocus()
        if self.comm is not None and what != "tables":
            self.emit("focus")

    def _axis(self, name: str) -> tuple[dict[str, Any], npt.NDArray[Any]]:
        """Coordinates along an axis, and their description for the browser."""
        ws, of = self.workspace, self._table
        if not self._is_layout(name):
            return as_axis(ws, of, name)
        points = self._layout_now()
        head = {"kind": "layout", "method": points.method, "ready": points.ready}
        return head, points.at(ws.ids(of))[:, LAYOUT_AXES.index(name)]

    def _check_axis(self, name: str) -> None:
        ws, of = self.workspace, self._table
        if self._is_layout(name):
            self._layout_now()
        elif ws.column_kind(of, name) == "text":
            raise DataError(f"{name} of {of} is text: an axis needs numbers, times or categories")

    def _check_color(self, name: str) -> None:
        kind = self.workspace.column(self._table, name).kind
        if kind not in COLORABLE:
            raise DataError(f"{name} of {self._table} is {kind}: a color needs {', '.join(COLORABLE)}")

    def _check_rev(self, rev: int | None) -> None:
        if rev is not None and rev != self.workspace.rev:
            raise HistoryError("the tables changed meanwhile: ask again")

    def _is_layout(self, name: str) -> bool:
        return name in LAYOUT_AXES and name not in self.workspace.column_names(self._table)

    def _layout_known(self) -> dict[str, Any] | None:
        """Method of the layout and whether it is final; a layout that no axis shows is not, nor computed."""
        if any(map(self._is_layout, (self.x, self.y))):
            with suppress(NbalabelError):  # the axis says what is wrong
                self._layout_now()
        if self._layout is not None:
            return {"method": self._layout.method, "ready": self._layout.ready}
        run = self.workspace.run
        return {"method": "pca", "ready": False} if run is not None and run.embeds(self._table) else None

    def _layout_now(self) -> LayoutLike:
        """The layout of the embedding; the browser gets an event when the final one is computed.

        Raises:
            UnknownNameError: there is no embedding.
        """
        if self._layout is None:
            self._layout = found = layout_of(self.workspace, self._table)
            if not found.ready:
                _follow(found, self)
        return self._layout

    def _layout_settled(self, error: Exception | None) -> None:
        if self._windows is not None:
            self._windows.forget()
        if error is not None:
            self.errors.append(error)
        if self.comm is not None and self._layout is not None:
            problem = "" if error is None else str(error)
            self.emit("layout", {"method": self._layout.method, "problem": problem})

    def _part(self, head: dict[str, Any], values: npt.NDArray[Any], start: int) -> Reply:
        """As many values from row ``start`` on as fit in one message."""
        n = len(values)
        if n > SENT_AT_MOST:
            raise DataError(f"expected at most {SENT_AT_MOST:,} rows, got {n:,}: ask for a window of them")
        if not 0 <= start <= n:
            raise DataError(f"expected a row from 0 to {n}, got {start}")
        part = values[start : start + CHUNK // values.itemsize]
        where = {"rev": self.workspace.rev, "n": n, "start": start, "dtype": str(values.dtype)}
        return {**head, **where}, [np.ascontiguousarray(part).tobytes()]

    def _text(self, name: str, row: int) -> str:
        column = self.workspace.column_part(self._table, name, np.array([row]))
        value = column.values[0]
        if column.missing[0]:
            return ""
        if column.kind in ("category", "boolean"):
            return column.categories[int(value)]
        if column.kind == "time":
            return str(np.datetime64(int(value), "ms")).replace("T", " ")
        return str(value) if column.kind == "text" else f"{value:,.0f}" if column.whole else f"{value:.4g}"


def _teller(view: Scatter) -> Callable[[str], None]:
    """Tells a view of changes of the selection, and does not keep it alive."""
    reference = weakref.ref(view)

    def tell(what: str) -> None:
        found = reference()
        if found is not None:
            found._focused(what)

    return tell


def _follow(layout: LayoutLike, view: Scatter) -> None:
    """Wait for a layout in a thread, then notify the view on the kernel's event loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return  # no notebook: the next call gets the layout of that moment
    reference = weakref.ref(view)

    def tell(error: Exception | None) -> None:
        found = reference()
        if found is not None:
            found._layout_settled(error)

    def wait() -> None:
        problem = None
        try:
            layout.wait()
        except NbalabelError as error:
            problem = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, problem)

    threading.Thread(target=wait, daemon=True, name="nbalabel-scatter").start()
