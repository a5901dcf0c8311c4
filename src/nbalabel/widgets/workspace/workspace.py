"""A dataset, perhaps a run, and the selection that all views share."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.show.display import Display
from ...core.tables.predicted import LooksAlike, Predicted
from ...core.tables.schema import INDEX_NAMES, empty
from ...data.dataset.dataset import Dataset
from ...data.dataset.version import Version
from ...data.edits.acceptance import decided
from ...data.tables.tables import Tables
from ...data.working.frame_edits import is_untouched, watch
from ..bridge.port import Port
from .alike import SOURCE, look_alikes, teller_of
from .cell_code import as_code
from .clauses import TABLES, Clause, Index, Rows, check_table
from .columns import Column, Columns, Judged
from .ranks import CHANCE, SUSPICION, Ranks, Suspected
from .selection import Ids, Selection
from .shaped import Shaped
from .shared_display import SharedDisplay

_MANY = 100_000  # predictions from which outcomes of a few rows are made without those of all


class Attached(Protocol):
    """A view that is notified of changed tables."""

    source: Any

    def refreshed(self) -> None:
        """The tables have changed."""
        ...

    def close(self) -> None:
        """The workspace closes."""
        ...


class Workspace:
    """A dataset, perhaps a run, and one :class:`.Selection` that all its views share.

    Views are made from it: ``nl.Scatter(ws)``, ``nl.Table(ws)``, ``nl.Viewer(ws)``, ``nl.Histogram(ws,
    "score")``. They follow the dataset: edits made in a cell show in them when the cell has run.

    A view made from a Dataset or a Run, ``nl.Table(ds)``, makes a workspace of its own, its ``workspace``.

    Args:
        ds: the dataset; or a Run, which brings the dataset that it predicted on.
        run: predictions on it, if there are any.
        looks: gives look-alikes of instances, such as :func:`nbalabel.instance_embeddings`; those of
            predictions and images come from the run's embeddings.

    Raises:
        DataError: ds is neither; the message says what to write.

    Attributes:
        ds: the dataset.
        run: the run, or None.
        looks: gives look-alikes of instances; assign to it to have some.
        suspected: what of ``suspects`` is shown and applied; None without any.
        selection: the shared selection.
        shared_display: holds ``display`` for the views.
        rev: revision of the tables, counts their changes; row numbers on the wire belong to one revision.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=12, n_labeled=6, n_test=2, size=96)
        >>> ws = nl.Workspace(ds)
        >>> ws.select(ds.images.query("state == 'complete'"))
        >>> len(ws.selected) == len(ws.selection.images)
        True
        >>> ws.clear()
        >>> len(ws.selected)
        0
    """

    def __init__(
        self, ds: Dataset | Predicted, run: Predicted | None = None, *, looks: LooksAlike | None = None
    ) -> None:
        self.ds, self._run = _opened(ds, run)
        self.looks = looks
        self.suspected: Suspected | None = None
        self._alike: tuple[str, pd.Series] | None = None
        # JupyterLab may handle requests in another thread than the one that runs cells (a subshell).
        self.lock = threading.RLock()
        self.shared_display = SharedDisplay(self.lock)
        self.rev = 0
        self._views: weakref.WeakSet[Attached] = weakref.WeakSet()
        self._shaped = Shaped(self.ds.read_image)
        self._take_tables()
        self.selection = Selection(self._index)
        self._stale = self._scheduled = self._steady = False
        me = weakref.ref(self)
        self._unwatch = [self.ds.on_change(lambda: _tell(me)), watch(self)]

    @property
    def run(self) -> Predicted | None:
        """The run; ``ws.run = ws.run.matched_to(ds)`` shows another one.

        Raises:
            DataError: the assigned value is no run.
        """
        return self._run

    @run.setter
    def run(self, run: Predicted | None) -> None:
        with self.lock:
            _, self._run = _opened(self.ds, run)
            self._changed()

    @property
    def suspects(self) -> Ranks | None:
        """What :func:`nbalabel.suspects` returned, ranked by what is known now; None without any.

        Assign it to have columns ``suspicion`` (the kind) and ``chance`` of instances and predictions in all
        views. They follow each edit, and are missing where nothing is suspected any more.

        Raises:
            DataError: the assigned value is no such list.
        """
        with self.lock:
            return None if self.suspected is None else self.suspected.ranked()

    @suspects.setter
    def suspects(self, suspects: Ranks | None) -> None:
        if suspects is not None and not isinstance(suspects, Ranks):
            raise DataError(f"expected what nl.suspects returned, got {type(suspects).__name__}")
        with self.lock:
            self.suspected = None if suspects is None else Suspected(suspects)
            self._changed()

    @property
    def display(self) -> Display:
        """How pictures are shown in all views; set it by ``ws.display = nl.Display(gamma=1.5)``.

        Raises:
            DataError: the assigned value is no Display.
        """
        return self.shared_display.value

    @display.setter
    def display(self, display: Display) -> None:
        self.shared_display.value = display

    def frame(self, of: str) -> pd.DataFrame:
        """A table as the views show it: "images", "instances" or "predictions"; do not assign into it."""
        self.refresh()
        return self._columns.frames[check_table(of)]

    def column_names(self, of: str) -> list[str]:
        """Names that :meth:`column` knows: own columns, derived ones, those of the image, and of the shape.

        Shape columns that read pictures (see :func:`nbalabel.shapes`) are in it after they were asked for.
        """
        self.refresh()
        return self._columns.names(check_table(of))

    def column(self, of: str, name: str) -> Column:
        """A column ready to filter, bin and color.

        Raises:
            UnknownNameError: there is none of that name.
        """
        self.refresh()
        return self._columns.column(check_table(of), name)

    def column_part(self, of: str, name: str, rows: npt.NDArray[Any]) -> Column:
        """A column with the values of some rows only, by row number, ``(k,)``.

        For a few rows of "outcome" and what goes with it, all predictions need not be matched first.

        Raises:
            UnknownNameError: there is none of that name.
        """
        self.refresh()
        return self._columns.part(check_table(of), name, rows)

    def column_is_late(self, of: str, name: str) -> bool:
        """Whether :meth:`column` would have to match all of many predictions first."""
        self.refresh()
        return self._columns.is_late(check_table(of), name)

    def column_is_empty(self, of: str, name: str) -> bool:
        """Whether there are rows, but none has a value; of a late column, whether none can have one."""
        self.refresh()
        return self._columns.is_empty(check_table(of), name)

    def column_kind(self, of: str, name: str) -> str:
        """One of number, time, category, boolean and text; not computed where that takes time.

        Raises:
            UnknownNameError: there is none of that name.
        """
        self.refresh()
        return self._columns.kind(check_table(of), name)

    def has_column(self, of: str, name: str) -> bool:
        """Whether :meth:`column` knows a name; names of earlier versions count."""
        self.refresh()
        return self._columns.has(check_table(of), name)

    def ids(self, of: str) -> Ids:
        """Ids of all rows of a table, in the order of row numbers, ``(n,)`` int64."""
        self.refresh()
        return self._index.ids[check_table(of)]

    def image_row(self, of: str) -> npt.NDArray[np.int32]:
        """Row of ``images`` for each instance or prediction, ``(n,)`` int32; -1 where the image is gone."""
        self.refresh()
        return self._index.image_row[of]

    @property
    def selected(self) -> pd.DataFrame:
        """The rows that all clauses allow, of the table of the last clause; none without any clause."""
        return self.selected_of(self.selection.of)

    def selected_of(self, of: str) -> pd.DataFrame:
        """The rows of a table that all clauses allow; none without any clause."""
        self.refresh()
        rows = self.selection.allowed(of)
        frame = self._columns.frames[of]
        return frame.iloc[:0] if rows is None else frame[rows]

    def select(
        self, rows: pd.DataFrame | pd.Series | npt.ArrayLike, of: str | None = None, title: str = ""
    ) -> None:
        """Select rows; replaces what was selected from Python before.

        Args:
            rows: rows of a table, or ids.
            of: table of the ids; default: by the name of a frame's index, else images.
            title: its name in the views.

        Raises:
            UnknownNameError: ids that the table does not have.
        """
        self.refresh()
        of, ids = _meant(rows, of)
        self.selection.set("python", of, ids, title or f"{len(ids):,} {of} from Python")

    def more_like(
        self,
        rows: pd.DataFrame | pd.Series | npt.ArrayLike,
        n: int = 20,
        of: str | None = None,
        source: str = "python",
    ) -> None:
        """Select rows and what looks like them, among what the other views allow: the key K of views.

        The column ``distance`` says how far, 0 for the rows themselves; until the next call.

        Args:
            rows: rows of a table, or ids.
            n: most look-alikes, 1 or more.
            of: table of the ids; default: by the name of a frame's index, else images.
            source: the view that asks: its clause gives way.

        Raises:
            UnknownNameError: ids that the table does not have.
            DataError: nobody can tell look-alikes, or there are none; see ``looks``.
        """
        with self.lock:
            self.refresh()
            of, ids = _meant(rows, of)
            teller, allowed = teller_of(of, self.looks, self.run), self.allowed(of, (source, SOURCE))
            found = look_alikes(teller, of, ids, n, self.ids(of), allowed)
            self._alike, self._stale = (of, found), True
            self.refresh()
            self.selection.clear(source)
            title = f"{len(ids):,} and {len(found) - len(ids):,} like {'it' if len(ids) == 1 else 'them'}"
            self.selection.set(SOURCE, of, found.index.to_numpy(np.int64), title)

    def clear(self) -> None:
        """Select nothing: every view shows everything."""
        self.selection.clear()

    def code(self) -> str:
        """The selection as pandas code for a cell that gives the same rows.

        The code imports what it uses, and explains ``ds`` and ``run`` in a comment if it uses them.
        """
        self.refresh()
        assumed = {"ds": f"the Dataset {self.ds.folder.name}, of nl.open"}
        if self.run is not None:
            assumed["run"] = f"the Run {self.run.id} of it"
        return as_code(list(self.selection.clauses.values()), self._index, assumed)

    def allowed(self, of: str, without: tuple[str, ...] = ()) -> Rows | None:
        """Rows that the clauses allow, ignoring those of some sources, ``(n,)`` bool; None for all."""
        self.refresh()
        return self.selection.allowed(of, without)

    def put(self, clause: Clause) -> None:
        """Put a view's clause in the selection."""
        self.selection.put(clause)

    def refresh(self) -> None:
        """Read the tables again if they have changed, and update views and clauses; done after each cell."""
        with self.lock:
            if self._steady:
                return
            known = self._columns.frames["predictions"]
            if not self._stale and (self.run is None or is_untouched(self.run.predictions, known)):
                return
            self._stale = False
            self.rev += 1
            self._take_tables()
            self.selection.reindex(self._index)
            for view in list(self._views):
                view.refreshed()

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Refresh now, but not within the block: for many reads in a row, without edits."""
        with self.lock:
            self.refresh()
            before, self._steady = self._steady, True
            try:
                yield
            finally:
                self._steady = before

    def sync(self) -> None:
        """Called at the end of each cell: :meth:`refresh`, as the run may have other predictions."""
        self.refresh()

    def turn_to(self, ds: Dataset) -> None:
        """Show another dataset in all views; the run and the selection go.

        Args:
            ds: of the same labels; the views keep their settings.
        """
        with self.lock:
            self.clear()
            self._unwatch[0]()
            me = weakref.ref(self)
            self._unwatch[0] = ds.on_change(lambda: _tell(me))
            self.ds, self._run, self._alike, self.suspected = ds, None, None, None
            self._shaped = Shaped(ds.read_image)
            self._stale = True
            self.refresh()

    def attach(self, view: Attached) -> None:
        """Notify a view of changed tables from now on."""
        self._views.add(view)

    def detach(self, view: Attached) -> None:
        """Forget a closed view and remove its clauses."""
        self._views.discard(view)
        for source in [s for s in self.selection.clauses if s.split("/")[0] == view.source]:
            self.selection.clear(source)

    def close(self) -> None:
        """Close every view, and detach from the dataset."""
        for view in list(self._views):
            view.close()
        for stop in self._unwatch:
            stop()
        self.selection.layout.close()
        self.selection.close()

    def __repr__(self) -> str:
        run = "" if self.run is None else f" with {self.run.id}"
        return f"<Workspace of {self.ds.folder.name}{run}: {len(self.selection.clauses)} clauses>"

    def _take_tables(self) -> None:
        run, ds = self.run, self.ds
        predictions = empty("predictions", ds.labels) if run is None else run.predictions
        frames = {"images": ds.images, "instances": ds.instances, "predictions": predictions}
        # Copy-on-write: assignments of a cell show here only after the dataset has checked them.
        frames = {name: frame.copy(deep=False) for name, frame in frames.items()}
        self._index = Index.of(frames)
        if self.suspected is not None:
            self.suspected.outdate()
        self._columns = Columns(
            frames,
            self._index,
            lambda rows: decided(ds.instances, ds.rejected, predictions.iloc[rows]),
            judged=_judge(run, frames, ds),
            judged_on=_judge_on(run, frames, ds),
            many=len(predictions) >= _MANY,
            predicted=None if run is None else np.asarray(run.predicted_ids, np.int64),
            shaped=self._shaped,
            alike=self._alike,
            more={} if self.suspected is None else dict.fromkeys((SUSPICION, CHANCE), self._suspicion),
            label_colors={name: entry.color for name, entry in ds.ontology.labels.items() if entry.color},
        )

    def _suspicion(self, of: str, name: str) -> Column:
        assert self.suspected is not None, "the columns are there only with it"
        return self.suspected.column(of, name, self._index.ids[of])

    def _changed(self) -> None:
        """The tables have changed: refresh when the cell that changed them has finished."""
        self._stale = True
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # no notebook: the next access refreshes
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._refresh_scheduled)

    def _refresh_scheduled(self) -> None:
        self._scheduled = False
        self.refresh()


def _judge(
    run: Predicted | None, frames: dict[str, pd.DataFrame], ds: Dataset
) -> Callable[[], Judged] | None:
    """A function for the outcomes of a run's predictions by these tables; None without a run."""
    if run is None:
        return None
    return lambda: run.judged(frames["images"], frames["instances"], ds.rejected, ds.regions)


def _judge_on(
    run: Predicted | None, frames: dict[str, pd.DataFrame], ds: Dataset
) -> Callable[[npt.NDArray[np.int64]], Judged] | None:
    """A function for the outcomes on some images; None where those on all are known or made soon."""
    if run is None or run.is_judged or len(frames["predictions"]) < _MANY:
        return None
    tables = frames["images"], frames["instances"]
    return lambda on: run.judged(*tables, ds.rejected, ds.regions, on=on)


def _meant(rows: Any, of: str | None) -> tuple[str, Ids]:
    """Table and ids of rows.

    Raises:
        DataError: they are no ids.
    """
    if isinstance(rows, pd.DataFrame | pd.Series):
        rows = rows.index
        tables = {name: table for table, name in INDEX_NAMES.items() if table in TABLES}
        of = of or tables.get(str(rows.name))
    of, ids = check_table(of or "images"), np.asarray(rows)
    if len(ids) and ids.dtype.kind not in "iu":
        raise DataError(f"expected ids or rows of {of}, got values of {ids.dtype}: ws.select(frame[mask])")
    return of, ids.astype(np.int64)


Viewable: TypeAlias = Workspace | Dataset | Predicted
"""A view can be made of any of these."""


def workspace_of(what: Viewable) -> Workspace:
    """The workspace of a view: the one given, or a new one of a dataset or of a run."""
    return what if isinstance(what, Workspace) else Workspace(what)


def _opened(what: Any, run: Any) -> tuple[Dataset, Predicted | None]:
    """The dataset and the run of a new workspace.

    Raises:
        DataError: there is no dataset; the message says what to write.
    """
    is_run = isinstance(what, Predicted)
    ds = getattr(getattr(what, "tables", None), "source", None) or getattr(what, "tables", None)
    ds, run = (ds, what) if is_run and run is None else (what, run)
    if not isinstance(ds, Dataset):
        raise DataError(_no_dataset(what, run))
    if run is not None and not isinstance(run, Predicted):
        raise DataError(f"expected a Run (model.predict, nl.read_predictions), got {type(run).__name__}")
    return ds, run


def _no_dataset(what: Any, run: Any) -> str:
    expected = "expected a Workspace, a Dataset (nl.open, tables.save) or a Run of one"
    if what is run:
        return f"{expected}, got a Run that does not know its Dataset: nl.Workspace(ds, run) names it"
    if isinstance(what, Tables):
        return f"{expected}, got Tables: tables.save(FOLDER) makes a Dataset of them"
    if isinstance(what, Version):
        return f"{expected}, got a Version: nl.open({str(what.folder)!r}, version={what.id!r})"
    if isinstance(what, Port):
        return f"{expected}, got the view {type(what).__name__}: its .workspace links the two"
    return f"{expected}, got {type(what).__name__}"


def _tell(reference: weakref.ref[Workspace]) -> None:
    workspace = reference()
    if workspace is not None:
        workspace._changed()
