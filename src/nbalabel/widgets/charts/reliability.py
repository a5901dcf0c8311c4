"""The reliability diagram: how well a run's scores match probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.show.palette import COLORS
from .picture import lines_picture
from .plotting import bqplot
from .score_chart import TENTHS, ScoreChart, unit_axis, unit_scale
from .ticks import brief

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.workspace import Viewable


class Reliability(ScoreChart):
    """Reliability diagram: how often predictions of a score are right; brushing keeps a range of scores.

    Bars on the dashed line mean that scores can be read as probabilities; bars below it that the model is
    too sure. Measured on the completely labeled images (gray) and on those the other views allow (in color).

    Args:
        ws: a workspace with a run, or a Run to make one of.
        bins: number of equally wide bins of score, 1 to 100.
        height: CSS pixels, 80 to 4000.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> nl.Reliability(nl.Workspace(ds, nl.demo.simulated_run(ds))).head.state["title"]
        'Reliability'
    """

    def __init__(self, ws: Viewable, bins: int = 10, height: int = 220) -> None:
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
        self._gray = bqplot.Bars(colors=[COLORS.neutral], opacities=[0.28] * self.bins, **style)
        self._bars = bqplot.Bars(colors=[COLORS.steel], opacities=[0.85] * self.bins, **style)
        diagonal = bqplot.Lines(
            x=[0, 1], y=[0, 1], scales=scales, colors=[COLORS.neutral], line_style="dashed", stroke_width=1
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
        lines = [(COLORS.neutral, np.array([0.0, 1.0]), np.array([0.0, 1.0]))]
        if self._now is not None:
            x, y = (self._now[c].to_numpy(np.float64) for c in ("mean_score", "precision"))
            lines.append((COLORS.steel, x, y))
        ticks = [(value, brief(value)) for value in TENTHS]
        return lines_picture(
            f"Reliability: {self.head.state['count']}", lines, x_ticks=ticks, note=self._note
        )
