"""Loss and quality over the steps of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import numpy as np
import numpy.typing as npt
import pandas as pd
import traitlets

from ...core.errors import DataError
from ...core.show.palette import COLORS
from ...core.tables.predicted import Predicted
from ..bridge.bundle import script, style
from ..bridge.static_output import data_url, with_picture
from ..workspace.workspace import Workspace
from .picture import lines_picture
from .plotting import bqplot
from .ticks import brief, keyed, number_ticks

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITY = {"map": ("mAP50-95", COLORS.green), "map50": ("mAP50", COLORS.sky)}
_LOSS = ("loss", COLORS.orange)

Floats = npt.NDArray[np.float64]


class Title(anywidget.AnyWidget):
    """Title and legend of a chart without controls."""

    state = traitlets.Dict(help="what it shows; see js/src/views/chart/head.ts").tag(sync=True)
    image = traitlets.Unicode(help="data URL of a PNG in place of the figure; empty in Jupyter").tag(
        sync=True
    )

    def __init__(self, **state: Any) -> None:
        self._esm, self._css = script("chart"), style("chart")
        super().__init__(state=state)


class LearningCurves(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The loss of a training run over its steps, and mAP where it was measured on held-out images.

    Args:
        run: of ``model.train``, or a workspace with such a run.
        height: CSS pixels, 80 to 4000.

    Raises:
        DataError: run is neither of them, or the height is out of range.

    Example:
        >>> import nbalabel as nl, pandas as pd
        >>> run = nl.Run("train-1", "train", curves=pd.DataFrame({"step": [10, 20], "loss": [3.0, 2.0]}))
        >>> nl.LearningCurves(run).title.state["count"]
        '20 steps, loss 2'
    """

    closed = True  # until it is open

    def __init__(self, run: Any, height: int = 220) -> None:
        if isinstance(run, Workspace):
            run = run.run
        if run is not None and not isinstance(run, Predicted):
            raise DataError(
                f"expected a Run or a Workspace, got {type(run).__name__}: run = model.train(ds), then "
                "nl.LearningCurves(run)"
            )
        if not 80 <= height <= 4000:
            raise DataError(f"height must be 80 to 4000 CSS pixels, got {height}")
        self._curves: pd.DataFrame = pd.DataFrame() if run is None else run.curves
        self._note = "" if len(self._curves) else "No steps: these are curves of runs of model.train(ds)."
        self.title = Title(**self._state())
        self.figure = self._figure(height)
        super().__init__([self.title, self.figure] if not self._note else [self.title])
        self.closed = False
        self.layout.min_width = "0"
        self.add_class("nbl-chart")

    def picture(self) -> Image | None:
        """The curves as a picture."""
        at, lines = self._series()
        if not len(at):
            return lines_picture("Learning curves", [], note=self._note)
        first, last = float(at.min()), float(at.max())
        x = (at - first) / (last - first or 1)
        drawn = [(color, x, values / top) for _, color, values, top in lines]
        ticks = [((t - first) / (last - first or 1), text) for t, text in _whole(first, last).items()]
        legend = [(text, color) for text, color, _, _ in lines]
        return lines_picture(
            f"Learning curves: {self.title.state['count']}", drawn, x_ticks=ticks, legend=legend
        )

    def html(self) -> str:
        """Empty: pages that run no widgets show the picture instead."""
        return ""

    def close(self) -> None:
        """Close the chart and its widgets."""
        if self.closed:
            return
        self.closed = True
        figure = self.figure
        scales = [scale for mark in figure.marks for scale in mark.scales.values()]
        scales += [axis.scale for axis in figure.axes] + [figure.scale_x, figure.scale_y]
        for widget in [*figure.marks, *figure.axes, *scales]:
            widget.close()
        for widget in (figure, self.title):
            widget.layout.close()
            widget.close()
        self.layout.close()
        super().close()

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        return with_picture(super()._repr_mimebundle_(**arguments), self)

    def _display_(self) -> Title:
        """The output in marimo, which does not run bqplot: the title and a picture."""
        self.title.image = data_url(self.picture())
        return self.title

    def __repr__(self) -> str:
        return f"<LearningCurves: {self.title.state['count'] or self._note}>"

    def _state(self) -> dict[str, Any]:
        _, lines = self._series()
        said = [f"{self._curves[self._x].iloc[-1]:,.0f} {self._x}s"] if len(self._curves) else []
        for text, _, values, _ in lines:
            known = values[np.isfinite(values)]
            if len(known):
                said.append(f"{text} {known[-1] if text == 'loss' else known.max():.3g}")
        legend = [[text, color] for text, color, _, _ in lines]
        return {"title": "Learning curves", "count": ", ".join(said), "legend": legend, "note": self._note}

    @property
    def _x(self) -> str:
        """Column of the x axis, "step", or "epoch" in runs of earlier versions."""
        return "step" if "step" in self._curves else "epoch"

    def _series(self) -> tuple[Floats, list[tuple[str, str, Floats, float]]]:
        """Steps; text, color, values and top of the axis of each line that has values."""
        curves = self._curves
        if not len(curves):
            return np.zeros(0), []
        at = curves[self._x].to_numpy(np.float64)
        wanted = [("loss", *_LOSS), *((name, *look) for name, look in _QUALITY.items())]
        lines = []
        for name, text, color in wanted:
            if name in curves and curves[name].notna().any():
                values = curves[name].to_numpy(np.float64)
                top = float(np.nanmax(values)) * 1.05 or 1.0 if name == "loss" else 1.0
                lines.append((text, color, values, top))
        return at, lines

    def _figure(self, height: int) -> Any:
        at, lines = self._series()
        first, last = (float(at.min()), float(at.max())) if len(at) else (0.0, 1.0)
        x = bqplot.LinearScale(min=first, max=max(last, first + 1), allow_padding=False)
        scales = {text: bqplot.LinearScale(min=0, max=top, allow_padding=False) for text, _, _, top in lines}
        quality = [scale for text, scale in scales.items() if text != "loss"]
        scales |= dict.fromkeys([text for text in scales if text != "loss"], quality[0] if quality else None)
        marks = [_line(at, values, {"x": x, "y": scales[text]}, color) for text, color, values, _ in lines]
        axes = [_axis(x, _whole(first, last), "bottom", self._x)]
        if "loss" in scales:
            top = next(top for text, _, _, top in lines if text == "loss")
            axes.append(_axis(scales["loss"], number_ticks(0, top, 4), "left", ""))
        if quality:
            axes.append(_axis(quality[0], number_ticks(0, 1, 4), "right" if "loss" in scales else "left", ""))
        return bqplot.Figure(
            marks=marks,
            axes=axes,
            fig_margin={"top": 8, "bottom": 40, "left": 40, "right": 40},
            layout={"height": f"{height}px", "width": "100%", "min_width": "0"},
            background_style={"fill": "none"},
            display_toolbar=False,
            padding_y=0,
        )


def _line(at: Floats, values: Floats, scales: dict[str, Any], color: str) -> Any:
    """A line through the known values, with markers if some are missing or there is only one."""
    known = np.isfinite(values)
    return bqplot.Lines(
        x=at[known],
        y=values[known],
        scales=scales,
        colors=[color],
        stroke_width=1.8,
        marker=None if known.all() and len(at) > 1 else "circle",
        marker_size=20,
    )


def _whole(first: float, last: float) -> dict[float, str]:
    return {value: brief(value) for value in number_ticks(first, last, 8) if value.is_integer()}


def _axis(scale: Any, ticks: dict[float, str], side: str, label: str) -> Any:
    return bqplot.Axis(
        scale=scale,
        side=side,
        label=label,
        grid_lines="none",
        tick_values=np.array(list(ticks), float),
        tick_labels=keyed(ticks),
        label_offset="32px" if label else None,
    )
