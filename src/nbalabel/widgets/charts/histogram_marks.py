"""A histogram's bqplot marks: gray bars of all rows, colored ones of those in focus, brush or clicks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...core.show.palette import COLORS
from ..workspace.binning import Binned
from ..workspace.columns import Column
from ..workspace.filters import Filter
from .plotting import bqplot
from .ticks import Ticks, count_ticks, keyed, number_ticks, time_ticks

PLAIN = COLORS.steel
"""Color of bars that are not split."""

_ROOM = 17  # CSS pixels of a category's bar
_LETTER = 6.2  # CSS pixels of a letter, about
_LONGEST = 18  # letters of a category's text
_FADED = {"opacity": "0.3"}

Heights = npt.NDArray[np.float64]


class Barred(Protocol):
    """The chart that marks belong to."""

    figure: Any
    logarithmic: bool
    bars_height: int

    def heights(self, counts: npt.NDArray[np.int64]) -> Heights:
        """Heights of bars, from counts."""
        ...

    def draw(self, marks: list[Any], axes: list[Any], interaction: Any) -> None:
        """Put marks into the figure."""
        ...

    def brushed(self, interval: list[float] | None) -> None:
        """The brush was moved."""
        ...

    def toggle(self, bar: int) -> None:
        """A bar was clicked."""
        ...

    def guarded(self, work: Callable[[], Any]) -> None:
        """Run work; an error is shown in the chart."""
        ...


class HistogramMarks:
    """Marks, scales and axes of one histogram; bars are horizontal for categories, vertical for numbers."""

    def __init__(self, chart: Barred) -> None:
        self._chart = chart
        self._setting = False
        self._brush: Any = None
        self.ticks: Ticks = {}

    def build(self, column: Column, found: Binned) -> None:
        """Make marks that suit the bins; heights come with :meth:`show`."""
        self._column, self._found = column, found
        top = max(self._chart.heights(found.total).sum(axis=1).max(initial=0), 1e-9)
        counts = count_ticks(found.total[:-1].sum(axis=1).max(initial=0), log=self._chart.logarithmic)
        count = bqplot.LinearScale(min=0, max=float(top) * 1.04, allow_padding=False)
        flat = not len(found.edges)
        along = bqplot.OrdinalScale(reverse=True) if flat else self._interval_scale(found)
        self._spare = _spare(found, flat)
        places = np.arange(found.n) if flat else found.centers
        options: dict[str, Any] = {
            "x": self._padded(places, found.edges),
            "scales": {"x": along, "y": count},
            "orientation": "horizontal" if flat else "vertical",
            "padding": 0.2 if flat else 0.04,
            "stroke_width": 0,
        }
        n = len(options["x"])
        self._total = bqplot.Bars(y=np.zeros(n), colors=[COLORS.neutral], opacities=[0.28] * n, **options)
        colors = [part.color or PLAIN for part in found.parts]
        self._part = bqplot.Bars(y=np.zeros((len(colors), n)), colors=colors, **options)
        marks = [self._total, self._part]
        interaction = None
        if flat:
            marks.append(self._targets(float(top) * 1.04, options))
        elif found.n > 0:
            interaction = self._brushing(along)
        self._chart.draw(marks, self._axes(along, count, counts, flat), interaction)
        self._fit(flat)

    def show(self, total: Heights, parts: Heights) -> None:
        """Give the bars their heights, ``(n, n_parts)``."""
        before, after = self._spare
        self._total.y = np.pad(total.sum(axis=1), (before, after))
        self._part.y = np.pad(np.ascontiguousarray(parts.T), ((0, 0), (before, after)))

    def mark(self, chosen: Filter | None, *, brushing: bool = False) -> None:
        """Show what is chosen: by the brush, or by fading the other bars."""
        if self._brush is None:
            bars = chosen_bars(self._column, self._found, chosen)
            self._part.unselected_style = _FADED if chosen is not None else {}
            self._part.selected = sorted(bars) or None
            if chosen is not None and not bars:
                self._part.opacities = [0.3] * (self._found.n + 1)
            else:
                self._part.opacities = []
        elif not brushing:
            self._setting = True
            self._brush.selected = self._interval(chosen)
            self._setting = False

    def shares(self) -> list[tuple[float, str]]:
        """Ticks of the axis of values: their places along it, 0..1, and their texts."""
        lo, hi = self._found.edges[0], self._found.edges[-1]
        return [((value - lo) / (hi - lo), text) for value, text in self.ticks.items()]

    def _padded(self, places: npt.NDArray[Any], edges: Heights) -> Heights:
        """Places of the bars and of the empty bars beside them."""
        before, after = self._spare
        step = float(edges[1] - edges[0]) if len(edges) else 1.0
        left = places[:1] - step * np.arange(before, 0, -1)
        return np.concatenate([left, places, places[-1:] + step * np.arange(1, after + 1)])

    def _interval_scale(self, found: Binned) -> Any:
        lo, hi = float(found.edges[0]), float(found.edges[-1])
        self.ticks = (time_ticks if self._column.kind == "time" else number_ticks)(lo, hi)
        if self._column.whole:
            self.ticks = {value: text for value, text in self.ticks.items() if float(value).is_integer()}
        return bqplot.LinearScale(min=lo, max=hi, allow_padding=False)

    def _interval(self, chosen: Filter | None) -> list[float] | None:
        if chosen is None or chosen.get("missing") == "only":
            return None
        lo, hi = float(self._found.edges[0]), float(self._found.edges[-1])
        margin = 0.5 if self._column.whole else 0.0  # bins of whole numbers reach half a number farther
        low, high = chosen.get("lo"), chosen.get("hi")
        start = lo if low is None else min(max(low - margin, lo), hi)
        return [start, hi if high is None else max(min(high + margin, hi), lo)]

    def _brushing(self, scale: Any) -> Any:
        self._brush = bqplot.interacts.BrushIntervalSelector(scale=scale, color=PLAIN)
        self._brush.observe(self._moved, "selected")
        self._brush.observe(self._moved, "brushing")
        return self._brush

    def _moved(self, _: Any) -> None:
        if self._setting:
            return
        selected = self._brush.selected
        self._chart.brushed(None if selected is None or len(selected) < 2 else sorted(selected))

    def _targets(self, top: float, options: dict[str, Any]) -> Any:
        """Invisible bars as long as the axis: small counts can be clicked, too."""
        targets = bqplot.Bars(
            y=np.full(len(options["x"]), top), colors=["#000"], opacities=[0.001] * 99, **options
        )
        targets.on_element_click(self._clicked)
        self._brush = None
        return targets

    def _clicked(self, _: Any, event: dict[str, Any]) -> None:
        bar = event.get("index", event.get("data", {}).get("index"))
        self._chart.guarded(lambda: self._chart.toggle(int(bar)))

    def _axes(self, along: Any, count: Any, counts: Ticks, flat: bool) -> list[Any]:
        style = {"grid_lines": "none", "num_ticks": None}
        if flat:
            self._texts = [_short(text) for text in self._found.texts]
            names = {str(i): text for i, text in enumerate(self._texts)}
            values = bqplot.Axis(scale=along, side="left", tick_labels=names, **style)
            side = "bottom"
        else:
            places = np.array(list(self.ticks), float)
            values = bqplot.Axis(scale=along, tick_values=places, tick_labels=keyed(self.ticks), **style)
            side = "left"
        places = np.array(list(counts), float)
        numbers = bqplot.Axis(scale=count, side=side, tick_values=places, tick_labels=keyed(counts), **style)
        return [values, numbers]

    def _fit(self, flat: bool) -> None:
        figure, given = self._chart.figure, self._chart.bars_height
        if flat:
            left = int(max(map(len, self._texts), default=0) * _LETTER) + 14
            margin = {"top": 4, "bottom": 22, "left": left, "right": 14}
            needed = self._found.n * _ROOM + 26
            figure.layout.height = f"{max(needed, min(given, needed + 40))}px"
        else:
            margin = {"top": 6, "bottom": 22, "left": 38, "right": 14}
            figure.layout.height = f"{given}px"
        if figure.fig_margin != margin:
            figure.fig_margin = margin


def _spare(found: Binned, flat: bool) -> tuple[int, int]:
    """Numbers of empty bars before and after a single bar, which bqplot would draw without width or split."""
    if found.n != 1:
        return 0, 0
    return (0, 1 if len(found.parts) > 1 else 0) if flat else (1, 1)


def chosen_bars(column: Column, found: Binned, chosen: Filter | None) -> set[int]:
    """Bars of categories that a filter keeps."""
    if chosen is None or chosen.get("missing") == "only" or chosen["kind"] == "range":
        return set()
    if chosen["kind"] == "text":
        return {0}
    kept = {i for i, text in enumerate(column.categories) if text in chosen["values"]}
    named = set(found.categories.tolist())
    rest = {i for i in range(len(column.categories)) if i not in named}
    return {bar for bar, code in enumerate(found.categories) if ({int(code)} if code >= 0 else rest) & kept}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
