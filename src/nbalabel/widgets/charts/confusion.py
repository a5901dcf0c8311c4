"""The confusion matrix of a run; a click on a cell selects what it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, NbalabelError
from ...core.show.palette import COLORS, translucent
from ..workspace.clauses import Clause
from ..workspace.workspace import workspace_of
from .chart import Chart
from .picture import cells_picture
from .plotting import bqplot
from .score_chart import before_edits, run_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.workspace import Viewable

_CELL, _LETTER, _LONGEST = 26, 6.2, 16  # pixels of a row, pixels of a letter, letters
_FAINT, _MIDDLE, _FULL = (translucent(COLORS.steel, alpha) for alpha in (0.04, 0.42, 0.9))
_NARROWEST = 20  # pixels of a column
_TITLE = 16  # pixels of the title of an axis
_ROOM = 300  # pixels across a narrow chart; names that need more are slanted
_MOST_LISTED = 40
_MOST_SHOWN = 24  # labels; with more, names and numbers are too small to read

Counts = npt.NDArray[np.int64]


class Confusion(Chart):
    """Confusion matrix, true labels down, predicted ones across; a click on a cell selects what it counts.

    The last row counts predictions on nothing, the last column instances that no prediction matches. A cell
    of the last column selects instances, any other cell predictions. Counted on the completely labeled images
    that the other views allow. With more than 24 labels, only the most confused are shown, the worst pairs
    first; the list in the head has the worst pairs, too, and :meth:`select` reaches every cell.

    Args:
        ws: a workspace with a run, or a Run to make one of.
        score: leave out predictions of a lower score, 0..1.
        iou: lowest IoU of a match, in (0, 1].
        height: CSS pixels; None: to suit the number of labels.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> chart = nl.Confusion(nl.Workspace(ds, nl.demo.simulated_run(ds)))
        >>> chart.select("fish", "fish")
        >>> bool((chart.workspace.selected.label == "fish").all())
        True
    """

    def __init__(
        self, ws: Viewable, score: float = 0.25, iou: float = 0.5, height: int | None = None
    ) -> None:
        ws = workspace_of(ws)
        if not 0 <= score <= 1:
            raise DataError(f"score must be 0..1, got {score}")
        if not 0 < iou <= 1:
            raise DataError(f"iou must be a number in (0, 1], got {iou}")
        self.score, self.iou = score, iou
        self.cell: tuple[str, str] | None = None
        self._given = height
        self._key: tuple[int, int] | None = None
        self._names: tuple[str, ...] = ()
        self._listed: list[tuple[str, str]] = []
        self._shown: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        super().__init__(ws, height or 200)
        self.rebuild()

    def select(self, true: str | None, predicted: str | None = None) -> None:
        """Select what a cell counts, as a click on it does; None selects all.

        Args:
            true: name of a label, or "nothing".
            predicted: name of a label, or "nothing".

        Raises:
            DataError: there is no such cell.
        """
        cell = None if true is None or predicted is None else (true, predicted)
        if cell is not None and not (set(cell) <= set(self._names) and cell != (self._names[-1],) * 2):
            raise DataError(f"expected two of {', '.join(self._names)}, got {true!r} and {predicted!r}")
        self._put(cell)

    def rebuild(self) -> None:
        """The tables have changed: match again if the run has other predictions or labels."""
        self._note, self._before = "", before_edits(self.workspace)
        try:
            self._match_labels()
        except NbalabelError as error:
            self._note, self._key = str(error), None
            self._pairs, self._names = pd.DataFrame(), ()
        self._rows = self._row_numbers()
        self._shown = self._choose_shown()
        self._draw()
        if self.cell is not None:
            self._put(self.cell if set(self.cell) <= set(self._names) else None)
        self.recount()

    def recount(self) -> None:
        """Count on the images that the other views allow."""
        self.counts: Counts = np.zeros((0, 0), np.int64)
        if self._names:
            self.counts = self._count(self._allowed())
            self._show()
        self.show_figure(bool(self._names))
        self._describe()

    def choose(self, name: str, value: Any) -> None:
        """A control of the head was used."""
        if name == "clear":
            self._put(None)
        elif name == "value":
            self._toggle(*self._listed[int(value)])
        else:
            super().choose(name, value)

    def forgotten(self) -> None:
        """Somebody else took the clause away."""
        self.cell = None
        self._mark()
        self._describe()

    def picture(self) -> Image | None:
        """The matrix as a picture."""
        names = [self._names[i] for i in self._shown]
        counts = self.counts[np.ix_(self._shown, self._shown)]
        return cells_picture(f"Confusion: {self.head.state['count']}", counts, names, self._note)

    def _match_labels(self) -> None:
        run = run_of(self.workspace)
        key = id(run.predictions), id(run.tables)
        if key == self._key:
            return
        if not len(run.measured_ids):
            raise DataError("No image that was predicted on is labeled all over (state complete or empty).")
        pairs = run.confused(iou=self.iou, score=self.score)
        if not len(pairs):
            raise DataError(f"Neither instances nor predictions of score ≥ {self.score:g} on labeled images.")
        self._pairs, self._key = pairs, key
        self._names = tuple(map(str, pairs["true"].cat.categories))
        self._codes = tuple(pairs[c].cat.codes.to_numpy(np.int64) for c in ("true", "predicted"))

    def _count(self, kept: npt.NDArray[np.bool_] | slice) -> Counts:
        n = len(self._names)
        true, predicted = self._codes
        flat = np.bincount(true[kept] * n + predicted[kept], minlength=n * n)
        return flat.reshape(n, n).astype(np.int64)

    def _choose_shown(self) -> npt.NDArray[np.int64]:
        """Positions of the names to show, "nothing" last; by the counts of all images, selected or not."""
        n = len(self._names)
        if n <= _MOST_SHOWN + 1:
            return np.arange(n)
        return np.append(_worst_first(self._count(slice(None)), _MOST_SHOWN), n - 1)

    def _row_numbers(self) -> dict[str, npt.NDArray[np.int64]]:
        """Row of each pair's prediction and instance in the workspace's tables; -1 for none."""
        if not len(self._pairs):
            return {}
        tables = {"predictions": "prediction_id", "instances": "instance_id"}
        return {
            of: pd.Index(self.workspace.ids(of)).get_indexer(
                pd.Index(self._pairs[name].fillna(-1).to_numpy(np.int64))
            )
            for of, name in tables.items()
        }

    def _allowed(self) -> npt.NDArray[np.bool_]:
        """Pairs whose image the other views allow, ``(n,)`` bool."""
        rows = self.workspace.allowed("images", (self.source,))
        if rows is None:
            return np.ones(len(self._pairs), np.bool_)
        kept: npt.NDArray[np.bool_] = np.zeros(len(self._pairs), np.bool_)
        for of, at in self._rows.items():
            image = np.append(self.workspace.image_row(of), -1)[at]
            kept |= np.append(rows, False)[image]
        return kept

    def _draw(self) -> None:
        n = len(self._shown)
        if not n:
            return self.draw([], [])
        named = [self._names[i] for i in self._shown]
        names = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in named]
        texts = {str(i): name for i, name in enumerate(names)}
        longest = int(max(map(len, names), default=0) * _LETTER)
        slanted = n * (longest + 8) > _ROOM
        bottom = (int(longest * 0.6) if slanted else 4) + 16 + _TITLE
        column, row = bqplot.OrdinalScale(), bqplot.OrdinalScale(reverse=True)
        self._color = bqplot.ColorScale(colors=[_FAINT, _MIDDLE, _FULL], min=0, mid=0.5, max=1)
        places = np.arange(n)
        self._grid = bqplot.GridHeatMap(
            color=np.zeros((n, n)),
            row=places,
            column=places,
            scales={"row": row, "column": column, "color": self._color},
            stroke=COLORS.rule,
            null_color="transparent",
            selected_style={"stroke": COLORS.orange, "stroke-width": "2.5px"},
            anchor_style={"stroke": COLORS.orange, "stroke-width": "2.5px"},
        )
        self._grid.on_element_click(self._clicked)
        self._numbers = bqplot.Label(
            x=[],
            y=[],
            text=[],
            scales={"x": column, "y": row},
            align="middle",
            default_size=11,
            font_weight="normal",
        )
        axes = [
            bqplot.Axis(
                scale=row,
                side="left",
                tick_labels=texts,
                label="labeled",
                label_offset=f"{longest + 18}px",
                grid_lines="none",
            ),
            bqplot.Axis(
                scale=column,
                tick_labels=texts,
                label="predicted",
                label_offset=f"{bottom - 6}px",
                grid_lines="none",
                **({"tick_rotate": -35, "tick_style": {"text-anchor": "end"}} if slanted else {}),
            ),
        ]
        left = longest + 14 + _TITLE
        self.figure.fig_margin = {"top": 4, "bottom": bottom, "left": left, "right": 14}
        height = self._given or min(max(n * _CELL, 90), 700) + bottom + 4
        self.figure.layout.height = f"{height}px"
        # Narrower than this, names and numbers would overlap: the figure scrolls instead.
        self.figure.layout.min_width = f"{n * _NARROWEST + left + 14}px"
        self._frame.layout.overflow = "auto hidden"
        self.draw([self._grid, self._numbers], axes)
        return self._mark()

    def _show(self) -> None:
        counts, n = self.counts[np.ix_(self._shown, self._shown)], len(self._shown)
        off = counts[~np.eye(n, dtype=np.bool_)]
        top = max(int(counts.max()), 1)
        with self._color.hold_sync():
            self._color.max = float(top)
            self._color.mid = float(min(max(int(off.max(initial=0)), 1), top * 0.6))
        self._grid.color = counts.astype(np.float64)
        row, column = np.nonzero(counts)
        with self._numbers.hold_sync():
            self._numbers.x, self._numbers.y = column, row
            self._numbers.text = [f"{count:,}" for count in counts[row, column]]

    def _clicked(self, _: Any, event: dict[str, Any]) -> None:
        data: dict[str, Any] = event["data"]
        row, column = (int(self._shown[int(data[name])]) for name in ("rowNum", "columnNum"))
        self.guarded(lambda: self._toggle(self._names[row], self._names[column]))

    def _toggle(self, true: str, predicted: str) -> None:
        if true == predicted == self._names[-1]:
            return
        self._put(None if self.cell == (true, predicted) else (true, predicted))

    def _put(self, cell: tuple[str, str] | None) -> None:
        self.cell = cell
        if cell is None:
            self.selection.clear(self.source)
        else:
            of = "instances" if cell[1] == self._names[-1] else "predictions"
            true, predicted = (self._names.index(name) for name in cell)
            at = self._rows[of][(self._codes[0] == true) & (self._codes[1] == predicted)]
            rows = np.zeros(len(self.workspace.ids(of)), np.bool_)
            rows[at[at >= 0]] = True
            self.selection.put(Clause(self.source, of, rows, self._told(cell)))
        self._mark()
        self._describe()

    def _told(self, cell: tuple[str, str]) -> str:
        true, predicted = cell
        nothing = self._names[-1]
        if predicted == nothing:
            return f"{true} not found"
        return f"{predicted} on nothing" if true == nothing else f"{true} taken for {predicted}"

    def _mark(self) -> None:
        if self._names:
            place = {self._names[i]: at for at, i in enumerate(self._shown.tolist())}
            cell = [place[name] for name in self.cell or () if name in place]
            self._grid.selected = [cell] if len(cell) == 2 else None

    def _describe(self) -> None:
        n = len(self._names)
        right = int(np.trace(self.counts[:-1, :-1])) if n else 0
        wrong = self.counts - np.diag(np.diag(self.counts))
        order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_LISTED].tolist()
        places = [divmod(i, n) for i in order]
        self._listed = [(self._names[r], self._names[c]) for r, c in places if wrong[r, c]]
        values = [
            [self._told(cell), int(self.counts[tuple(map(self._names.index, cell))]), cell == self.cell]
            for cell in self._listed
        ]
        few = len(self._shown) < n
        shown = f"; {len(self._shown) - 1} of {n - 1} labels, the most confused first" if few else ""
        found = f"{right:,} of {int(self.counts[:-1].sum()):,}"
        self.say(
            title="Confusion",
            count=f"{found} instances found with their label{shown}{self._before}" if n else "",
            note=self._note,
            values=values,
            chosen=self.cell is not None,
        )


def _worst_first(counts: Counts, most: int) -> npt.NDArray[np.int64]:
    """Labels by confusion: the worst pairs first, then labels with unmatched instances or predictions.

    Args:
        counts: true labels down, predicted ones across, "nothing" last in both, ``(n + 1, n + 1)``.
        most: how many labels at most.

    Returns:
        Positions of at most ``most`` labels; labels without any count are left out.

    Example:
        >>> _worst_first(np.array([[5, 0, 1, 0], [0, 9, 0, 4], [3, 0, 0, 0], [0, 0, 0, 0]]), 2).tolist()
        [2, 0]
    """
    pairs = counts[:-1, :-1] * ~np.eye(len(counts) - 1, dtype=np.bool_)
    order = np.argsort(-pairs, axis=None, kind="stable")[: np.count_nonzero(pairs)]
    paired = np.stack(np.divmod(order, len(pairs)), axis=1).ravel()
    lonely = counts[:-1, -1] + counts[-1, :-1]
    rest = np.argsort(-(lonely * 2 + (np.diag(counts)[:-1] > 0)), kind="stable")
    every = np.concatenate(
        [paired, rest[counts[:-1].sum(axis=1)[rest] + counts[:, :-1].sum(axis=0)[rest] > 0]]
    )
    _, first = np.unique(every, return_index=True)
    return np.asarray(every[np.sort(first)][:most], np.int64)
