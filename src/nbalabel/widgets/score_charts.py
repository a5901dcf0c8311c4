"""Charts of a run's scores, brushed along the score: precision over recall, and reliability."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..core.errors import DataError, NbalabelError
from ..core.selection import Clause
from .bridge import plain
from .chart import Chart, Later
from .chart_picture import lines_picture
from .columns import NEUTRAL
from .filters import Filter, keep
from .plotting import bqplot
from .ticks import brief, keyed, number_ticks

if TYPE_CHECKING:
    from PIL.Image import Image

    from .workspace import Workspace

BLUE, GREEN, ORANGE = "#4a8fd4", "#009e73", "#e69f00"
_MOST = 400  # points of a line
_TENTHS = dict.fromkeys((0.0, 0.2, 0.4, 0.6, 0.8, 1.0))

Floats = npt.NDArray[np.float64]


class Measured(Protocol):
    """What these charts need of a :class:`nbalabel.Run`."""

    measured_ids: npt.NDArray[np.int64]

    def precision_recall(self, images: npt.ArrayLike | None = None) -> pd.DataFrame:
        """Precision and recall at each score."""

    def calibration(self, images: npt.ArrayLike | None = None, bins: int = 10) -> pd.DataFrame:
        """Precision in bins of score."""


class ScoreChart(Chart):
    """A chart of predictions on labeled images, whose brush keeps a range of scores.

    In color it counts the images that the other views allow, in gray all.
    """

    modes: tuple[tuple[str, str], ...] = ()

    def __init__(self, ws: Workspace, height: int, mode: str = "") -> None:
        self.mode = mode
        self.filter: Filter | None = None
        self._interval: list[float] | None = None
        self._setting = False
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
        self._note = ""
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
        """What is drawn, of all labeled images or of some."""
        raise NotImplementedError

    def show(self, every: pd.DataFrame, now: pd.DataFrame) -> None:
        """Draw it."""
        raise NotImplementedError

    def words(self, now: pd.DataFrame) -> str:
        """What it comes to, in few words."""
        raise NotImplementedError

    def marks(self) -> tuple[list[Any], list[Any], Any]:
        """Marks, axes and the scale that is brushed."""
        raise NotImplementedError

    def scores(self, interval: list[float]) -> tuple[float, float] | None:
        """Range of scores that an interval of the axis means; None for no prediction at all."""
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
        """Take the chart and its clause away."""
        if not self.closed:
            self._brushed.cancel()
        super().close()

    def run(self) -> Measured:
        """The workspace's run.

        Raises:
            DataError: there is none that can be measured.
        """
        run: Any = self.workspace.run
        if run is None or not hasattr(run, "measured_ids"):
            raise DataError("There is no run: nl.Workspace(ds, run) with the run of model.predict(ds).")
        found: Measured = run
        return found

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
        self._brush = bqplot.interacts.BrushIntervalSelector(scale=scale, color=BLUE)
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
        lo = math.floor(max(found[0], 0.0) * 1000 + 1e-3) / 1000  # outwards: both ends stay inside
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
            count="" if self._now is None else self.words(self._now),
            note=self._note,
            modes=[list(mode) for mode in self.modes],
            mode=self.mode,
            range=plain(ends),
            chosen=self.filter is not None,
        )


class PrecisionRecall(ScoreChart):
    """Precision over recall of a run, or both over the score threshold; brushing keeps a range of scores.

    Measured on the images that are labeled all over; in color on those of them that the other views allow.

    Args:
        ws: a workspace with a run.
        by: "recall", or "score" for precision, recall and F1 over the score threshold.
        height: CSS pixels, 80 to 4000.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> chart = nl.PrecisionRecall(nl.Workspace(ds, nl.demo.simulated_run(ds)))
        >>> chart.select(0.5, None)
        >>> bool(chart.workspace.selected.score.min() >= 0.5)
        True
    """

    modes = (("recall", "over recall"), ("score", "over score"))

    def __init__(self, ws: Workspace, by: str = "recall", height: int = 220) -> None:
        if by not in dict(self.modes):
            raise DataError(f"by must be recall or score, got {by!r}")
        super().__init__(ws, height, by)

    def table(self, images: npt.NDArray[np.int64] | None) -> pd.DataFrame:
        """Precision and recall at each score."""
        return self.run().precision_recall(images)

    def marks(self) -> tuple[list[Any], list[Any], Any]:
        """Lines on a unit square."""
        x, y = unit_scale(), unit_scale(1.02)
        scales = {"x": x, "y": y}
        over_score = self.mode == "score"
        names = ["precision", "recall", "f1"] if over_score else ["precision"]
        colors = [BLUE, GREEN, ORANGE] if over_score else [BLUE]
        self._names = names
        style = {"scales": scales, "stroke_width": 1.5}
        self._gray = [bqplot.Lines(x=[], y=[], colors=[NEUTRAL], opacities=[0.45], **style) for _ in names]
        self._lines = [bqplot.Lines(x=[], y=[], colors=[color], **style) for color in colors]
        label = "keep predictions of at least this score" if over_score else "recall"
        named = zip(["precision", "recall", "F1"], colors, strict=False)
        legend = [list(pair) for pair in named] if over_score else []
        self.say(title="Precision, recall" if over_score else "Precision over recall", legend=legend)
        axes = [unit_axis(x, label), unit_axis(y, "", side="left")]
        return [*self._gray, *self._lines], axes, x

    def show(self, every: pd.DataFrame, now: pd.DataFrame) -> None:
        """Give the lines their points."""
        same = len(every) == len(now) and every.equals(now)
        x = "score" if self.mode == "score" else "recall"
        for table, lines in ((every.iloc[:0] if same else every, self._gray), (now, self._lines)):
            thin = thinned(table[x].to_numpy(np.float64))
            for name, line in zip(self._names, lines, strict=True):
                with line.hold_sync():
                    line.x = table[x].to_numpy(np.float64)[thin]
                    line.y = table[name].to_numpy(np.float64)[thin]

    def words(self, now: pd.DataFrame) -> str:
        """The best F1 and its score."""
        known = now[now["f1"].notna()]
        if not len(known):
            return "no labels in focus"
        best = known.iloc[int(known["f1"].to_numpy().argmax())]
        return f"best F1 {best['f1']:.2f} from score {best['score']:.2f}"

    def scores(self, interval: list[float]) -> tuple[float, float] | None:
        """Over recall: the scores whose recall lies in the interval."""
        if self.mode == "score":
            return interval[0], interval[1]
        inside = self._all[self._all["recall"].between(interval[0], interval[1])]
        return None if not len(inside) else (float(inside["score"].min()), float(inside["score"].max()))

    def place(self, lo: float | None, hi: float | None) -> list[float] | None:
        """Over recall: the recalls of the scores."""
        if self.mode == "score":
            return super().place(lo, hi)
        kept = self._all["score"].between(0 if lo is None else lo - 5e-4, 1 if hi is None else hi + 5e-4)
        recall = self._all["recall"][kept]
        return None if not len(recall) else [float(recall.min()), float(recall.max())]

    def picture(self) -> Image | None:
        """The curves as a picture."""
        x = "score" if self.mode == "score" else "recall"
        lines = []
        if self._now is not None:
            thin = thinned(self._now[x].to_numpy(np.float64))
            for name, line in zip(self._names, self._lines, strict=True):
                lines.append((line.colors[0], *(self._now[c].to_numpy(np.float64)[thin] for c in (x, name))))
        ticks = [(value, brief(value)) for value in _TENTHS]
        title = f"{self.head.state['title']}: {self.head.state['count']}"
        return lines_picture(title, lines, x_ticks=ticks, note=self._note)


class Reliability(ScoreChart):
    """How often predictions of a score are right: the reliability diagram; brushing keeps a range of scores.

    Bars on the dashed line mean that scores can be read as probabilities; bars below it that the model is
    too sure. Measured on the images that are labeled all over; in color on those the other views allow.

    Args:
        ws: a workspace with a run.
        bins: how many equally wide bins of score, 1 to 100.
        height: CSS pixels, 80 to 4000.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> nl.Reliability(nl.Workspace(ds, nl.demo.simulated_run(ds))).head.state["title"]
        'Reliability'
    """

    def __init__(self, ws: Workspace, bins: int = 10, height: int = 220) -> None:
        if not 1 <= bins <= 100:
            raise DataError(f"bins must be 1 to 100, got {bins}")
        self.bins = bins
        super().__init__(ws, height)

    def table(self, images: npt.NDArray[np.int64] | None) -> pd.DataFrame:
        """Precision in bins of score; no rows without predictions."""
        found = self.run().calibration(images, self.bins)
        return found if found["n"].any() or images is not None else found.iloc[:0]

    def marks(self) -> tuple[list[Any], list[Any], Any]:
        """Bars in front of the diagonal."""
        x, y = unit_scale(), unit_scale(1.02)
        scales = {"x": x, "y": y}
        middle = (np.arange(self.bins) + 0.5) / self.bins
        style = {"x": middle, "y": np.zeros(self.bins), "scales": scales, "padding": 0.06, "stroke_width": 0}
        self._gray = bqplot.Bars(colors=[NEUTRAL], opacities=[0.28] * self.bins, **style)
        self._bars = bqplot.Bars(colors=[BLUE], opacities=[0.85] * self.bins, **style)
        diagonal = bqplot.Lines(
            x=[0, 1], y=[0, 1], scales=scales, colors=[NEUTRAL], line_style="dashed", stroke_width=1
        )
        self.say(title="Reliability", legend=[])
        axes = [unit_axis(x, "score"), unit_axis(y, "", side="left")]
        return [self._gray, self._bars, diagonal], axes, x

    def show(self, every: pd.DataFrame, now: pd.DataFrame) -> None:
        """Give the bars their heights."""
        self._gray.y = np.nan_to_num(every["precision"].to_numpy(np.float64))
        self._bars.y = np.nan_to_num(now["precision"].to_numpy(np.float64))

    def words(self, now: pd.DataFrame) -> str:
        """The expected calibration error."""
        n = int(now["n"].sum())
        return f"calibration error {now.attrs['ece']:.2f}, {n:,} predictions" if n else "none in focus"

    def picture(self) -> Image | None:
        """The diagram as a picture."""
        lines = [(NEUTRAL, np.array([0.0, 1.0]), np.array([0.0, 1.0]))]
        if self._now is not None:
            x, y = (self._now[c].to_numpy(np.float64) for c in ("mean_score", "precision"))
            lines.append((BLUE, x, y))
        ticks = [(value, brief(value)) for value in _TENTHS]
        return lines_picture(
            f"Reliability: {self.head.state['count']}", lines, x_ticks=ticks, note=self._note
        )


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


def thinned(x: Floats, most: int = _MOST) -> npt.NDArray[np.int64]:
    """Places of points of a line that are far enough apart to be seen; the first and the last are kept."""
    if len(x) <= most:
        return np.arange(len(x))
    cell = np.floor(np.nan_to_num(x) * most)
    first = np.flatnonzero(np.diff(cell, prepend=np.nan) != 0)
    return np.unique(np.append(first, len(x) - 1))
