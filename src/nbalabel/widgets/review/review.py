"""One mask at a time: accept, reject, relabel, next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import traitlets

from ...core.change.change import Change
from ...core.change.table_change import ids_of
from ...core.errors import DataError, HistoryError, ImageError, UnknownNameError
from ...core.show.palette import COLORS
from ...core.tables.schema import INDEX_NAMES
from ...data.store.storage import user
from ..beside.beside import Beside, Makes
from ..labels.label_list import keys_of
from ..pixels.pictures import stretched
from ..viewer.in_place import InPlace
from ..workspace.ranks import Ranks
from ..workspace.selection import Ids
from ..workspace.workspace import Workspace, workspace_of
from ..workspace.workspace_port import Reply, serves
from .asked import asked_of
from .crop import below, crop_box, crop_of, facts_of, pixels_of
from .given import Given
from .items import (
    OPEN,
    Order,
    States,
    default_table,
    items_of,
    ordered,
    places,
    states_of,
)
from .ranking import Ranking
from .suggestion import Drawn, around, drawn
from .summary import summary_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.workspace import Viewable

Rows = pd.DataFrame | pd.Series | Sequence[int] | Ids | Ranks

_LONGEST = 900  # pixels of a crop
_CAPPED = 30.0  # seconds that one look counts at most


class Review(Beside, InPlace):
    """Shows masks one at a time with their surroundings; one key answers and shows the next mask.

    ``M`` or Enter accepts, ``X`` rejects, digits relabel, Right skips, Left goes back, ``U`` takes the last
    answer back; press ``?`` in it for all keys. Each answer is one Change, journaled before the
    reply: a later review of the same rows, even after a killed kernel, asks only what is not answered yet.
    The mask shown is the active row of all views.

    An accepted prediction becomes an instance of status "verified", an accepted instance gets that status; a
    rejected prediction is not proposed again, a rejected instance is removed.

    ``Q`` opens the form with the questions of the ontology. Of rows from ``ds.unanswered()`` it asks what is
    not answered yet, one question after the other, and goes on when nothing is left to ask.

    Args:
        ws: a workspace, or a Dataset or a Run to make one of.
        rows: predictions of its run or instances, or their ids with ``of``; or rows that lack answers, also
            images, from ``ds.unanswered()``; default: what is selected; of a Dataset all instances, of a Run
            all predictions. Or what :func:`nbalabel.suspects` returned: its labels are asked about, also
            those verified before, the likeliest errors first, ranked anew after each answer;
            ``of="predictions"`` asks about what it says is missing.
        order: column to sort by, or a list of columns; default: the order of the rows.
        ascending: whether small values come first, for all columns or for each; missing ones are last.
        height: CSS pixels, 320..4000.
        context: margin shown around a mask on every side, 0..8 times the longer side of its box.
        annotator: who answers; default: the user's login.
        of: "instances" or "predictions", if ``rows`` are only ids.
        overlap: what happens if an accepted prediction overlaps an instance: "skip" (it is not accepted, and
            the view says so), "allow", or "replace" (the instance is removed).
        again: ask again what was answered before.
        beside: as in :class:`Viewer`.

    Attributes:
        annotator: who answers; the log has it with each answer.

    Raises:
        DataError: rows that cannot be reviewed, or an option out of range.
        UnknownNameError: ids or columns that are not there.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> review = nl.Review(nl.Workspace(ds), ds.instances, order="area", again=True)
        >>> len(review.left) == len(ds.instances)
        True
    """

    bundle = "review"
    introduces = True

    height = traitlets.Int(560, min=320, max=4000, help="CSS pixels").tag(sync=True)
    context = traitlets.Float(1.0, min=0, max=8, help="margin, share of a mask's longer side").tag(sync=True)
    overlap = traitlets.Enum(
        ("skip", "allow", "replace"), "skip", help="if an accepted prediction overlaps an instance"
    ).tag(sync=True, echo_update=False)
    outline = traitlets.Bool(True, help="draw the outline of the mask").tag(sync=True, echo_update=False)

    _of: str
    _ids: Ids
    _asked: tuple[str, ...]
    _ranking: Ranking | None

    def __init__(
        self,
        ws: Viewable,
        rows: Rows | None = None,
        order: Order = None,
        ascending: bool | Sequence[bool] = True,
        height: int = 560,
        context: float = 1.0,
        annotator: str | None = None,
        *,
        of: str | None = None,
        overlap: str = "skip",
        again: bool = False,
        beside: Makes | Literal[False] | None = None,
    ) -> None:
        self.annotator = user() if annotator is None else annotator
        if not self.annotator or "," in self.annotator:
            raise DataError(f"annotator must be a name without commas, got {annotator!r}")
        if rows is None and not isinstance(ws, Workspace):
            ws = workspace_of(ws)
            of = of or default_table(ws)
            rows = ws.ids(of)
        ws = workspace_of(ws)
        self._again = again
        self._take(ws, rows, of)
        if self._ranking and order is not None:
            raise DataError(
                "suspects have an order of their own: leave out order, or give suspects.instances()"
            )
        self._ids = ordered(ws, self._of, self._ids, order, ascending)
        self._order = [order] if isinstance(order, str) else list(order or [])
        self._given_here = Given()
        try:
            super().__init__(ws, height=height, context=context, overlap=overlap, beside=beside)
        except traitlets.TraitError as error:
            raise DataError(str(error)) from error
        self._first = self._states()

    @property
    def left(self) -> pd.DataFrame:
        """Rows not answered yet, in the order they are asked."""
        frame, is_open = self.workspace.frame(self._of), self._states() == OPEN
        order = self._ranked() if self._ranking else np.arange(len(self._ids))
        return frame.iloc[frame.index.get_indexer(self._ids[order[is_open[order]]])]

    @property
    def suspects(self) -> Ranks | None:
        """The suspicions that are asked about, ranked by the answers so far; None without any."""
        return self._ranking.now if self._ranking else None

    @property
    def answers(self) -> pd.DataFrame:
        """Masks judged here, with a column ``right``, for ``suspects.updated``.

        ``right`` is True of those accepted as they are, also of those that had been verified before, of which
        the log does not speak, and False of those that a correction was applied to, as they were before it.
        What was rejected or got another label, the dataset shows.
        """
        return self._given_here.judged(self._of, self.workspace.frame(self._of))

    def summary(self) -> pd.DataFrame:
        """All answers given in reviews of this dataset, by annotator.

        Returns:
            ``answers``, of them ``accepted``, ``rejected``, ``relabeled`` (accepted with another label) and
            ``corrected`` (as suspects suggested), ``seconds`` of looking (each look counts 30 s at most),
            ``masks_per_minute`` while looking. What was undone does not count.
        """
        return summary_of(self.workspace.ds.log())

    def ask(self, rows: Rows, of: str | None = None) -> None:
        """Ask about other rows of the workspace from now on.

        Args:
            rows: as in :class:`Review`.
            of: "instances" or "predictions", if ``rows`` are only ids.

        Raises:
            DataError: rows that cannot be reviewed.
            UnknownNameError: ids that are not there.
        """
        with self.lock:
            self._take(self.workspace, rows, of)
            self._given_here = Given()
            self._first = self._states()
        self.emit("items")

    @serves
    def items(self) -> Reply:
        """All items: ids, their states at the start and now, and their row numbers."""
        ws, of = self.workspace, self._of
        label = ws.column("instances" if of == "images" else of, "label")
        now, buffers = self._now()
        head = {
            **now,
            "of": of,
            "annotator": self.annotator,
            "order": self._order,
            "labels": list(ws.ds.labels),
            "colors": [_color(label, name) for name in ws.ds.labels],
            "keys": keys_of(ws),
            "selected": bool(ws.selection.clauses),
            "asks": bool(self._asked),
        }
        return head, [self._ids.astype(np.float64).tobytes(), self._first.tobytes(), *buffers]

    @serves
    def states(self) -> Reply:
        """State of each item now, and its row number; of suspects also the order of asking."""
        return self._now()

    @serves
    def item(self, *, item_id: int, aspect: float = 1.0, zoom: float = 1.0) -> Reply:
        """One mask with its surroundings and facts.

        Args:
            item_id: of the instance or prediction.
            aspect: width / height of the view.
            zoom: above 1 shows less around it, below 1 more.
        """
        ws, of, row = self.workspace, self._of, self._row(item_id)
        frame = ws.frame(of)
        at = row if of == "images" else int(ws.image_row(of)[row])
        if at < 0:
            raise UnknownNameError(f"the image of {self._one} {item_id} is no longer in the dataset")
        image = ws.frame("images").iloc[at]
        size = int(image["width"]), int(image["height"])
        whole = [0.0, 0.0, *map(float, size)]
        mask_box = whole if of == "images" else [float(frame[name].iloc[row]) for name in "xywh"]
        suggested = self._suggested(item_id, row)
        shown = around([mask_box, *(suggested.boxes if suggested else [])])
        box = crop_box(shown, size, self.context, min(max(aspect, 0.2), 5), min(max(zoom, 0.01), 100))
        head = {
            "rev": ws.rev,
            "id": int(item_id),
            "imageId": int(ws.ids("images")[at]),
            "label": "" if of == "images" else str(frame["label"].iloc[row]),
            "size": size,
            "at": mask_box,
            "facts": [*self._suspected(item_id), *facts_of(ws, of, row, self._order)],
            "below": below(ws, row) if of == "predictions" else None,
            "correction": suggested.head if suggested else None,
        }
        return self._crop(head, row, box, suggested.masks if suggested else [])

    @serves
    def crop(self, *, item_id: int, box: Sequence[float]) -> Reply:
        """Another part of the image of an item: left, top, right, bottom."""
        row = self._row(item_id)
        left, top, right, bottom = (round(value) for value in box)
        return self._crop({"rev": self.workspace.rev, "id": int(item_id)}, row, (left, top, right, bottom))

    @serves
    def answer(
        self,
        *,
        item_id: int,
        what: str,
        label: str | None = None,
        overlap: str | None = None,
        seconds: float = 0.0,
    ) -> Reply:
        """Apply the answer to one item; it is journaled when this returns.

        Args:
            item_id: of the instance or prediction.
            what: "accept", "reject" or "relabel".
            label: the new label, for "relabel".
            overlap: replaces the view's own.
            seconds: how long they looked.
        """
        return self._answered(item_id, what, seconds, label=label, overlap=overlap or self.overlap)

    @serves
    def correct(self, *, item_id: int, word: str, seconds: float = 0.0) -> Reply:
        """Apply the correction that is suggested for an item, in a review of suspects.

        Args:
            item_id: of the instance or prediction.
            word: what the button said that it does.
            seconds: how long they looked.
        """
        if not self._ranking:
            raise DataError("corrections are suggested in a review of suspects: nl.Review(ws, suspects)")
        change = self._ranking.suggestion(item_id).agreed(word)
        return self._answered(item_id, "correct", seconds, correction=change)

    def _answered(self, item_id: int, what: str, seconds: float, **more: Any) -> Reply:
        """Make the Change of an answer, keep it, and reply."""
        ws, of = self.workspace, self._of
        if of == "images":
            raise DataError(
                "images are asked questions here: answer those, or skip the image; nothing was done"
            )
        if item_id not in self._ids:
            raise UnknownNameError(f"{self._one} {item_id} is not of this review")
        is_open = self._states_of(np.array([item_id], np.int64))[0] == OPEN
        given = [] if is_open else self._given_here.of(item_id)
        rows = pd.DataFrame(index=pd.Index([item_id], name=INDEX_NAMES[of]))
        before = ws.frame(of)[ws.ids(of) == item_id]
        if of == "predictions":
            rows = ws.frame(of).iloc[[self._row(item_id)]]
        change = ws.ds.answer(
            rows,
            what,
            annotator=self.annotator,
            seconds=round(min(max(float(seconds), 0.0), _CAPPED), 2),
            instead_of=next((earlier for earlier in reversed(given) if earlier), None),
            **more,
        )
        self._given_here.add(item_id, given, change, before)
        ws.refresh()
        return {"id": item_id, "note": change.note, "rev": ws.rev}

    @serves
    def take_back(self, *, item_id: int | None = None) -> Reply:
        """Take back the last answer to one item, or the last answer given in any review."""
        ds, ws = self.workspace.ds, self.workspace
        top = ds.next_undo
        if item_id is None:
            if top is None or top.seconds is None:
                raise HistoryError("the last change was no answer of a review: ds.undo() takes it back")
            item_id = self._given_here.item(top.id)
        made = self._given_here.of(item_id)
        if item_id is None or (made and top is not None and top.id == made[-1].id):
            ds.undo()
        elif made and made[-1]:
            self._revert(made[-1])
        if item_id is not None and made:
            self._given_here.take_back(item_id)
        ws.refresh()
        return {"id": item_id, "note": "taken back", "rev": ws.rev}

    @serves
    def make_again(self, *, item_id: int) -> Reply:
        """Redo an answer that was just taken back."""
        ws = self.workspace
        top, undone = ws.ds.next_redo, self._given_here.undone(item_id)
        if not undone or (undone[-1] and (top is None or top.id != undone[-1].id)):
            raise HistoryError("nothing to redo: something else was changed since")
        if undone[-1]:
            ws.ds.redo()
        change = self._given_here.again(item_id)
        ws.refresh()
        return {"id": item_id, "note": change.note, "rev": ws.rev}

    def picture(self) -> Image | None:
        """The mask shown, outlined, with what is around it; None where none is left, or of images."""
        from .picture import review_picture

        row = self._shown()
        return None if row < 0 or self._of == "images" else review_picture(self, self._of, row)

    def _must(self, of: str) -> Sequence[str]:
        return self._asked if of == self._of else ()

    def _asked_instances(self, ids: Sequence[int]) -> Sequence[int]:
        """The instances themselves; of predictions, the instances that answers given here made of them."""
        if self._of != "predictions":
            return ids
        made = [change for i in ids for change in self._given_here.of(i)[-1:]]
        tables = [change.tables["instances"] for change in made if "instances" in change.tables]
        return [int(i) for table in tables for i in ids_of(table.created)]

    def _take(self, ws: Workspace, rows: Rows | None, of: str | None) -> None:
        """Ask about these rows from now on."""
        self._ranking = Ranking(rows, of or "instances") if isinstance(rows, Ranks) else None
        if self._ranking:
            of = of or "instances"
            rows = self._ranking.rows()
        self._of, self._ids = items_of(ws, rows, of)
        self._asked = asked_of(ws, rows, self._of)

    def _ranked(self) -> npt.NDArray[np.int32]:
        """Places in the order of asking, by the answers so far."""
        assert self._ranking is not None
        self._ranking.learn(self, self.workspace.rev)
        return self._ranking.order(self._ids)

    def _suspected(self, item_id: int) -> list[list[Any]]:
        return self._ranking.facts(item_id) if self._ranking else []

    def _suggested(self, item_id: int, row: int) -> Drawn | None:
        """What is suggested for a row; None in a review of anything but suspects."""
        if not self._ranking:
            return None
        return drawn(self.workspace, self._ranking.suggestion(item_id), self._of, row, _LONGEST)

    @property
    def _one(self) -> str:
        return self._of[:-1]

    def _revert(self, change: Change) -> None:
        try:
            self.workspace.ds.revert(change.id)
        except UnknownNameError:
            return  # taken back already, from Python or another view

    def _row(self, row_id: int) -> int:
        row = int(places(self.workspace, self._of, np.array([row_id], np.int64))[0])
        if row < 0:
            raise UnknownNameError(f"{self._one} {row_id} is no longer in the dataset")
        return row

    def _shown(self) -> int:
        """Row of the mask shown: the active one, else the first open one; -1 for none."""
        active = self.workspace.selection.active
        if active is not None and active[0] == self._of and active[1] in set(self._ids.tolist()):
            return int(places(self.workspace, self._of, np.array([active[1]], np.int64))[0])
        left = self._ids[self._states() == OPEN]
        return self._row(int(left[0])) if len(left) else -1

    def _states(self) -> States:
        return self._states_of(self._ids)

    def _states_of(self, ids: Ids) -> States:
        """As ``states_of``, with what was answered here; see :meth:`Given.states`."""
        ws, of = self.workspace, self._of
        found = states_of(ws, of, ids, places(ws, of, ids), self._asked)
        again = self._again or (self._ranking is not None and of == "instances")
        return self._given_here.states(of, ids, found, again)

    def _now(self) -> tuple[dict[str, Any], list[bytes]]:
        ws = self.workspace
        order = [self._ranked().tobytes()] if self._ranking else []
        return {"rev": ws.rev}, [self._states().tobytes(), places(ws, self._of, self._ids).tobytes(), *order]

    def _crop(
        self, head: dict[str, Any], row: int, box: tuple[int, int, int, int], more: Sequence[bytes] = ()
    ) -> Reply:
        """A reply with the mask, with the pixels if they can be read, and with more masks."""
        ws, of = self.workspace, self._of
        crop = crop_of(ws, of, row, box, _LONGEST)
        told = {**head, "box": crop.box, "mask": [crop.width, crop.height], "problem": "", "auto": False}
        try:
            pixels = pixels_of(ws, of, row, crop.box, _LONGEST)
            return {**told, "auto": stretched(ws, of, row)}, [crop.mask, pixels, *more]
        except ImageError as error:
            self.errors.append(error)
            return {**told, "problem": str(error)}, [crop.mask, *([b"", *more] if more else [])]


def _color(label: Any, name: str) -> str:
    at = label.categories.index(name) if name in label.categories else -1
    return str(label.colors[at]) if at >= 0 else COLORS.neutral
