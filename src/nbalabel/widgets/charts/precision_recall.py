"""Precision over recall of a run, and both over the score threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.show.palette import COLORS
from .picture import lines_picture
from .plotting import bqplot
from .score_chart import TENTHS, Floats, ScoreChart, unit_axis, unit_scale
from .ticks import brief

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.workspace import Viewable

_MOST = 400  # points of a line


class PrecisionRecall(ScoreChart):
    """Precision over recall of a run, or both over the score threshold; brushing keeps a range of scores.

    Measured on the completely labeled images (gray) and on those that the other views allow (in color).

    Args:
        ws: a workspace with a run, or a Run to make one of.
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

    def __init__(self, ws: Viewable, by: str = "recall", height: int = 220) -> None:
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
        colors = [COLORS.steel, COLORS.green, COLORS.orange] if over_score else [COLORS.steel]
        self._names = names
        style = {"scales": scales, "stroke_width": 1.5}
        self._gray = [
            bqplot.Lines(x=[], y=[], colors=[COLORS.neutral], opacities=[0.45], **style) for _ in names
        ]
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
            thin = _thinned(table[x].to_numpy(np.float64))
            for name, line in zip(self._names, lines, strict=True):
                with line.hold_sync():
                    line.x = table[x].to_numpy(np.float64)[thin]
                    line.y = table[name].to_numpy(np.float64)[thin]

    def words(self, now: pd.DataFrame) -> str:
        """The best F1 and its score."""
        known = now[now["f1"].notna()]
        if not len(known):
            return "no instances in focus"
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
            thin = _thinned(self._now[x].to_numpy(np.float64))
            for name, line in zip(self._names, self._lines, strict=True):
                lines.append((line.colors[0], *(self._now[c].to_numpy(np.float64)[thin] for c in (x, name))))
        ticks = [(value, brief(value)) for value in TENTHS]
        title = f"{self.head.state['title']}: {self.head.state['count']}"
        return lines_picture(title, lines, x_ticks=ticks, note=self._note)


def _thinned(x: Floats, most: int = _MOST) -> npt.NDArray[np.int64]:
    """Indices of one point per ``1 / most`` of the x axis; the first and the last point are kept."""
    if len(x) <= most:
        return np.arange(len(x))
    cell = np.floor(np.nan_to_num(x) * most)
    first = np.flatnonzero(np.diff(cell, prepend=np.nan) != 0)
    return np.unique(np.append(first, len(x) - 1))
