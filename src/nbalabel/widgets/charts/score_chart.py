"""Base of the charts of a run's scores: measured on labeled images, brushed along the score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, NbalabelError
from ...core.show.palette import COLORS
from ...core.tables.predicted import Predicted
from ..workspace.clauses import Clause
from ..workspace.filters import Filter, keep
from ..workspace.workspace import workspace_of
from ..workspace.workspace_port import plain
from .chart import Chart, Later
from .plotting import bqplot
from .ticks import keyed, number_ticks

if TYPE_CHECKING:
    from ..workspace.workspace import Viewable, Workspace

TENTHS = dict.fromkeys((0.0, 0.2, 0.4, 0.6, 0.8, 1.0))

Floats = npt.NDArray[np.float64]


class ScoreChart(Chart):
    """A chart of predictions on labeled images, whose brush keeps a range of scores.

    Gray shows all completely labeled images, color those that the other views allow.
    """

    modes: tuple[tuple[str, str], ...] = ()

    def __init__(self, ws: Viewable, height: int, mode: str = "") -> None:
        ws = workspace_of(ws)
        self.mode = mode
        self.filter: Filter | None = None
        self._interval: list[float] | None = None
        self._setting = False
        self._before = ""
        super().__init__(ws, height, fig_margin={"top": 8, "bottom": 40, "left": 40, "right": 14})
        self._brushed = Later(lambda: self.guarded(self._take_brush))
        self._build()
        self.rebuild()

    def select(self, lo: float | None, hi: float | None) -> None:
        """Keep predictions of a range of scores, as brushing does; None is no limit."""
        nothing = lo is None and hi is None
        self._put(None if nothing else {"kind": "range", "lo": lo, "hi": hi, "missing": "out"})

    def rebuild(self) -> None:
        """Measure again: the tables have changed."""
        self._note, self._before = "", before_edits(self.workspace)
        try:
            self._ids = self._measured()
            self._all = self.table(None)
            if not len(self._all):
                self._note = "None of the predictions is on an image that is labeled all over."
        except NbalabelError as error:
            self._note = str(error)
        if self.filter is not None and not self._note:
            self._put(self.filter)
        self.recount()

    def recount(self) -> None:
        """Measure on the images that the other views allow."""
        self._now = None if self._note else self.table(self._allowed())
        if self._now is not None:
            self.show(self._all, self._now)
        self.show_figure(not self._note)
        self._describe()

    def table(self, images: npt.NDArray[np.int64] | None) -> pd.DataFrame:
        """The table to draw, of all completely labeled images (None) or of some."""
        raise NotImplementedError

    def show(self, every: pd.DataFrame, now: pd.DataFrame) -> None:
        """Draw the tables of all images and of those in focus."""
        raise NotImplementedError

    def words(self, now: pd.DataFrame) -> str:
        """A short summary of the table."""
        raise NotImplementedError

    def marks(self) -> tuple[list[Any], list[Any], Any]:
        """Marks, axes and the scale that is brushed."""
        raise NotImplementedError

    def scores(self, interval: list[float]) -> tuple[float, float] | None:
        """Range of scores in an interval of the axis; None if no prediction is in it."""
        return interval[0], interval[1]

    def place(self, lo: float | None, hi: float | None) -> list[float] | None:
        """Interval of the axis that shows a range of scores."""
        return [0.0 if lo is None else lo, 1.0 if hi is None else hi]

    def choose(self, name: str, value: Any) -> None:
        """A control of the head was used."""
        if name == "clear":
            self._put(None)
        elif name == "range":
            self.select(*value)
        elif name == "mode" and value in dict(self.modes):
            self.mode = value
            self._build()
            self.rebuild()
        else:
            super().choose(name, value)

    def forgotten(self) -> None:
        """Somebody else took the clause away."""
        self.filter = None
        self._mark()
        self._describe()

    def close(self) -> None:
        """Close the chart and remove its clause."""
        if not self.closed:
            self._brushed.cancel()
        super().close()

    def run(self) -> Predicted:
        """The workspace's run.

        Raises:
            DataError: there is none.
        """
        return run_of(self.workspace)

    def _measured(self) -> npt.NDArray[np.int64]:
        ids = self.run().measured_ids
        if not len(ids):
            raise DataError("No image that was predicted on is labeled all over (state complete or empty).")
        return ids

    def _allowed(self) -> npt.NDArray[np.int64]:
        rows = self.workspace.allowed("images", (self.source,))
        ids = self._ids
        return ids if rows is None else ids[np.isin(ids, self.workspace.ids("images")[rows])]

    def _build(self) -> None:
        marks, axes, scale = self.marks()
        self._brush = bqplot.interacts.BrushIntervalSelector(scale=scale, color=COLORS.steel)
        self._brush.observe(self._moved, "selected")
        self._brush.observe(self._moved, "brushing")
        self.draw(marks, axes, self._brush)

    def _moved(self, _: Any) -> None:
        if self._setting:
            return
        selected = self._brush.selected
        self._interval = None if selected is None or len(selected) < 2 else sorted(map(float, selected))
        self._brushed()

    def _take_brush(self) -> None:
        found = None if self._interval is None else self.scores(self._interval)
        if found is None:
            return self._put(None, brushing=True)
        lo = math.floor(max(found[0], 0.0) * 1000 + 1e-3) / 1000  # rounded outwards: both ends stay inside
        hi = math.ceil(min(found[1], 1.0) * 1000 - 1e-3) / 1000
        return self._put({"kind": "range", "lo": lo, "hi": hi, "missing": "out"}, brushing=True)

    def _put(self, wanted: Filter | None, *, brushing: bool = False) -> None:
        kept = None if wanted is None else keep(self.workspace, "predictions", "score", wanted)
        self.filter = wanted
        if kept is None:
            self.selection.clear(self.source)
        else:
            self.selection.put(Clause(self.source, "predictions", kept.rows, kept.title, kept.code))
        if not brushing:
            self._mark()
        self._describe()

    def _mark(self) -> None:
        chosen = self.filter
        self._setting = True
        self._brush.selected = None if chosen is None else self.place(chosen.get("lo"), chosen.get("hi"))
        self._setting = False

    def _describe(self) -> None:
        chosen = self.filter or {}
        ends = {"kind": "number", "lo": chosen.get("lo"), "hi": chosen.get("hi"), "limits": [0, 1]}
        self.say(
            count="" if self._now is None else self.words(self._now) + self._before,
            note=self._note,
            modes=[list(mode) for mode in self.modes],
            mode=self.mode,
            range=plain(ends),
            chosen=self.filter is not None,
        )


def run_of(ws: Workspace) -> Predicted:
    """The run of a workspace.

    Raises:
        DataError: there is none.
    """
    if ws.run is None:
        raise DataError("There is no run: nl.Workspace(ds, run) with the run of model.predict(ds).")
    return ws.run


def before_edits(ws: Workspace) -> str:
    """A note on images that were edited since the run was matched; "" if there are none.

    Charts measure on the instances of before on purpose: an accepted prediction would match itself.
    """
    if ws.run is None:
        return ""
    try:
        n = len(ws.run.edited_ids(ws.ds))
    except NbalabelError:
        return ""
    return f" · labels from before {n:,} image{'s were' if n != 1 else ' was'} edited" if n else ""


def unit_scale(top: float = 1.0) -> Any:
    """From 0 to 1, or a little more."""
    return bqplot.LinearScale(min=0, max=top, allow_padding=False)


def unit_axis(scale: Any, label: str, side: str = "bottom") -> Any:
    """An axis from 0 to 1."""
    ticks = number_ticks(0, 1)
    return bqplot.Axis(
        scale=scale,
        side=side,
        label=label,
        grid_lines="none",
        tick_values=np.array(list(ticks), float),
        tick_labels=keyed(ticks),
        label_offset="32px" if side == "bottom" else None,
    )
