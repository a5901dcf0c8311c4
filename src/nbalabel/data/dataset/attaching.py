"""The part of :class:`Dataset` that says what stands beside its images: attachments and guidelines."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ...core.change.change import Change
from ...core.errors import DataError
from ...core.tables.schema import ATTACHMENT_KINDS
from ...core.tables.state import State
from ...core.urls import is_url
from ..attachments.attach import attach, write_guidelines
from ..attachments.kinds import Kind, kind_of
from ..attachments.places import FOLDER, taken_in
from ..attachments.unused import remove as drop
from ..attachments.unused import unused
from ..edits import cells as edits
from ..edits.rows_meant import images_of, in_order, target
from ..store.storage import user
from ..working.mentioned import mentioned
from ..working.working_copy import WorkingCopy

File = str | os.PathLike[str]


class Attaching:
    """What stands beside images: files attached to them, and the guidelines of the dataset."""

    _copy: WorkingCopy

    if TYPE_CHECKING:

        @property
        def folder(self) -> Path: ...  # noqa: D102  # of Dataset

        @property
        def image_root(self) -> Path | None: ...  # noqa: D102  # of Dataset

        def _make(self, build: Callable[[State], Change]) -> Change: ...

        def _now(self) -> State: ...

        def _check_writable(self) -> None: ...

    @property
    def attachments(self) -> pd.DataFrame:
        """Files shown beside images, by ``attachment_id``; columns in ``core.tables.schema.ATTACHMENTS``.

        :meth:`attach` adds rows, :meth:`detach` removes them.
        """
        return self._copy.frame("attachments")

    @attachments.setter
    def attachments(self, frame: pd.DataFrame) -> None:
        self._copy.assign("attachments", frame)

    @property
    def attachment_root(self) -> Path:
        """The folder ``attachments`` in that of the dataset, with the copies of attached files."""
        return self.folder / FOLDER

    @property
    def guidelines(self) -> str:
        r"""One text for everybody who labels, the guidelines; "" for none. Assign to change it.

        Views show it before the first task and on the key ``,``; :func:`nbalabel.hand_out` packs it. It is
        text: lines that begin with "#" are shown as headings, with "-" as lists, and nothing in it is HTML.

        Example:
            >>> import tempfile, nbalabel as nl
            >>> ds = nl.create(tempfile.mkdtemp() + "/fish.nbal", ["cod"])
            >>> ds.guidelines = "# Fish\n- Outline the fins, too."
            >>> ds.log().note.iloc[0]
            'wrote the guidelines (# Fish)'
            >>> ds.undo(), ds.guidelines
            (..., '')
            >>> ds.close()
        """
        return self._now().ontology.guidelines

    @guidelines.setter
    def guidelines(self, text: str) -> None:
        self._make(lambda state: write_guidelines(state, text, user()))

    def attach(
        self,
        images: Any,
        file: File | Sequence[File] | pd.Series,
        as_: Kind | None = None,
        name: str | None = None,
        *,
        opacity: float = 0.5,
        origin: str | None = None,
    ) -> Change:
        """Attach a file to images, to be shown beside them: a text, a picture, a video, or a layer over them.

        Pictures and videos below the image root stay where they are, and URLs stay URLs
        (:func:`nbalabel.allow_images_from` allows their places); every other file is copied into the
        dataset's folder, under a name made of its content. Undo does not remove the copy. What is attached
        already is not attached again.

        Args:
            images: ids of images; or rows of images, instances or predictions, which select their images.
            file: a path, below the image root or from the working directory, or a URL; or one for each image,
                in the order of ``images``. A Series goes by its index.
            as_: "text" (UTF-8, shown as text), "image", "video" (MP4, WebM or Ogg) or "overlay": a picture of
                any size, stretched over the image; of more than eight bits a pixel it is drawn in colors.
                None: by the suffix, never "overlay".
            name: title; default: the name of the file. An overlay keeps its opacity from image to image by
                it.
            opacity: of an overlay, 0..1, until somebody moves the slider.
            origin: who or what attaches; default: the user's login.

        Returns:
            The change; its ``created`` rows have the ids.

        Raises:
            UnknownNameError: some images do not exist.
            FormatError: there is no such file, or it is not what ``as_`` says.
            ImageError: it is no image.
            DataError: ``as_`` or ``opacity`` is out of range, or there are not as many files as images.
        """
        if as_ is not None and as_ not in ATTACHMENT_KINDS:
            raise DataError(f"as_ must be one of {', '.join(ATTACHMENT_KINDS)}, got {as_!r}")
        if not 0 <= opacity <= 1:
            raise DataError(f"opacity must be between 0 and 1, got {opacity!r}")
        self._check_writable()
        ids = images_of(self._now(), images)
        given = _one_each(images, ids, file)
        kinds = {one: as_ or kind_of(os.fspath(one)) for one in dict.fromkeys(given)}
        root, home = self.image_root, self.attachment_root
        names = {one: taken_in(one, kind, root, home) for one, kind in kinds.items()}
        rows = [(names[one], kinds[one], _title(one) if name is None else name) for one in given]
        files, shown, titles = ([row[i] for row in rows] for i in range(3))

        def change(state: State) -> Change:
            there = images_of(state, ids)
            return attach(state, there, files, shown, titles, opacity, self._copy.reserve, origin or user())

        return self._make(change)

    def detach(self, attachments: Any, origin: str | None = None) -> Change:
        """Remove attachments; the files stay in the folder, for undo and for earlier versions.

        :meth:`tidy_attachments` finds the copies that nothing needs any more.

        Args:
            attachments: their ids, or rows of ``ds.attachments``.
            origin: who or what removes them; default: the user's login.

        Raises:
            UnknownNameError: some ids do not exist.
        """

        def change(state: State) -> Change:
            _, ids = target(state, attachments, "attachments")
            return edits.remove(state, "attachments", ids, origin or user())

        return self._make(change)

    def tidy_attachments(self, *, remove: bool = False) -> pd.DataFrame:
        """List the copies of attached files that nothing names, and remove them if you say so.

        A copy stays if any version, any step of undo or redo, or the journal of any session, also of one that
        ended without a commit, has or had an attachment with it; if it is younger than an hour, since
        somebody may be attaching it; or if its name is none that :meth:`attach` gives. URLs and files below
        the image root are never touched.

        Args:
            remove: remove them; they cannot be brought back.

        Returns:
            One row per copy, by ``file``: ``bytes`` and ``modified`` (UTC), the largest first.

        Raises:
            StorageError: a version or a journal cannot be read, so that nobody knows what it names; or a copy
                cannot be removed.
            ReadOnlyError: the dataset cannot be written.

        Example:
            >>> import tempfile, nbalabel as nl
            >>> ds = nl.create(tempfile.mkdtemp() + "/fish.nbal", ["cod"])
            >>> len(ds.tidy_attachments())
            0
            >>> ds.close()
        """
        if remove:
            self._check_writable()
        self._now()
        session = self._copy.session
        with session.store.lock() if not session.read_only else nullcontext():
            found = unused(self.attachment_root, mentioned(session, "attachments", "file"))
            if remove:
                drop(self.attachment_root, found.index.tolist())
        return found


def _one_each(images: Any, ids: Any, file: File | Sequence[File] | pd.Series) -> list[File]:
    """The file of each image, in ascending order of id."""
    if isinstance(file, str | os.PathLike):
        return [file] * len(ids)
    if isinstance(file, Mapping):
        file = pd.Series(file)
    if isinstance(file, pd.Series):
        given = file.reindex(ids)
        lost = [int(i) for i in given.index[given.isna()]]
        if lost:
            raise DataError(f"file is a Series without a file for the images {lost[:5]}")
        return list(given)
    files = list(file)
    if len(files) != len(ids):
        raise DataError(f"expected one file, or one for each of {len(ids)} images, got {len(files)}")
    return list(in_order(images, ids, {"file": files})["file"])


def _title(file: File) -> str:
    name = os.fspath(file)
    return name.rstrip("/").rpartition("/")[2].partition("?")[0] if is_url(name) else Path(name).name
