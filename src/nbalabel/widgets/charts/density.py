"""Where on the image the masks of a label lie: a density of their centres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...core.errors import DataError, UnknownNameError
from ...core.show.palette import COLORS, translucent
from ...core.tables.names import instead_of
from ..workspace.clauses import Clause, Rows, check_table
from ..workspace.filters import Kept, all_of, keep
from ..workspace.workspace import workspace_of
from .chart import Chart, Later
from .histogram_marks import PLAIN
from .picture import plane_picture
from .plane import Plane
from .plotting import bqplot
from .ticks import keyed, number_ticks

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.workspace import Viewable, Workspace

Box: TypeAlias = tuple[tuple[float, float], tuple[float, float]]

_EVERY = "all labels"
_AXES = ("centre_x", "centre_y")
_MARGIN = {"top": 6, "bottom": 22, "left": 38, "right": 14}
_NARROWEST, _WIDEST = 0.4, 3.0  # width over height of the plane
_COLORS = [translucent(COLORS.steel, alpha) for alpha in (0.02, 0.51, 1.0)]


class Density(Chart):
    """Where on the image the centres of masks lie, of one label or of all, that the other views allow.

    Drag a box to keep the rows whose centre is in it. The head says how many there are per image, and how
    evenly they fill the plane: ``diversity``, 0 (all in one place) to 1, is the entropy of the shares of 8
    by 8 cells over the largest entropy that so many centres can have (Shannon 1948; Pielou 1966). Below a
    few hundred centres, even those placed at random stay below 1. It is not filtered by its own clause.

    Args:
        ws: a workspace, or a Dataset or a Run to make one of.
        label: the label shown at first; None: all. The head has the others.
        of: "instances" or "predictions". Default: instances where there are some, else predictions.
        bins: cells along the longer side of the image, 1 to 200. None: 8 to 32, more for more rows.
        height: of the plane, CSS pixels, 80 to 4000; its width follows the shape of the images.

    Raises:
        UnknownNameError: no such label.
        DataError: an option is out of range.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=8, n_test=0, size=96)
        >>> ws = nl.Workspace(ds)
        >>> density = nl.Density(ws)
        >>> density.select((0, 0.5), (0, 1))
        >>> bool((nl.shapes(ds, ws.selected)["centre_x"] <= 0.5).all())
        True
    """

    def __init__(
        self,
        ws: Viewable,
        label: str | None = None,
        of: str | None = None,
        bins: int | None = None,
        height: int = 260,
    ) -> None:
        ws = workspace_of(ws)
        self.of = _home_of(ws) if of is None else check_table(of)
        if self.of == "images":
            raise DataError("of must be instances or predictions: images have no centre, got 'images'")
        if bins is not None and not 1 <= bins <= 200:
            raise DataError(f"bins must be 1 to 200, got {bins}")
        self.label = _checked(ws, label)
        self.bins = bins
        super().__init__(ws, height)
        self.add_class("nbl-density")
        self._setting = False
        self._brushed = Later(lambda: self.guarded(self._take_brush))
        self.box: Box | None = None
        self.rebuild()

    def select(self, x: tuple[float, float] | None, y: tuple[float, float] | None = None) -> None:
        """Keep the rows with their centre in a box, as brushing does.

        Args:
            x: left and right end, shares of the width, 0..1; None: nothing is selected.
            y: top and bottom end, shares of the height, 0..1; None: all of it.

        Raises:
            DataError: an end is no number, or the first is larger than the second.
        """
        if x is None:
            return self._put(None)
        box = (x, (0.0, 1.0) if y is None else y)
        for name, (low, high) in zip("xy", box, strict=True):
            if not low <= high:
                raise DataError(f"{name} must be two numbers, the lower one first, got {(low, high)}")
        return self._put(((float(x[0]), float(x[1])), (float(box[1][0]), float(box[1][1]))))

    def rebuild(self) -> None:
        """Count again: the tables have changed."""
        ws = self.workspace
        if self.label is not None and self.label not in ws.ds.labels:
            self.label = None
        x, y = (ws.column(self.of, name).values for name in _AXES)
        sizes = ws.frame("images")[["width", "height"]].to_numpy(np.float64)
        self.ratio = (
            float(np.clip(np.median(sizes[:, 0] / sizes[:, 1]), _NARROWEST, _WIDEST)) if len(sizes) else 1.0
        )
        self.plane = Plane.of(x, y, self.ratio, self.bins)
        self._draw()
        if self.box is not None:
            self._put(self.box)

    def recount(self) -> None:
        """Count the rows that the other views allow."""
        shown = self._shown()
        counts = self.plane.count(shown)
        self.counts = counts
        with self._color.hold_sync():
            self._color.max = float(np.sqrt(max(counts.max(initial=0), 1)))
            self._color.mid = self._color.max / 2
        self._heat.color = np.sqrt(counts)  # so that one of many still shows
        self._describe(shown)

    def choose(self, name: str, value: Any) -> None:
        """A control of the head was used."""
        if name == "clear":
            self._put(None)
        elif name == "option":
            self.label = None if value == _EVERY else _checked(self.workspace, str(value))
            self.recount()
            if self.box is not None:
                self._put(self.box)
        else:
            super().choose(name, value)

    def forgotten(self) -> None:
        """Somebody else took the clause away."""
        self.box = None
        self._mark()
        self._describe(self._shown())

    def picture(self) -> Image | None:
        """The density as a picture."""
        state = self.head.state
        title = f"Centres, {self.label or _EVERY}: {state['count']}"
        return plane_picture(title, self.counts, self.ratio, state["note"])

    def close(self) -> None:
        """Take the density and its clause away."""
        if not self.closed:
            self._brushed.cancel()
        super().close()

    def _shown(self) -> Rows:
        """Rows of the label that the other views allow and that have a centre."""
        shown = self._of_label() & np.isfinite(self.plane.x)
        allowed = self.workspace.allowed(self.of, (self.source,))
        return shown if allowed is None else shown & allowed

    def _of_label(self) -> Rows:
        frame = self.workspace.frame(self.of)
        if self.label is None:
            return np.ones(len(frame), np.bool_)
        return np.asarray((frame["label"] == self.label).to_numpy(np.bool_))

    def _n_images(self) -> int:
        """Images that were looked at and that the other views allow."""
        ws, run = self.workspace, self.workspace.run
        frame = ws.frame("images")
        if self.of == "predictions" and run is not None:
            looked = frame.index.isin(run.predicted_ids)
        else:
            looked = (frame["state"] != "unlabeled").to_numpy(np.bool_)
        allowed = ws.allowed("images", (self.source,))
        return int((looked if allowed is None else looked & allowed).sum())

    def _draw(self) -> None:
        across, down = self.plane.across, self.plane.down
        x = bqplot.LinearScale(min=0, max=1, allow_padding=False)
        y = bqplot.LinearScale(min=0, max=1, reverse=True, allow_padding=False)
        self._color = bqplot.ColorScale(colors=_COLORS, min=0, mid=0.5, max=1)
        cells = {
            "row": bqplot.OrdinalScale(reverse=True),
            "column": bqplot.OrdinalScale(),
            "color": self._color,
        }
        self._heat = bqplot.GridHeatMap(
            row=np.arange(down),
            column=np.arange(across),
            color=np.zeros((down, across)),
            scales=cells,
            stroke=COLORS.rule,
            null_color="transparent",
        )
        self._brush = bqplot.interacts.BrushSelector(x_scale=x, y_scale=y, color=PLAIN)
        for name in ("selected_x", "selected_y", "brushing"):
            self._brush.observe(self._moved, name)
        ticks = number_ticks(0.0, 1.0, 5)
        style = {"grid_lines": "none", "tick_values": np.array(list(ticks)), "tick_labels": keyed(ticks)}
        axes = [bqplot.Axis(scale=x, **style), bqplot.Axis(scale=y, side="left", **style)]
        self.figure.fig_margin = _MARGIN
        width = (self.bars_height - _MARGIN["top"] - _MARGIN["bottom"]) * self.ratio
        self.figure.layout.width = f"{round(width) + _MARGIN['left'] + _MARGIN['right']}px"
        self.figure.layout.max_width = "100%"
        self.draw([self._heat], axes, self._brush)
        self._mark()
        self.recount()

    def _moved(self, _: Any) -> None:
        if not self._setting:
            self._brushed()

    def _take_brush(self) -> None:
        ends = self._brush.selected_x, self._brush.selected_y
        if any(end is None or len(end) < 2 for end in ends):
            return self._put(None, brushing=True)
        low = [round(max(float(min(end)), 0.0), 3) for end in ends]
        high = [round(min(float(max(end)), 1.0), 3) for end in ends]
        return self._put(((low[0], high[0]), (low[1], high[1])), brushing=True)

    def _put(self, box: Box | None, *, brushing: bool = False) -> None:
        self.box = box
        if box is None:
            self.selection.clear(self.source)
        else:
            kept = self._kept(box)
            self.selection.put(Clause(self.source, self.of, kept.rows, kept.title, kept.code))
        if not brushing:
            self._mark()
        self._describe(self._shown())

    def _kept(self, box: Box) -> Kept:
        ws = self.workspace
        parts = [
            keep(ws, self.of, name, {"kind": "range", "lo": low, "hi": high})
            for name, (low, high) in zip(_AXES, box, strict=True)
        ]
        if self.label is not None:
            parts.append(keep(ws, self.of, "label", {"kind": "values", "values": [self.label]}))
        kept = all_of(parts)
        assert kept is not None, "there are two parts or more"
        return kept

    def _mark(self) -> None:
        self._setting = True
        self._brush.selected = None if self.box is None else np.array(self.box).T
        self._setting = False

    def _describe(self, shown: Rows) -> None:
        n, total, images = int(shown.sum()), int(self._of_label().sum()), self._n_images()
        note = "" if len(self.plane.x) else f"There are no {self.of}."
        self.show_figure(not note)
        even, top = self.plane.evenness(shown), int(self.counts.max(initial=0))
        parts = [f"{n:,} / {total:,} {self.of}" if n < total else f"{total:,} {self.of}"]
        parts += [f"{n / images:.3g} per image"] if images else []
        parts += [f"diversity {even:.2f}"] if np.isfinite(even) else []
        self.say(
            title="Centres",
            count=" · ".join(parts),
            note=note,
            legend=[["1", _shade(1, top)], [f"{top:,} in a cell", _shade(top, top)]] if top > 1 else [],
            options=[_EVERY, *self.workspace.ds.labels],
            option=self.label or _EVERY,
            chosen=self.box is not None,
        )


def _shade(count: int, top: int) -> str:
    """Color of a cell."""
    return translucent(COLORS.steel, round(0.02 + 0.98 * float(np.sqrt(count / top)), 3))


def _home_of(ws: Workspace) -> str:
    return "predictions" if ws.run is not None and not len(ws.ids("instances")) else "instances"


def _checked(ws: Workspace, label: str | None) -> str | None:
    if label is not None and label not in ws.ds.labels:
        raise UnknownNameError(f"there is no label {label!r}; {instead_of(label, ws.ds.labels)}")
    return label
