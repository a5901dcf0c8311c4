"""The editing methods of a dataset: each makes one Change, or raises and changes nothing."""

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
from ..attachments.carry import brought
from ..combine.match_datasets import IN_BOTH, join, place
from ..combine.split import Shares, split
from ..edits import acceptance
from ..edits import cells as edits
from ..edits.answers import Answer, answer
from ..edits.draw import Gesture, change_of
from ..edits.image_state import follow
from ..edits.origins import images_left_by
from ..edits.proposals import apply_proposal
from ..edits.revert import revert
from ..edits.rows_meant import images_of, in_order, target
from ..folder.import_tables import checked_state
from ..history import log as history
from ..ontology.proposal import OntologyProposal
from ..pictures.adding import arrivals
from ..pictures.bringing import bring
from ..pictures.folder import Duplicates
from ..store.storage import user
from ..working.working_copy import WorkingCopy
from .attaching import Attaching
from .labels import LabelEditing
from .ontology import OntologyEditing
from .states import StateEditing


class Editing(LabelEditing, OntologyEditing, StateEditing, Attaching):
    """The editing half of :class:`Dataset`: each method checks, journals, applies, and returns its Change."""

    _copy: WorkingCopy
    _is_open: bool

    if TYPE_CHECKING:

        @property
        def images(self) -> pd.DataFrame: ...  # noqa: D102  # of Dataset

        @property
        def image_root(self) -> Path | None: ...  # noqa: D102  # of Dataset

    def undo(self) -> Change:
        """Take back the last uncommitted change; returns the Change that this made.

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
        """Take back a change, or all changes of one origin or version, even after later edits.

        Created rows are deleted unless they were edited since, cells get their old value back if they still
        hold the new one, deleted rows are restored. The revert is a change of its own, and can be undone.

        Args:
            what: a Change, its id, an origin, a version id, or an object with such an ``id`` or ``origin``
                (a Run, a propagation). An origin includes its parts: ``"run"`` all of ``"run/..."``, and a
                cluster ``"run/cod/10-50"`` the clusters within it, such as ``"run/cod/20-30"``.

        Returns:
            The change; its ``note`` counts the rows that were taken back.

        Raises:
            UnknownNameError: no change on this branch has that name.
        """
        session = self._copy.session

        def change(state: State) -> Change:
            found, others = history.find_changes(session.store, session.base, session.pending, what)
            found += images_left_by(found, others, state.tables["instances"])
            return revert(state, found, f"revert of {history.name_of(what)}")

        return self._make(change)

    def apply(self, what: Any) -> Change:
        """Apply a proposed change, except for rows and cells that were edited since.

        Args:
            what: a Change, an object with one as ``change``, such as what ``nl.refine(ds)`` returns, or what
                :meth:`rename` and :meth:`retire` propose.

        Returns:
            The change; its ``note`` counts the rows that stay because they were edited.

        Raises:
            DataError: it is no change, or one of the label list.
        """
        if isinstance(what, OntologyProposal):
            return self._make(what.build)
        change = what if isinstance(what, Change) else getattr(what, "change", None)
        if not isinstance(change, Change):
            raise DataError(f"apply takes a Change, or an object that has one, got {type(what).__name__}")
        return self._make(lambda state: apply_proposal(state, change, self._copy.reserve))

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

        Masks that exist already and masks rejected before are left out; the change's ``note`` counts
        them. Of propagated masks, :meth:`log` lists one change per cluster, so that a bad cluster can be
        found and taken back with :meth:`revert` later; for :meth:`undo` they are one step, and one Change is
        returned.

        Args:
            rows: predictions of a Run, as ``run.query("score > 0.5")`` selects them, or proposed instances of
                this dataset (which become accepted).
            weight: sampling weight for the images, >= 0; None keeps theirs.
            overlap: what happens where an accepted mask overlaps an instance by more than ``iou``: "allow",
                "replace" (the instance is removed) or "skip" (the mask is left out). With the last two, of
                accepted masks that overlap each other the one with the highest score wins.
            iou: mask IoU, 0..1.
            status: status of the new instances.
            origin: who or what accepts; default: the origins of the rows. The handle for :meth:`revert`.
            label: label of the new instances, for models that find objects without naming them; None: the
                rows' own. The predictions count as accepted either way.

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
        """Reject predictions, so that they are not proposed again; instances of this dataset are removed.

        Args:
            rows: predictions of a Run, or instances.
            origin: who rejects; default: the origins of the rows.
        """
        return self._make(lambda state: acceptance.reject(state, rows, self._copy.reserve, origin))

    def set(self, rows: Any, table: str | None = None, origin: str | None = None, **columns: Any) -> Change:
        """Set values of rows: ``ds.set(ids, label="cod")``; boxes and areas follow new masks.

        Args:
            rows: ids, or rows of ``images``, ``instances``, ``regions`` or ``attachments``.
            table: the table of ``rows``, if these are only ids; default: instances.
            origin: who or what makes the change; default: the user's login.
            columns: one value for all rows, or one per row, in the order of ``rows``; a Series goes by its
                index.

        Raises:
            UnknownNameError: some ids do not exist.
            DataError: a value does not fit its column, or ``rows`` name a row twice for which there are
                two values.
        """

        def change(state: State) -> Change:
            name, ids = target(state, rows, table)
            return edits.set_cells(state, name, ids, in_order(rows, ids, columns), origin or user())

        return self._make(change)

    def remove(self, rows: Any, table: str | None = None, origin: str | None = None) -> Change:
        """Delete rows; with images, also what is on them.

        Args:
            rows: ids, or rows of ``images``, ``instances``, ``regions`` or ``attachments``.
            table: the table of ``rows``, if these are only ids; default: instances.
            origin: who or what makes the change; default: the user's login.
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
        """Add images from a folder of image files or from a frame; the change's ``created`` has their ids.

        Args:
            images: a folder or pattern, as in :func:`nbalabel.read_images`: its files that are not yet images
                of the dataset are added, unlabeled. Or rows: at least ``file``, ``width`` and ``height``.
            origin: who or what makes the change; default: the user's login.
            duplicates: for a folder, what happens to new files with the same bytes as another new file or an
                existing image: "warn" (added, with a warning), "keep" (added), or "drop" (left out, with a
                warning).
            copy: copy new files from a folder outside the image root into the image root, into a folder of
                the same name.

        Raises:
            FormatError: there is no such folder.
            DataError: a row does not fit, or the folder is outside the image root.
            ImageError: none of the files can be read.

        Warns:
            NbalabelWarning: naming duplicates and unreadable files, which are left out.
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
        """Split the images into train, val and test: set the column ``split``, in one change.

        Args:
            test: share of the images for testing, 0..1.
            val: share for validation during training, 0..1; train gets the rest.
            by: column of images whose equal values stay in one split, so that the test images have no near
                duplicates in training; an image with a missing value is a group of its own. None splits image
                by image.
            stratify: "label" gives each split its share of every label's instances, as far as whole groups
                permit; a column of images, its share of that column's values; None, only of the images.
            seed: random seed; the same seed and tables give the same split.
            images: which images to split, as in :meth:`subset`; default: all.
            origin: who or what makes the change; default: the user's login.

        Returns:
            The change; its ``note`` gives the number of images and groups per split, and the share of each
            label where it is far from the requested one.

        Raises:
            DataError: the shares leave nothing to train on, there are fewer groups than splits, or
                :func:`nbalabel.paste` made images: split first, then paste.
            UnknownNameError: there is no such column.
        """

        def change(state: State) -> Change:
            ids = state.tables["images"].index.to_numpy() if images is None else images_of(state, images)
            return split(state, ids, Shares(test, val), by, stratify, seed, origin or user())

        return self._make(change)

    def add_instances(self, frame: pd.DataFrame, origin: str | None = None) -> Change:
        """Add instances; ids, boxes and areas are made here.

        Images of state "unlabeled" or "empty" that get instances become "partial".

        Args:
            frame: one row per mask, at least ``image_id``, ``label`` and ``mask``; masks are arrays
                ``(height, width)`` of the image's size, COCO objects, or run lengths as
                :func:`nbalabel.encode_mask` makes them.
            origin: who or what adds them; default: the user's login.

        Raises:
            DataError: rows do not fit the dataset; the message names them.
            MaskError: a mask is malformed or of another size than its image.
        """
        return self._make(
            lambda state: edits.add_instances(state, frame, self._copy.reserve, origin or user())
        )

    def edit(self, build: Callable[[State], Gesture], origin: str | None = None) -> Change:
        """Apply a gesture of a view as one change; for authors of views.

        Args:
            build: takes the current tables and returns the rows to create, change and remove. If it raises,
                nothing is changed.
            origin: who makes the change; default: the user's login.
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
        correction: Change | None = None,
    ) -> Change:
        """Record a person's answer about masks, as one change that stores who answered and how long it took.

        Accepted predictions become instances of status "verified"; accepted instances get that status.
        Rejected predictions are not proposed again; rejected instances are removed.

        Args:
            rows: predictions of a Run, or instances.
            what: "accept", "reject", "relabel" (accepted with another label), or "correct": the proposed
                ``correction`` is applied, all of it or nothing; what it makes and changes becomes "verified".
            label: the other label.
            overlap: what happens where an accepted prediction overlaps an instance: "skip" (an error),
                "allow", or "replace" (the instance is removed).
            annotator: who answers; default: the user's login.
            seconds: time that the person took.
            instead_of: the change of an earlier answer, which is taken back in the same change.
            correction: a Change of instances, such as ``suspects.change(row)`` proposes; its origin is kept
                beside the annotator, so that ``ds.revert(suspects)`` takes it back, too.

        Raises:
            DataError: the prediction overlaps an instance or is decided already, the answer is invalid, or
                what the correction would replace or remove was changed since it was proposed.
            UnknownNameError: some instances do not exist.
        """
        given = Answer(what, annotator or user(), seconds, label, overlap, instead_of, correction)
        return self._make(lambda state: answer(state, rows, given, self._copy.reserve))

    def join(
        self,
        other: LabeledImages,
        origin: str | None = None,
        *,
        duplicates: Literal["merge", "keep"] = "merge",
        copy: bool = False,
    ) -> Change:
        """Add another dataset: its images and all that belongs to them, labels and columns, in one change.

        Labels are matched by name; new labels come last. Rows get new ids. Splits are kept.

        Args:
            other: a Dataset, a Version or Tables; it is not changed.
            origin: who or what joins; default: the user's login.
            duplicates: image files of equal content. "merge": they become one image. An image without
                instances here ("unlabeled" or "empty") gets those of ``other``; if both have labeled it, only
                ours stay, and a warning names the images. "keep": both stay, unless they are the same file.
            copy: copy image files from outside the image root into it, into a folder of the same name. Undo
                does not remove these files.

        Returns:
            The change; its ``note`` says what was added.

        Raises:
            DataError: image files are outside the image root, or images of the same file differ in size.
            StorageError: with ``copy``, another file is in the way.

        Warns:
            NbalabelWarning: naming images that are labeled in both, and attached files that are missing.
        """
        if duplicates not in ("merge", "keep"):
            raise DataError(f'duplicates must be "merge" or "keep", got {duplicates!r}')
        self._check_writable()
        coming, home = checked_state(other), getattr(other, "attachment_root", None)
        coming = brought(coming, other.image_root, home, self.image_root, self.attachment_root)
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
        """Raise before an edit writes files if the edit itself would be refused.

        Raises:
            ReadOnlyError: this is a copy in another process, or the folder cannot be written.
            StorageError: the folder no longer exists.
        """
        self._check_open()
        self._copy.session.store.place.check()
        if self._copy.session.read_only:
            raise ReadOnlyError(self._copy.session.read_only)

    def _check_open(self) -> None:
        if not self._is_open:
            raise StorageError("this dataset was closed: nl.open(folder) opens it again")
