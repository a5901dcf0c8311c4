"""The histogram of a column, over all rows and over those the other views allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from ..workspace.binning import Part, binned, is_lopsided
from ..workspace.clauses import Clause, check_table
from ..workspace.filters import Filter, keep
from ..workspace.workspace import workspace_of
from ..workspace.workspace_port import plain
from .chart import Chart, Later
from .histogram_marks import PLAIN, HistogramMarks, chosen_bars
from .picture import bars_picture
from .ticks import brief, heights

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.workspace import Viewable, Workspace


class Histogram(Chart):
    """Bars of a column: gray for all rows, in color those the other views allow; brush or click to filter.

    Drag over numbers or times to keep a range (its ends can be typed in, too); click categories to keep
    them. If a few numbers lie far above all others, as areas often do, the last bar counts them all, and the
    head says so. The histogram is not filtered by its own clause.

    Args:
        ws: a workspace, or a Dataset or a Run to make one of.
        column: of the table or of its images, of any kind; of a text column only missing values are shown.
        of: the table: "images", "instances" or "predictions". Default: images where they have such a column;
            else predictions where there is a run; else instances.
        split: column of categories or booleans, such as "label", "outcome" or "state", to color the bars by.
        bins: number of bins for numbers and times, at most; 1 to 500.
        height: of the bars, CSS pixels, 80 to 4000; categories take as much as they need.
        log: whether counts are shown on a logarithmic scale. None: only if one bar of numbers
            holds more than half of all rows and would dwarf the others; a button in the head changes it.

    Raises:
        UnknownNameError: no such column.
        DataError: an option is out of range, or split is no column of categories.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=2, n_test=2, size=96)
        >>> ws = nl.Workspace(ds)
        >>> histogram = nl.Histogram(ws, "state")
        >>> histogram.select(["complete"])
        >>> ws.selected.state.unique().tolist()
        ['complete']
    """

    def __init__(
        self,
        ws: Viewable,
        column: str,
        of: str | None = None,
        split: str | None = None,
        bins: int = 30,
        height: int = 180,
        log: bool | None = None,
    ) -> None:
        ws = workspace_of(ws)
        if not 1 <= bins <= 500:
            raise DataError(f"bins must be 1 to 500, got {bins}")
        self.of = check_table(of) if of is not None else _home_of(ws, column)
        column = ws.column(self.of, column).name
        split = None if split is None else ws.column(self.of, split).name
        self.column, self.split, self.bins = column, split, bins
        self.filter: Filter | None = None
        self._interval: Any = None
        self._take_columns(ws)
        self.logarithmic = is_lopsided(self.binned) if log is None else log
        super().__init__(ws, height)
        self._marks = HistogramMarks(self)
        self._brushed = Later(lambda: self.guarded(self._take_brush))
        self._draw()

    def select(self, values: Any, missing: str = "out") -> None:
        """Keep a range or categories, as brushing does.

        Args:
            values: (low, high), either of which may be None, for numbers and times (milliseconds since 1970);
                a list of categories; None for all.
            missing: what to do with rows without a value: "out", "in" (kept, too) or "only".

        Raises:
            DataError: it does not fit the column's kind.
        """
        if values is None:
            self._put({**self._nothing(), "missing": "only"} if missing == "only" else None)
        elif self._column.kind in ("number", "time"):
            lo, hi = values
            self._put({"kind": "range", "lo": lo, "hi": hi, "missing": missing})
        elif self._column.kind == "text":
            raise DataError(f"{self.column} holds texts: a histogram selects only the missing ones")
        else:
            self._put({"kind": "values", "values": [str(value) for value in values], "missing": missing})

    def rebuild(self) -> None:
        """Bin the column again: the tables have changed."""
        self._take_columns(self.workspace)
        self._draw()
        if self.filter is not None:
            self._put(self.filter)

    def recount(self) -> None:
        """Count the rows that the other views allow."""
        self.counts = self.binned.count(self.workspace.allowed(self.of, (self.source,)))
        self._marks.show(self.heights(self.binned.total), self.heights(self.counts))
        self._describe()

    def heights(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Heights of bars and their parts, without those of missing values, ``(n, n_parts)``."""
        return heights(counts[:-1], log=self.logarithmic)

    def choose(self, name: str, value: Any) -> None:
        """A control of the head was used."""
        now = self.filter or self._nothing()
        if name == "clear":
            self._put(None)
        elif name == "mode":
            self.logarithmic = value == "log"
            self._draw()
        elif name == "range":
            lo, hi = value
            self._put(None if lo is None and hi is None else {**now, "lo": lo, "hi": hi, "missing": "out"})
        elif name == "missing":
            self._toggle_missing(now)
        elif name == "value":
            self.toggle(int(value))
        else:
            super().choose(name, value)

    def toggle(self, bar: int) -> None:
        """Add the category of a bar to those kept, or take it away; bar ``n`` is that of missing values."""
        found = self.binned
        now = self.filter or self._nothing()
        if not 0 <= bar < found.n:
            return self._toggle_missing(now)
        if self._column.kind == "text":
            return self._put({"kind": "text", "text": ""} if self.filter is None else None)
        every = self._column.categories
        named = {every[code] for code in found.categories if code >= 0}
        code = found.categories[bar]
        these = [every[code]] if code >= 0 else [text for text in every if text not in named]
        chosen = [] if now.get("missing") == "only" else list(now["values"])
        kept = [text for text in every if (text in chosen) != (text in these)]
        missing = "in" if now.get("missing", "out") != "out" else "out"
        if not kept:
            return self._put({**self._nothing(), "missing": "only"} if missing == "in" else None)
        return self._put({"kind": "values", "values": kept, "missing": missing})

    def brushed(self, interval: list[float] | None) -> None:
        """The brush was moved."""
        self._interval = interval
        self._brushed()

    def forgotten(self) -> None:
        """Somebody else took the clause away."""
        self.filter = None
        self._marks.mark(None)
        self._describe()

    def picture(self) -> Image | None:
        """The bars as a picture."""
        state = self.head.state
        return bars_picture(
            f"{self.column}: {state['count']}",
            self.heights(self.binned.total).sum(axis=1),
            self.heights(self.counts),
            [part.color or PLAIN for part in self.binned.parts],
            texts=self.binned.texts,
            ticks=self._marks.shares() if len(self.binned.edges) else [],
            note=state["note"],
        )

    def close(self) -> None:
        """Take the histogram and its clause away."""
        if not self.closed:
            self._brushed.cancel()
        super().close()

    def _take_columns(self, ws: Workspace) -> None:
        self._column = ws.column(self.of, self.column)
        split = None if self.split is None else ws.column(self.of, self.split)
        if split is not None and split.kind not in ("category", "boolean"):
            raise DataError(f"split must be a column of categories, got {self.split!r} of kind {split.kind}")
        self.binned = binned(self._column, self.bins, split)
        self.counts = self.binned.total

    def _draw(self) -> None:
        self._marks.build(self._column, self.binned)
        self._marks.mark(self.filter)
        self.recount()

    def _nothing(self) -> dict[str, Any]:
        if self._column.kind in ("number", "time"):
            return {"kind": "range", "lo": None, "hi": None}
        return (
            {"kind": "text", "text": ""} if self._column.kind == "text" else {"kind": "values", "values": []}
        )

    def _toggle_missing(self, now: Filter) -> None:
        missing = now.get("missing", "out")
        if missing == "only":
            self._put(None)
        elif missing == "in":
            self._put({**now, "missing": "out"})
        else:
            self._put({**now, "missing": "only" if now == self._nothing() else "in"})

    def _take_brush(self) -> None:
        interval = self._interval
        if interval is None:
            return self._put(None, brushing=True)
        edges, missing = self.binned.edges, (self.filter or {}).get("missing", "out")
        step = (edges[-1] - edges[0]) / 400  # digits below the precision of the mouse are dropped
        lo, hi = (_rounded(float(x), step) for x in interval)
        if self._column.whole:
            lo, hi = float(np.ceil(lo)), float(np.floor(hi))
        above = bool(self.binned.beyond) and interval[1] > edges[-1] - step
        limits = {"lo": lo, "hi": None if above else hi, "missing": "out" if missing == "only" else missing}
        return self._put({"kind": "range", **limits}, brushing=True)

    def _put(self, wanted: Filter | None, *, brushing: bool = False) -> None:
        if wanted is None:
            self.filter = None
            self.selection.clear(self.source)
        else:
            kept = keep(self.workspace, self.of, self.column, wanted)
            self.filter = wanted
            self.selection.put(Clause(self.source, self.of, kept.rows, kept.title, kept.code))
        self._marks.mark(self.filter, brushing=brushing)
        self._describe()

    def _describe(self) -> None:
        found, column, chosen = self.binned, self._column, self.filter or {}
        n, total = int(self.counts.sum()), len(found.slots)
        note = self._note(total)
        self.show_figure(not note)
        half = 0.5 if column.whole else 0.0  # bins of whole numbers reach that much farther
        top = found.highest if found.beyond else found.highest - half
        limits = [float(found.edges[0]) + half, top] if len(found.edges) else []
        ends = {"kind": column.kind, "lo": chosen.get("lo"), "hi": chosen.get("hi"), "limits": limits}
        self.say(
            title=self.column,
            count=(f"{n:,} / {total:,} {self.of}" if n < total else f"{total:,} {self.of}") + self._tail(),
            note=note,
            legend=[[part.text, part.color] for part in found.parts if self.split and self._has(part)],
            modes=[["linear", "linear"], ["log", "log"]],
            mode="log" if self.logarithmic else "linear",
            range=plain(ends) if limits else None,
            values=self._values(),
            missing={"n": found.missing, "chosen": chosen.get("missing", "out") != "out"},
            chosen=self.filter is not None,
        )

    def _tail(self) -> str:
        """A text on the values beyond the axis, which the last bar counts, too; "" if there are none."""
        found = self.binned
        if not found.beyond:
            return ""
        end = np.floor(found.edges[-1]) if self._column.whole else found.edges[-1]
        return f"; last bar: {found.beyond:,} above {brief(float(end))}, up to {brief(found.highest)}"

    def _has(self, part: Part) -> bool:
        return bool(self.binned.total[:, self.binned.parts.index(part)].any())

    def _values(self) -> list[list[Any]] | None:
        if self._column.kind not in ("category", "boolean"):
            return None
        chosen = chosen_bars(self._column, self.binned, self.filter)
        counts = self.counts[:-1].sum(axis=1).tolist()
        bars = zip(self.binned.texts, counts, range(self.binned.n), strict=True)
        return [[text, count, bar in chosen] for text, count, bar in bars]

    def _note(self, total: int) -> str:
        if not total:
            return f"There are no {self.of}."
        if self.binned.missing == total:
            return f"No value in any of {total:,} {self.of}."
        return ""


def _home_of(ws: Workspace, name: str) -> str:
    """The first table that has the column itself; else the first that has it by way of its images.

    Raises:
        UnknownNameError: no table has it.
    """
    pair = ("predictions", "instances") if ws.run is not None else ("instances", "predictions")
    known = [of for of in ("images", *pair) if ws.has_column(of, name)]
    if not known:
        ws.column(pair[0], name)  # raises, and names the columns that exist
    return next((of for of in known if ws.column(of, name).home != "image"), known[0])


def _rounded(value: float, step: float) -> float:
    """A value rounded to the digits of a step."""
    if not 0 < step < np.inf:
        return value
    return round(value, int(np.clip(-np.floor(np.log10(step)), -300, 300)))
