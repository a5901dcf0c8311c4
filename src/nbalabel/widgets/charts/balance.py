"""The share of each label: on the images, as drawn by weight, and counted in what was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets
import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.show.palette import COLORS
from ..bridge.static_output import data_url
from .learning_curves import Title
from .picture import bars_picture
from .plotting import bqplot
from .ticks import keyed, number_ticks

if TYPE_CHECKING:
    from PIL.Image import Image

_SERIES = (
    ("share", "on the images", COLORS.neutral),
    ("drawn", "expected by weight", COLORS.steel),
    ("counted_share", "counted so far", COLORS.vermilion),
)
"""Column, text and color of each bar."""

_MOST = 12  # labels with bars of their own
_LETTER, _LONGEST = 6.2, 18  # CSS pixels of a letter, and letters of a label
_ROOM = 46  # CSS pixels of a label's bars
_AROUND = 28  # CSS pixels above and below the bars


class BalanceChart(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Three bars for each label; the frequent labels first, those beyond twelve as one.

    Args:
        balance: one row per label with ``share``, ``drawn`` and ``counted_share``, 0..1.
        height: CSS pixels that all bars fit in.
    """

    closed = True  # until it is open

    def __init__(self, balance: pd.DataFrame, height: int) -> None:
        self._balance = balance
        self.title = Title(
            title="Labels",
            count="",
            legend=[[text, color] for _, text, color in _SERIES],
            note="",
        )
        self._shares = bqplot.LinearScale(min=0, max=1, allow_padding=False)
        self._labels = bqplot.OrdinalScale(reverse=True)
        self._bars = bqplot.Bars(
            x=[0],
            y=np.zeros((len(_SERIES), 1)),
            scales={"x": self._labels, "y": self._shares},
            colors=[color for _, _, color in _SERIES],
            orientation="horizontal",
            type="grouped",
            padding=0.25,
            stroke_width=0,
        )
        style = {"grid_lines": "none", "num_ticks": None}
        self._names = bqplot.Axis(scale=self._labels, side="left", **style)
        self._ticks = bqplot.Axis(scale=self._shares, side="bottom", **style)
        self.figure = bqplot.Figure(
            marks=[self._bars],
            axes=[self._names, self._ticks],
            layout={"width": "100%", "min_width": "0", "flex": "0 0 auto"},
            background_style={"fill": "none"},
            display_toolbar=False,
            padding_y=0,
        )
        self._height = height
        super().__init__([self.title, self.figure], layout={"min_width": "0"})
        self.closed = False
        self.add_class("nbl-chart")
        self.update(balance)

    def update(self, balance: pd.DataFrame) -> None:
        """Draw other shares."""
        self._balance = balance
        shown = self._shown()
        n = len(shown)
        values = shown[[name for name, _, _ in _SERIES]].to_numpy(np.float64).T
        top = _top(values)
        names = [_short(str(name)) for name in shown.index]
        ticks = {value: f"{value:.0%}" for value in number_ticks(0, top, 4)}
        spare = 1 if n == 1 else 0  # bqplot draws a single place without width
        with self._bars.hold_sync():
            self._bars.x = np.arange(n + spare)
            self._bars.y = np.pad(values, ((0, 0), (0, spare)))
        self._shares.max = top
        # bqplot draws the axis anew for values, not for labels: these come first.
        self._names.tick_labels = {str(i): name for i, name in enumerate(names)}
        self._names.tick_values = np.arange(n)
        self._ticks.tick_labels = keyed(ticks)
        self._ticks.tick_values = np.array(list(ticks), float)
        left = int(max(map(len, names), default=0) * _LETTER) + 14
        margin = {"top": 4, "bottom": 24, "left": left, "right": 24}
        if self.figure.fig_margin != margin:
            self.figure.fig_margin = margin
        self.figure.layout.height = f"{min((n + spare) * _ROOM + _AROUND, self._height)}px"
        if self.title.image:
            self.title.image = data_url(self.picture())

    def picture(self) -> Image:
        """The shares expected by weight as a picture, in front of those on the images."""
        shown = self._shown()
        total, drawn = (shown[name].to_numpy(np.float64) for name in ("share", "drawn"))
        names = [str(name) for name in shown.index]
        return bars_picture(
            "Labels: expected by weight, in gray on the images",
            total,
            drawn[:, None],
            [COLORS.steel],
            texts=names,
        )

    def close(self) -> None:
        """Close the chart and its widgets."""
        if self.closed:
            return
        self.closed = True
        figure = self.figure
        for part in (self._bars, self._names, self._ticks, self._labels, self._shares):
            part.close()
        for scale in (figure.scale_x, figure.scale_y):
            scale.close()
        for widget in (figure, self.title):
            widget.layout.close()
            widget.close()
        self.layout.close()
        super().close()

    def _display_(self) -> Title:
        """The output in marimo, which does not run bqplot: the title and a picture."""
        self.title.image = data_url(self.picture())
        return self.title

    def _shown(self) -> pd.DataFrame:
        """The rows that get bars: the most frequent labels, then the sum of the others."""
        order = self._balance.sort_values("share", ascending=False, kind="stable")
        if len(order) <= _MOST:
            return order
        rest = order.iloc[_MOST - 1 :]
        others = pd.DataFrame([rest.sum()], index=[f"{len(rest)} others"])
        return pd.concat([order.iloc[: _MOST - 1], others])


def _top(values: npt.NDArray[np.float64]) -> float:
    """End of the axis, a little beyond the longest bar."""
    return float(min(max(values.max(initial=0.0) * 1.06, 0.01), 1.0))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
