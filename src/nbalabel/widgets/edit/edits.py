"""Editing masks from the browser: every gesture is one Change, journaled before the reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...core.change.change import Change
from ...core.change.table_change import ids_of, take_rows
from ...core.errors import DataError, HistoryError, ImageError, UnknownNameError
from ...core.geometry.masks import rle
from ...core.tables.arrays import positions
from ...core.tables.of_images import sizes_of
from ...core.tables.state import State
from ...data.edits.draw import Gesture
from ...data.store.storage import user
from ..answers.definitions import Definitions
from ..pixels.pictures import image_row, image_source, pictures_of, stamp
from ..workspace.workspace_port import Buffers, serves
from .draft import Draft, Row, check_label, check_table, size_of
from .mask_ops import Placed, placed
from .operations import is_empty, one, operate

if TYPE_CHECKING:
    from ...core.segmenting.protocol import Pixels, Segmenter
    from ..workspace.workspace import Workspace

_POINTS = 1000  # at most, per request to a segmenter


class Edits(Definitions):
    """The kernel's side of drawing. Views that let people draw derive from this.

    Masks come as COCO run-length bytes; rows are named by id, never by row number. A mask that a person draws
    or reshapes has source "human", their name as origin, and no score; an instance that is only cut by it, or
    relabeled, keeps its own. A request that fails raises and changes nothing.

    Args:
        workspace: whose dataset is edited.
        segmenter: makes masks from points and boxes; default: :class:`nbalabel.BoxCut`.
        annotator: who draws; default: the user's login.
        **traits: see :class:`Bridge`.

    Attributes:
        segmenter: as given; None stands for the default.
        annotator: as given; None stands for the default.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        segmenter: Segmenter | None = None,
        annotator: str | None = None,
        **traits: Any,
    ) -> None:
        self.segmenter, self.annotator = segmenter, annotator
        self._tokens: dict[str, int] = {}
        super().__init__(workspace, **traits)

    @serves
    def edit(
        self,
        *,
        image_id: int,
        of: str = "instances",
        id: int | str | None = None,  # noqa: A002  # the name on the wire
        token: str = "",
        label: str | None = None,
        overlap: str = "allow",
        buffers: Buffers = (),
    ) -> dict[str, Any]:
        """Draw or change a mask.

        Args:
            image_id: its image.
            of: "instances", or "predictions": the prediction is accepted with this mask.
            id: of the row; or the token of an earlier request, for the instance it made; None: new instance.
            token: a name for the instance this makes, for later requests.
            label: of a new instance, or another one for the row.
            overlap: what happens to pixels of other instances of the image, see ``mask_ops.placed``.
            buffers: the mask. Without pixels, an instance is removed.

        Returns:
            id of the instance (None where it was removed), a note, and the tables' revision.
        """
        if len(buffers) != 1:
            raise DataError(f"an edit comes with one mask, got {len(buffers)}")
        wanted, mask = self._target(id, check_table(of)), bytes(buffers[0])
        made: list[Draft] = []  # one per call of build

        def build(state: State) -> Gesture:
            _check_mask(mask, *size_of(state, image_id))
            if wanted is None:
                return _drawn(state, image_id, mask, check_label(state, label), overlap, self._who)
            table, row_id = wanted
            made.append(self._draft(state, table))
            return _changed(made[-1], row_id, image_id, mask, label, overlap)

        change = self._make(build)
        ids = made[-1].ids(change) if made else _created_ids(change)
        if ids and token:
            self._tokens[token] = ids[0]
        return self._said(change, id=ids[0] if ids else None)

    @serves
    def operate(
        self, *, op: str, ids: Sequence[int | str], of: str = "instances", **options: Any
    ) -> dict[str, Any]:
        """Apply an operation to the picked masks; see :func:`operations.operate`.

        Returns:
            ids of the instances changed and made, image_id of the first, a note, and the tables' revision.
        """
        targets = [self._target(one_id, check_table(of)) for one_id in ids]
        tables = {target[0] for target in targets if target} or {of}
        if len(tables) > 1:
            raise DataError("instances and predictions cannot be edited together; nothing was done")
        (table,) = tables
        made: list[Draft] = []  # one per call of build

        def build(state: State) -> Gesture:
            draft = self._draft(state, table)
            made.append(draft)
            return draft.gesture(operate(draft, op, [target[1] for target in targets if target], options))

        change = self._make(build)
        found = made[-1].ids(change)
        frame = self.workspace.ds.instances
        at = positions(frame.index, np.array(found[:1], np.int64))
        images = frame["image_id"].to_numpy()[at[at >= 0]].tolist()
        return self._said(change, ids=found, image_id=images[0] if images else None)

    @serves
    def paste(self, *, image_id: int, labels: Sequence[str], buffers: Buffers = ()) -> dict[str, Any]:
        """Make new instances from masks of the size of this image.

        Returns:
            their ids, a note, and the tables' revision.
        """
        masks = [bytes(part) for part in buffers]
        if not masks or len(masks) != len(labels):
            raise DataError(f"paste needs one label per mask, got {len(labels)} for {len(masks)} masks")

        def build(state: State) -> Gesture:
            size = size_of(state, image_id)
            for mask in masks:
                _check_mask(mask, *size)
                if is_empty(mask):
                    raise DataError("a mask to paste has no pixels on this image; nothing was done")
            names = [check_label(state, label) for label in labels]
            what = one(names[0]) if len(names) == 1 else f"{len(names)} masks"
            return Gesture(f"pasted {what}", created=_new(image_id, masks, names, self._who))

        change = self._make(build)
        return self._said(change, ids=_created_ids(change))

    @serves
    def undo(self) -> dict[str, Any]:
        """Take back the last change of the dataset, whoever made it; the note says what it was."""
        return self._step("undo", "took back")

    @serves
    def redo(self) -> dict[str, Any]:
        """Take back the last undo."""
        return self._step("redo", "made again")

    @serves
    def segment(
        self,
        *,
        image_id: int,
        points: Sequence[Sequence[float]] = (),
        box: Sequence[float] | None = None,
    ) -> tuple[dict[str, Any], Buffers]:
        """A mask for points and a box, by the view's segmenter; the dataset does not change.

        Args:
            image_id: the image.
            points: (x, y, 1 for inside or 0 for outside), pixels.
            box: (x, y, w, h), pixels, or None.

        Returns:
            score and the segmenter's name; the mask.
        """
        prompt = _prompt(points, box)
        pixels, key = self._pixels(image_id), stamp(self._source(image_id))
        segmenter = self._segmenter()
        mask, score = segmenter.segment(pixels, *prompt, image_key=key)
        mask = np.asarray(mask, np.bool_)
        if mask.shape != pixels.shape[:2]:
            size = pixels.shape[:2]
            raise DataError(f"{segmenter.name} gave a mask of {mask.shape} for an image of {size}")
        found = _encoded(mask)
        if found is None:
            raise DataError(
                f"{segmenter.name} found nothing there: point at another spot, or draw a larger box"
            )
        return {"score": float(score), "name": segmenter.name}, [found]

    @property
    def _who(self) -> str:
        return self.annotator or user()

    def _segmenter(self) -> Segmenter:
        if self.segmenter is None:
            from ...core.segmenting.boxcut import BoxCut

            self.segmenter = BoxCut()
        return self.segmenter

    def _make(self, build: Callable[[State], Gesture]) -> Change:
        self._check_editing()
        change = self.workspace.ds.edit(build, self._who)
        self.workspace.refresh()
        return change

    def _said(self, change: Change, **reply: Any) -> dict[str, Any]:
        return {**reply, "note": change.note, "rev": self.workspace.rev}

    def _step(self, operation: str, done: str) -> dict[str, Any]:
        ds = self.workspace.ds
        ds.sync()
        step = ds.next_undo if operation == "undo" else ds.next_redo
        try:
            ds.undo() if operation == "undo" else ds.redo()
        except HistoryError as error:
            if step is not None:
                raise
            return {"note": str(error), "rev": self.workspace.rev}
        self.workspace.refresh()
        what = "all that was discarded" if step is None else step.note or step.summary()
        return {"note": f"{done}: {what}", "rev": self.workspace.rev}

    def _target(self, row_id: int | str | None, of: str) -> tuple[str, int] | None:
        """Table and id of a row; a token stands for an instance. None for a new instance."""
        if row_id is None:
            return None
        if isinstance(row_id, str):
            if row_id not in self._tokens:
                raise UnknownNameError("the mask this belongs to was not made; nothing was done")
            return "instances", self._tokens[row_id]
        if isinstance(row_id, bool) or int(row_id) != row_id:
            raise DataError(f"an id must be a whole number or a token, got {row_id!r}")
        return of, int(row_id)

    def _draft(self, state: State, of: str) -> Draft:
        run = self.workspace.run
        if of == "predictions" and run is None:
            raise UnknownNameError("the workspace has no run, hence no predictions; nothing was done")
        frame = state.tables["instances"] if of == "instances" or run is None else run.predictions
        return Draft(state, of, frame, self._who, self._pixels)

    def _source(self, image_id: int) -> Path | str:
        """Where an image is read from."""
        ws = self.workspace
        at = int(positions(ws.frame("images").index, np.array([image_id]))[0])
        if at < 0:
            raise UnknownNameError(f"image {image_id} is no longer in the dataset")
        return image_source(ws, image_row(ws, "images", at))

    def _pixels(self, image_id: int) -> Pixels:
        """The pixels of an image, of the size that its row says."""
        source = self._source(image_id)
        pixels = pictures_of(self.workspace).pixels.read(source)
        (size,) = sizes_of(self.workspace.frame("images"), [image_id]).tolist()
        if list(pixels.shape[:2]) != size:
            raise ImageError(f"{source} has {pixels.shape[:2]} pixels (height, width), its row says {size}")
        return pixels


def _drawn(state: State, image_id: int, mask: bytes, label: str, overlap: str, who: str) -> Gesture:
    """A new instance."""
    if is_empty(mask):
        raise DataError("the new mask has no pixels; nothing was done")
    draft = Draft(state, "instances", state.tables["instances"], who)
    mask, note = _place(draft, image_id, mask, overlap, None, f"the new {label}")
    others = draft.gesture("")
    created = _new(image_id, [mask], [label], who)
    return Gesture(f"drew {one(label)}{note}", others.updated, created, others.removed)


def _changed(
    draft: Draft, row_id: int, image_id: int, mask: bytes, label: str | None, overlap: str
) -> Gesture:
    """Give a row another mask, perhaps another label; without pixels, drop the row."""
    row = draft.rows([row_id])[0]
    what = f"{row.label} {row.id}" if draft.of == "instances" else f"prediction {row.id}"
    if row.image_id != image_id:
        raise DataError(f"{what} is on image {row.image_id}, not on {image_id}; nothing was done")
    draft.check_open([row])
    label = row.label if label is None else label
    check_label(draft.state, label)
    if is_empty(mask):
        draft.drop(row)
        return draft.gesture(f"{'removed' if draft.of == 'instances' else 'rejected'} {what}")
    own = row.id if draft.of == "instances" else None
    mask, note = _place(draft, image_id, mask, overlap, own, what)
    draft.change(row, mask=mask, label=label)
    return draft.gesture(_said_of(draft, row, mask, label, what) + note)


def _said_of(draft: Draft, row: Row, mask: bytes, label: str, what: str) -> str:
    reshaped, named = mask != row.mask, label != row.label
    if draft.of == "predictions":
        return f"accepted {what} as {one(label)}{' with another mask' if reshaped else ''}"
    if not reshaped:
        return f"labeled {what} {label}" if named else f"{what} stays as it was"
    return f"reshaped {what}{f', now {one(label)}' if named else ''}"


def _place(
    draft: Draft, image_id: int, mask: bytes, overlap: str, own: int | None, what: str
) -> tuple[bytes, str]:
    """Resolve overlaps with the other instances of the image; returns the mask and the end of the note."""
    frame = draft.state.tables["instances"]
    at = np.flatnonzero(frame["image_id"].to_numpy() == image_id) if overlap != "allow" else np.array([], int)
    ids = ids_of(frame)[at]
    at, ids = at[ids != own], ids[ids != own]
    others = take_rows(frame[["mask"]], at)["mask"].tolist()
    found: Placed = placed(mask, others, *size_of(draft.state, image_id), overlap)
    if is_empty(found.mask):
        raise DataError(f"nothing of {what} is left behind the others; nothing was done")
    gone = 0
    for i, left in found.others.items():
        if is_empty(left):
            draft.remove(int(ids[i]))
            gone += 1
        else:
            draft.cut(int(ids[i]), left)
    cut = len(found.others) - gone
    return found.mask, (f", cut {cut}" if cut else "") + (f", covered {gone}" if gone else "")


def _new(image_id: int, masks: list[bytes], labels: list[str], who: str) -> dict[str, list[Any]]:
    """Columns of masks that a person drew."""
    n = len(masks)
    person = {"source": ["human"] * n, "origin": [who] * n}
    return {"image_id": [image_id] * n, "label": labels, "mask": masks, **person}


def _created_ids(change: Change) -> list[int]:
    rows = change.tables.get("instances")
    return [] if rows is None else [int(i) for i in ids_of(rows.created)]


def _check_mask(mask: bytes, height: int, width: int) -> None:
    rle.check([mask], height, width, ids=["the browser's"], table="edit")


def _prompt(
    points: Sequence[Sequence[float]], box: Sequence[float] | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], tuple[float, float, float, float] | None]:
    """The input of a segmenter: points, whether each is inside, and the box.

    Raises:
        DataError: wrong shapes, or neither a point inside nor a box.
    """
    try:
        given = np.asarray(points, np.float64).reshape(-1, 3) if len(points) else np.zeros((0, 3))
        corners = None if box is None else np.asarray(box, np.float64).reshape(4)
    except (TypeError, ValueError) as error:
        raise DataError(f"points must be (x, y, 0 or 1) and a box (x, y, w, h): {error}") from error
    numbers = given if corners is None else np.append(given, corners)
    if not np.isfinite(numbers).all() or len(given) > _POINTS:
        raise DataError(f"points and box must be finite numbers, at most {_POINTS} points")
    positive = given[:, 2] > 0
    if corners is None and not positive.any():
        raise DataError("a segmenter needs a point inside the thing, or a box around it")
    if corners is None:
        return given[:, :2], positive, None
    x, y, w, h = (float(value) for value in corners)
    if w <= 0 or h <= 0:
        raise DataError(f"a box must have a size, got {w} x {h} pixels")
    return given[:, :2], positive, (x, y, w, h)


def _encoded(mask: npt.NDArray[np.bool_]) -> bytes | None:
    """Run-length bytes of a mask, most of which is empty; None if all of it is."""
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(columns):
        return None
    left, right = int(columns[0]), int(columns[-1]) + 1
    rows = np.flatnonzero(mask[:, left:right].any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    height, width = mask.shape
    return rle.encode_labels(mask[top:bottom, left:right], height, width, left, top)[1][0]
