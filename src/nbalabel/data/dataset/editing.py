"""Everything that edits a dataset, as methods: each makes one Change, or raises and leaves all as it was."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from ...core.change.change import Change
from ...core.errors import DataError, NbalabelWarning, ReadOnlyError, StorageError
from ...core.tables.schema import LabeledImages
from ...core.tables.state import State
from ..combine.match_datasets import IN_BOTH, join, place
from ..combine.split import Shares, split
from ..edits import acceptance
from ..edits import cells as edits
from ..edits.answers import Answer, answer
from ..edits.draw import Gesture, change_of
from ..edits.image_state import follow
from ..edits.origins import images_left_by
from ..edits.revert import revert
from ..edits.rows_meant import images_of, target
from ..folder.import_tables import checked_state
from ..history import log as history
from ..pictures.adding import arrivals
from ..pictures.bringing import bring
from ..pictures.folder import Duplicates
from ..store.storage import user
from ..working.working_copy import WorkingCopy
from .labels import LabelEditing
from .states import StateEditing


class Editing(LabelEditing, StateEditing):
    """The editing half of :class:`Dataset`: each method checks, journals, applies, and returns its Change."""

    _copy: WorkingCopy
    _is_open: bool

    if TYPE_CHECKING:

        @property
        def images(self) -> pd.DataFrame: ...  # noqa: D102  # of Dataset

        @property
        def image_root(self) -> Path | None: ...  # noqa: D102  # of Dataset

    def undo(self) -> Change:
        """Take back the last uncommitted change; returns what that did to the tables.

        Raises:
            HistoryError: there is none; :meth:`revert` takes back committed changes.
        """
        return self._move("undo")

    def redo(self) -> Change:
        """Take back the last undo.

        Raises:
            HistoryError: nothing was undone since the last edit.
        """
        return self._move("redo")

    @property
    def next_undo(self) -> Change | None:
        """The uncommitted change that :meth:`undo` would take back; None where there is none."""
        return self._copy.session.next("undo")

    @property
    def next_redo(self) -> Change | None:
        """The change that :meth:`redo` would make again; None where there is none."""
        return self._copy.session.next("redo")

    def discard(self) -> Change:
        """Drop all uncommitted work; :meth:`undo` brings it back."""
        return self._move("discard")

    def revert(self, what: Any) -> Change:
        """Take back a change, or all of one origin or version, as far as it still stands; rounds later, too.

        Rows created then are deleted unless they were edited since, cells get their old value where they
        still hold the new one, deleted rows come back. The revert is a change of its own, and can be
        undone.

        Args:
            what: a Change, its id, an origin, a version id, or anything with such an ``id`` or ``origin``
                (a Run, a propagation). An origin takes its parts along: ``"run"`` all of ``"run/..."``, and a
                cluster ``"run/cod/10-50"`` those within it, as ``"run/cod/20-30"``.

        Returns:
            The change; its ``note`` counts what stood.

        Raises:
            UnknownNameError: nothing on this branch goes by that name.
        """
        session = self._copy.session

        def change(state: State) -> Change:
            found, others = history.find_changes(session.store, session.base, session.pending, what)
            found += images_left_by(found, others, state.tables["instances"])
            return revert(state, found, f"revert of {history.name_of(what)}")

        return self._make(change)

    def accept(
        self,
        rows: pd.DataFrame,
        weight: float | None = 1,
        overlap: str = "allow",
        iou: float = 0.4,
        status: str = "accepted",
        origin: str | None = None,
        label: str | None = None,
    ) -> Change:
        """Make instances of predictions, in bulk.

        Masks that are there already and masks rejected before are left out; the change's ``note`` counts
        them. Of propagated masks each cluster makes a change of its own, so that a bad one is found in
        :meth:`log` and taken back with :meth:`revert` rounds later; together they are one step to
        :meth:`undo`, and what is returned is all of them as one.

        Args:
            rows: predictions of a Run, as ``run.query("score > 0.5")`` picks them, or proposed instances of
                this dataset (which become accepted).
            weight: sampling weight the images get, >= 0; None leaves it.
            overlap: what happens where an accepted mask overlaps a label by more than ``iou``: "allow",
                "replace"
                (the label goes) or "skip" (the mask stays out). With the last two, of accepted masks that
                overlap each other the one of higher score wins.
            iou: mask IoU, 0..1.
            status: status of the new instances.
            origin: who or what accepts; default: the origins of the rows. The handle for :meth:`revert`.
            label: theirs from now on, such as the name of things that a model could only find; None: the
                rows' own. The predictions count as accepted all the same.

        Raises:
            UnknownNameError: there is no such label.
            DataError: rows do not fit the dataset; the message names them.
            MaskError: a mask is malformed or of another size than its image.
        """
        return self._make(
            lambda state: acceptance.accept(
                state,
                rows,
                self._copy.reserve,
                weight=weight,
                overlap=overlap,
                iou=iou,
                status=status,
                origin=origin,
                label=label,
            )
        )

    def reject(self, rows: pd.DataFrame, origin: str | None = None) -> Change:
        """Turn down predictions, so that they are not proposed again; instances of this dataset are removed.

        Args:
            rows: predictions of a Run, or instances.
            origin: who rejects; default: the origins of the rows.
        """
        return self._make(lambda state: acceptance.reject(state, rows, self._copy.reserve, origin))

    def set(self, rows: Any, table: str | None = None, origin: str | None = None, **columns: Any) -> Change:
        """Give rows new values: ``ds.set(ids, label="cod")``; masks bring their boxes along.

        Args:
            rows: ids, or rows of ``images`` or ``instances``.
            table: which of the two, where ``rows`` are mere ids; default: instances.
            origin: who or what does so; default: the user's login.
            columns: one value for all rows, or one a row, in ascending order of id.

        Raises:
            UnknownNameError: ids that are not there.
            DataError: a value does not fit.
        """

        def change(state: State) -> Change:
            name, ids = target(state, rows, table)
            return edits.set_cells(state, name, ids, columns, origin or user())

        return self._make(change)

    def remove(self, rows: Any, table: str | None = None, origin: str | None = None) -> Change:
        """Delete rows; images take their instances with them.

        Args:
            rows: ids, or rows of ``images`` or ``instances``.
            table: which of the two, where ``rows`` are mere ids; default: instances.
            origin: who or what does so; default: the user's login.
        """

        def change(state: State) -> Change:
            name, ids = target(state, rows, table)
            return edits.remove(state, name, ids, origin or user())

        return self._make(change)

    def add_images(
        self,
        images: pd.DataFrame | str | Path,
        origin: str | None = None,
        *,
        duplicates: Duplicates = "warn",
        copy: bool = False,
    ) -> Change:
        """New images, of a folder of pictures or of a frame; the change's ``created`` has their ids.

        Args:
            images: a folder or pattern, as :func:`nbalabel.read_images` takes it: its pictures that are not
                among the images yet are added, with nothing labeled. Or rows: at least ``file``, ``width``
                and ``height``.
            origin: who or what does so; default: the user's login.
            duplicates: of a folder, what happens to new files that hold the same bytes as another one or as
                an image that is there: "warn" (added, and said), "keep", or "drop" (left out, and said).
            copy: of a folder outside the image root, copy the new pictures there, into a folder of its name.

        Raises:
            FormatError: there is no such folder.
            DataError: a row does not fit, or the folder is outside the image root.
            ImageError: none of the files can be read.

        Warns:
            NbalabelWarning: naming files that cannot be read, which are left out, and duplicates.
        """
        if isinstance(images, pd.DataFrame):
            return self._make(
                lambda state: edits.add_images(state, images, self._copy.reserve, origin or user())
            )
        self._check_writable()
        came = arrivals(images, self.images, self.image_root, duplicates, copy=copy)
        for text in came.warned:
            warnings.warn(text, NbalabelWarning, stacklevel=2)

        def change(state: State) -> Change:
            rows = came.rows_not_in(state.tables["images"])
            made = edits.add_images(state, rows, self._copy.reserve, origin or user())
            return replace(made, note="; ".join([made.note, *came.notes]))

        return self._make(change)

    def split(
        self,
        test: float = 0.2,
        val: float = 0.0,
        by: str | None = "group",
        stratify: str | None = "label",
        seed: int = 0,
        images: Any = None,
        origin: str | None = None,
    ) -> Change:
        """Part the images into train, val and test: the column ``split``, in one change.

        Args:
            test: share of the images to measure on, 0..1.
            val: share to watch a training by, 0..1; train gets the rest.
            by: column of images whose equal values stay together, so that no neighbour of what was learned
                is measured on; missing values stand alone. None parts image by image.
            stratify: "label" gives each part its share of every label's instances, as well as whole groups
                let it; a column of images, of that column's values; None, of the number of images alone.
            seed: which of many equally good partings; the same seed and tables give the same.
            images: which images to part, as :meth:`subset` takes them; default: all.
            origin: who or what does so; default: the user's login.

        Returns:
            The change; its ``note`` says how many images and groups each part got, and the share of each
            label that went to it where that is far from what was asked for.

        Raises:
            DataError: shares that leave nothing to train on, or fewer groups than parts.
            UnknownNameError: no column of that name.
        """

        def change(state: State) -> Change:
            ids = state.tables["images"].index.to_numpy() if images is None else images_of(state, images)
            return split(state, ids, Shares(test, val), by, stratify, seed, origin or user())

        return self._make(change)

    def add_instances(self, frame: pd.DataFrame, origin: str | None = None) -> Change:
        """New masks: at least ``image_id``, ``label`` and ``mask``; ids, boxes and areas are made here.

        Images of state "unlabeled" or "empty" that get some become "partial".

        Args:
            frame: one row a mask; ``mask`` holds arrays ``(height, width)`` of the image's size, COCO
                objects, or run lengths as :func:`nbalabel.encode_mask` makes them.
            origin: who or what adds them; default: the user's login.

        Raises:
            DataError: rows do not fit the dataset; the message names them.
            MaskError: a mask is malformed or of another size than its image.
        """
        return self._make(
            lambda state: edits.add_instances(state, frame, self._copy.reserve, origin or user())
        )

    def edit(self, build: Callable[[State], Gesture], origin: str | None = None) -> Change:
        """What a gesture in a view does, as one change; for those who write views.

        Args:
            build: takes the tables as they are, and says which rows come, change and go. It may raise: then
                nothing was done.
            origin: who makes it; default: the user's login.
        """
        return self._make(lambda state: change_of(state, build(state), self._copy.reserve, origin or user()))

    def answer(
        self,
        rows: pd.DataFrame,
        what: str,
        label: str | None = None,
        overlap: str = "skip",
        annotator: str | None = None,
        seconds: float | None = None,
        instead_of: Change | None = None,
    ) -> Change:
        """What a person says of masks they looked at, as one change that keeps who and how long.

        Accepted predictions become instances of status "verified"; accepted instances get that status.
        Rejected predictions are not proposed again; rejected instances are removed.

        Args:
            rows: predictions of a Run, or instances.
            what: "accept", "reject", or "relabel": accepted with another label.
            label: the other label.
            overlap: what happens where an accepted prediction overlaps a label: "skip" (an error), "allow",
                or "replace" (the label goes).
            annotator: who answers; default: the user's login.
            seconds: how long they looked.
            instead_of: the change of an earlier answer, which is taken back in the same change.

        Raises:
            DataError: the prediction overlaps a label or was decided before, or the answer does not fit.
            UnknownNameError: instances that are not there.
        """
        given = Answer(what, annotator or user(), seconds, label, overlap, instead_of)
        return self._make(lambda state: answer(state, rows, given, self._copy.reserve))

    def join(
        self,
        other: LabeledImages,
        origin: str | None = None,
        *,
        duplicates: Literal["merge", "keep"] = "merge",
        copy: bool = False,
    ) -> Change:
        """Bring another dataset in: its images, instances, rejections, labels and columns, in one change.

        Labels are matched by name; new ones come last. Rows get ids of their own. Splits come along.

        Args:
            other: a Dataset, a Version or Tables; it stays as it is.
            origin: who or what joins; default: the user's login.
            duplicates: pictures of equal content. "merge": they are one image. Where nobody labeled it here,
                it gets their labels; where both did, ours stay alone, and a warning names the images. "keep":
                both stay, unless their file is the same.
            copy: copy pictures that are outside the image root there, into a folder named as theirs. Undo
                leaves these files.

        Returns:
            The change; its ``note`` says what came.

        Raises:
            DataError: pictures are outside the image root, or two files of one name differ in size.
            StorageError: with ``copy``, another file is where one would go.

        Warns:
            NbalabelWarning: naming images that are labeled in both.
        """
        if duplicates not in ("merge", "keep"):
            raise DataError(f'duplicates must be "merge" or "keep", got {duplicates!r}')
        self._check_writable()
        coming = checked_state(other)
        files, root, twins = coming.tables["images"]["file"], self.image_root, duplicates == "merge"
        placed = place(files, other.image_root, self.images["file"], root, copy=copy, twins=twins)
        if root is not None:
            bring(placed.to_copy, root)
        change = self._make(lambda state: join(state, coming, placed, self._copy.reserve, origin or user()))
        if IN_BOTH in change.note:
            warnings.warn(change.note, NbalabelWarning, stacklevel=2)
        return change

    def _make(self, build: Callable[[State], Change]) -> Change:
        self._check_open()
        return self._copy.make(lambda state: follow(build(state), state))

    def _move(self, operation: str) -> Change:
        self._check_open()
        return self._copy.move(operation)

    def _check_writable(self) -> None:
        """Before files are written for an edit that would be refused.

        Raises:
            ReadOnlyError: this is a copy in another process, or the folder cannot be written.
            StorageError: the folder is gone.
        """
        self._check_open()
        self._copy.session.store.place.check()
        if self._copy.session.read_only:
            raise ReadOnlyError(self._copy.session.read_only)

    def _check_open(self) -> None:
        if not self._is_open:
            raise StorageError("this dataset was closed: nl.open(folder) opens it again")
