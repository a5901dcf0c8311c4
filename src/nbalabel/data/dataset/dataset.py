"""A dataset: a folder with a working copy and a history.

    ds = nl.open("fish.nbal")
    ds.images.loc[ds.images.state == "unlabeled", "weight"] = 0     # the tables are pandas' own
    ds.accept(run.query("iou < 0.2 and score > 0.6"))
    ds.commit("round 1")

Every edit, by method or directly in the frames, becomes a Change that is checked, written to the journal
and only then applied: an invalid edit raises and changes nothing, and a killed kernel loses no edit that was
reported as done.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ...core.change.change import Change, diff
from ...core.errors import DataError, HistoryError, NbalabelWarning, RecoveryWarning, StorageError
from ...core.tables import schema
from ...core.tables.state import State
from ...core.urls import local_path
from ..attachments.carry import carry_below
from ..certificates.files import copy_certificates
from ..disk.interrupts import allowed, deferred
from ..edits.origins import from_origin
from ..folder.copying import copy_folder
from ..folder.import_tables import import_state, import_tables
from ..history import log as history
from ..history.comparison import Comparison
from ..history.rounds import rounds_table
from ..history.status import Status
from ..images.root import root_of, with_root
from ..pictures.gathering import self_contained
from ..store.info import read_info
from ..store.place import key_of
from ..store.settings import write_settings
from ..store.storage import Store, user
from ..tables.tables import Tables, fetch_ahead, is_readable, read_picture, subset_of
from ..working.frame_edits import watch
from ..working.session import Session
from ..working.working_copy import WorkingCopy
from .certified import Certified
from .collecting import Collecting
from .editing import Editing
from .open_datasets import Registry
from .version import Version

if TYPE_CHECKING:
    from PIL.Image import Image

_OPEN: Registry[Dataset] = Registry()


class Dataset(Editing, Certified, Collecting):
    """A dataset folder opened for work. :func:`create`, :func:`open` and ``tables.save`` make one.

    ``images`` and ``instances`` are the working copy itself: assign into them as into any frame. Rows are
    kept in ascending order of id. Assignments are detected, checked and journaled at the end of each
    notebook cell and by every method here (:meth:`sync`). A method that edits replaces the frames that it
    changes. An older frame keeps its old values for comparison. Assignments into an older frame still count:
    they are rebased onto the current tables, after the edits in the current frames.

    In a forked process, and after unpickling, a Dataset is a read-only copy: tables, pictures and versions
    are available, every edit is refused (ReadOnlyError).

    Attributes:
        recovered: text about work that was recovered from an earlier session; "" if none.
    """

    def __init__(self, folder: str | Path, version: str | None = None) -> None:
        store = Store(local_path(folder).absolute())
        with deferred():
            session = Session(store, None if version is None else store.resolve(version))
            try:
                self._start(session, checkout=version is not None)
            except BaseException:
                session.close()
                raise

    def _start(self, session: Session, *, checkout: bool) -> None:
        if checkout and not session.read_only:
            session.checkout(session.base)
        if session.recovered and not session.was_closed:
            warnings.warn(f"{session.store.folder}: {session.recovered}", RecoveryWarning, stacklevel=4)
        self._carry_on(session)

    def _carry_on(self, session: Session) -> None:
        self._session, self._copy = session, WorkingCopy(session)
        self.recovered = session.recovered
        self._unwatch = watch(self) if session.store.place.is_ours else lambda: None
        self._finalizer = weakref.finalize(self, _release, session)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a read-only copy of the current state, for the processes of data loaders."""
        with self._copy.lock:
            self._look()
            session = self._session
            return _copy_of, (self.folder, session.base, self._copy.peek(), session.pending)

    @property
    def folder(self) -> Path:
        """The dataset's folder."""
        return self._session.store.folder

    @property
    def images(self) -> pd.DataFrame:
        """The working copy, one row per image, by ``image_id``; columns in ``core.tables.schema.IMAGES``."""
        return self._copy.frame("images")

    @images.setter
    def images(self, frame: pd.DataFrame) -> None:
        self._copy.assign("images", frame)

    @property
    def instances(self) -> pd.DataFrame:
        """The working copy, one row per mask, by ``instance_id``; see ``core.tables.schema.INSTANCES``.

        Masks are ``ds.instances["mask"]``, which :func:`nbalabel.decode_mask` reads; ``ds.instances.mask`` is
        a method of pandas.
        """
        return self._copy.frame("instances")

    @instances.setter
    def instances(self, frame: pd.DataFrame) -> None:
        self._copy.assign("instances", frame)

    @property
    def rejected(self) -> pd.DataFrame:
        """Rejected predictions, with the columns of ``instances``; they are not accepted again in bulk."""
        return self._copy.frame("rejected")

    @rejected.setter
    def rejected(self, frame: pd.DataFrame) -> None:
        self._copy.assign("rejected", frame)

    @property
    def regions(self) -> pd.DataFrame:
        """Parts of images, by ``region_id``; columns in ``core.tables.schema.REGIONS``.

        Kind "ignore": not known what is there; neither trained on nor measured. Kind "done": all instances
        there have a mask. ``label`` is the label that it is about, missing for all. :meth:`add_regions` and
        :meth:`mark_complete` add rows, the editor's keys ``i`` and ``d`` draw them.
        """
        return self._copy.frame("regions")

    @regions.setter
    def regions(self, frame: pd.DataFrame) -> None:
        self._copy.assign("regions", frame)

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names, in order."""
        return self._session.state.labels

    @property
    def image_root(self) -> Path | None:
        """Folder that ``images.file`` is relative to; None when there are no image files.

        Assign to change it. If the dataset and its image files were moved together, the new place is found.
        """
        return root_of(self.folder, self._session.store.place.facts)

    @image_root.setter
    def image_root(self, folder: str | Path | None) -> None:
        with self._session.store.lock():
            facts = self._session.store.place.facts
            write_settings(self.folder, with_root(facts, self.folder, folder))

    def copy_images(self) -> Path:
        """Copy the image files into the dataset's folder, which is then self-contained, and use the copies.

        The files of all versions are copied, if they still exist. Images that are URLs stay URLs.

        Returns:
            The new image root, ``images`` in the dataset's folder; the current image root if it is inside the
            folder already.

        Raises:
            ImageError: there is no image root, or a file of the working copy is missing or broken.
            StorageError: other files are in the way, or the folder cannot be written.

        Warns:
            NbalabelWarning: naming missing files that only earlier versions use.
        """
        with self._copy.lock:
            self._check_writable()
            self._look()
            now = self._copy.peek().tables["images"]["file"]
            versions = self._session.store.state
            then = [versions(version).tables["images"]["file"] for version in self.versions.index]
            home = self_contained(self.folder, self.image_root, now, then)
            if self.image_root is not None and home != self.image_root:
                every = [versions(version).tables["attachments"] for version in self.versions.index]
                carry_below([self._copy.peek().tables["attachments"], *every], self.image_root, home)
                self.image_root = home
        return home

    @property
    def info(self) -> dict[str, Any]:
        """Other contents of the imported file, such as COCO's categories, licenses and info."""
        return read_info(self.folder)

    @property
    def read_only(self) -> str:
        """Why nothing can be edited, and what to do; "" if edits are possible. Reading always works."""
        return self._session.read_only

    @property
    def version_id(self) -> str:
        """Id of the version the working copy builds on."""
        return self._session.base

    @property
    def runs_folder(self) -> Path:
        """Where Runs of this dataset are kept."""
        return self.folder / "runs"

    def read_image(self, image_id: int) -> np.ndarray:
        """Pixels of one image, ``(height, width, 3)`` uint8 RGB; see :meth:`Tables.read_image`.

        The file name is read from :attr:`images` as it is; assignments are not looked for, checked or
        journaled.
        """
        images = self._copy.glance("images")
        if is_readable(images):
            return read_picture(images, self.image_root, image_id)
        return self._tables().read_image(image_id)  # says what is wrong

    def fetch_ahead(self, image_ids: Iterable[int]) -> None:
        """Begin to fetch pictures that will be read soon; see :meth:`Tables.fetch_ahead`."""
        images = self._copy.glance("images")
        if is_readable(images):
            fetch_ahead(images, image_ids)

    def show(self, image_id: int) -> Image:
        """One image with its masks drawn over it, a fixed color per label; see :meth:`Tables.show`."""
        return self._tables().show(image_id)

    def subset(self, rows: Any) -> Tables:
        """Tables of some images with their instances: to look at, train on, write, or ``.save(folder)``.

        Args:
            rows: ids of images; or rows of images, of instances or of predictions, which select their images.

        Raises:
            UnknownNameError: some images do not exist.
        """
        with self._copy.lock:
            self._look()
            return subset_of(self._copy.peek(), rows, self.image_root, self.info, self.attachment_root)

    @property
    def versions(self) -> pd.DataFrame:
        """All versions, oldest first, with parent, message, author, time, counts, rows added and so on."""
        return history.versions_table(self._session.store)

    def status(self) -> Status:
        """What changed since the version the working copy builds on."""
        with self._copy.lock, allowed():
            self._look()
            session = self._session
            behind = session.store.place.is_there() and session.store.head.current() != session.base
            return Status.of(session.base, session.net, session.origins, behind=behind)

    def commit(self, message: str, author: str | None = None) -> Version:
        """Make the working copy a version.

        If somebody else has committed on the same parent meanwhile, the two are merged row by row.

        Args:
            message: what changed, for people.
            author: name of the author; default: the user's login.

        Returns:
            The new version; if nothing has changed, the current one, whose ``note`` says so.

        Raises:
            ConflictError: somebody else committed changes of the same cells; the message names the rows,
                nothing is lost, and :meth:`refresh` resolves the conflict.
        """
        with self._copy.lock:
            self.sync()
            before = self._session.base
            manifest = self._session.commit(message, author)
            if manifest is None:
                return self._version(before, "nothing has changed since this version")
            self._copy.hand_out()
            note = f"merged with what had been committed on {before} meanwhile" if manifest.merged else ""
            return self._version(manifest.id, "; ".join(filter(None, [note, self._session.merge_note])))

    def version(self, name: str) -> Version:
        """A version, read-only.

        Args:
            name: its id, the beginning of its id ("v12"), or "HEAD" for the current version of the folder.

        Raises:
            UnknownNameError: there is no such version; the message lists similar names.
        """
        return self._version(self._session.store.resolve(name))

    def checkout(self, name: str, *, discard: bool = False) -> Version:
        """Continue from another version: the next commit becomes its child.

        Args:
            name: as in :meth:`version`.
            discard: drop uncommitted work, permanently.

        Raises:
            HistoryError: there is uncommitted work and ``discard`` is False.
        """
        with self._copy.lock:
            version_id = self._session.store.resolve(name)
            if not discard and self.status():
                raise HistoryError(
                    "there is uncommitted work: ds.commit(...) it, or checkout(..., discard=True)"
                )
            self._session.checkout(version_id)
            if discard:
                self._copy.abandon()
            self._copy.hand_out()
            return self._version(version_id)

    def refresh(self, keep: str | None = None) -> Change:
        """Rebase the uncommitted work onto what others have committed since.

        Args:
            keep: "mine" or "theirs": whose value stays where both changed the same cell.

        Returns:
            The change that others made.

        Raises:
            ConflictError: both changed the same cells, and ``keep`` is None.
        """
        if keep not in (None, "mine", "theirs"):
            raise DataError(f'keep must be "mine" or "theirs", got {keep!r}')
        with self._copy.lock:
            self.sync()
            change = self._session.refresh(keep)
            self._copy.hand_out()
            return change

    def diff(self, a: str | None = None, b: str | None = None) -> Comparison:
        """Rows added, removed and updated, cell by cell; for masks the IoU of old and new.

        Args:
            a: version to compare from; default: the one the working copy builds on.
            b: version to compare to; default: the working copy.
        """
        with self._copy.lock, allowed():
            self._look()
            store = self._session.store
            before_id = self._session.base if a is None else store.resolve(a)
            before = store.state(before_id)
            after_id = "working copy" if b is None else store.resolve(b)
            after = self._session.state if b is None else store.state(after_id)
            return Comparison.of(before_id, after_id, diff(before, after), before, after)

    def log(self) -> pd.DataFrame:
        """Every change up to the working copy, newest first: time, origin, note, counts, seconds, version.

        ``seconds`` is the time that a person took for an answer in a review; missing elsewhere.
        """
        with self._copy.lock, allowed():
            self._look()
            return history.log_table(self._session.store, self._session.base, self._session.pending)

    def rounds(self) -> pd.DataFrame:
        """What each version brought, oldest first, up to the working copy.

        Returns:
            One row per version on this branch, and "uncommitted" where there is work without a version, by
            ``version``: ``parent``, ``message``, ``author``, ``time``; how many ``images``, ``instances`` and
            images labeled all over (``labeled``) there were then; how many instances were added, by source
            (``human``, ``imported``, ``model``, ``propagated``, ``synthetic``) and in all (``added``),
            ``removed``, given another label (``relabeled``) or another mask (``reshaped``); predictions
            ``rejected``.
        """
        with self._copy.lock, allowed():
            self._look()
            session = self._session
            return rounds_table(session.store, session.base, session.net, session.state)

    def of_origin(self, what: Any) -> pd.DataFrame:
        """The current instances that came from a run, a propagation or one of its clusters.

        Args:
            what: an origin, or an object with such an ``id`` or ``origin``. An origin includes its parts, as
                in :meth:`revert`: ``"run"`` all of ``"run/..."``, ``"run/cod/10-50"`` the clusters within.

        Raises:
            UnknownNameError: ``what`` names no origin.
        """
        instances = self.instances
        return instances[from_origin(instances, history.name_of(what))]

    @property
    def _is_open(self) -> bool:  # type: ignore[override]  # read-only here
        return self._finalizer.alive

    @property
    def rejected_edit(self) -> dict[str, pd.DataFrame]:
        """Frames of the last direct edit refused, wholly or in part, by table; no assignment is lost.

        Correct a frame here, or through your own variable, and the next :meth:`sync` checks it again.
        """
        return self._copy.refused

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after every change of the working copy; returns a function that unsubscribes.

        Views use it to follow a dataset. The listener must not raise.
        """
        return self._copy.on_change(listener)

    def sync(self) -> Change:
        """Detect assignments into the frames since the last call, check and journal them; returns the Change.

        Older frames count as long as somebody holds them. Each older frame makes a change of its own, after
        the change of the current frames: where both assign to one cell, the older frame's value wins, and
        undo restores the other. A warning names ids of rows that no longer exist.

        Raises:
            DataError: the edited tables are not valid; they are as before, and :attr:`rejected_edit` holds
                the refused frames.
            StorageError: the folder was deleted, moved or replaced. The assignments stay in the frames:
                :meth:`save` keeps them.
        """
        return self._copy.sync()

    def verify(self) -> list[str]:
        """Read every version back and check every checksum; returns their ids.

        Opening checks all but the masks of datasets that have more than 256 MB of them; of these a file is
        checked when one of its masks is looked at first.

        Raises:
            CorruptError: bytes on disk differ from those that were written; the message names the file.
        """
        return self._session.store.verify()

    def close(self) -> None:
        """End the session. Uncommitted work stays in the folder and is restored when it is next opened.

        Raises:
            StorageError: the folder was deleted or replaced, so that the work is only in memory. The session
                ends nevertheless, and :meth:`save` keeps the work.
        """
        with self._copy.lock:
            if not self._is_open:
                return
            is_kept = self._is_kept()
            self._unwatch()
            _, release, arguments, _ = self._finalizer.peek() or (None, _release, (), None)
            release(*arguments)
            self._finalizer.detach()  # last, so that close() can be repeated if release was interrupted
        if not is_kept:
            raise StorageError(
                f"{self.folder} was deleted, moved or replaced, and uncommitted work is in memory alone: "
                "ds.save(another folder) makes a dataset of the tables as they are"
            )

    def save(
        self,
        folder: str | Path,
        message: str = "saved",
        *,
        copy_images: bool = False,
        overwrite: bool = False,
    ) -> Dataset:
        """Make a new dataset from the current tables, with one version; this dataset is not changed.

        It uses only what is in memory, so it keeps the work even if this dataset's folder was deleted, or in
        a read-only process.

        Args:
            folder: folder of the new dataset; must not hold a dataset yet.
            message: message of its first version.
            copy_images: copy the image files into the folder instead of referring to their place.
            overwrite: as in :meth:`Tables.save`.

        Raises:
            StorageError: the folder cannot be used.
            DataError: an assignment in the frames is not valid; the message names the rows.
        """
        import_state(
            self._copy.peek(),
            self.image_root,
            local_path(folder),
            message,
            user(),
            copy_images=copy_images,
            overwrite=overwrite,
            info=self.info,
            attachment_root=self.attachment_root,
        )
        copy_certificates(self.folder, local_path(folder))
        return open(folder)

    def copy(self, folder: str | Path) -> Dataset:
        """Copy the whole dataset: all versions, runs, the image files in its folder, and uncommitted work.

        The copy is independent. :meth:`save` instead makes a dataset of the tables alone, with one version.
        Image files outside the folder are not copied; :meth:`copy_images` copies them into the folder first.

        Args:
            folder: folder of the copy; must not exist, or be empty.

        Returns:
            The copy, opened.

        Raises:
            StorageError: the folder is not empty, or cannot be written.
        """
        with self._copy.lock:
            self.sync()
            with self._session.store.lock():
                copy_folder(self._session.store, self.image_root, local_path(folder))
            pending, base = self._session.pending, self._session.base
        copied = open(folder, version=base)
        for change in pending:
            copied._make(_always(change))
        return copied

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        counts = f"{len(self.images):,} images, {len(self.instances):,} instances, {len(self.labels)} labels"
        how = ", read-only" if self.read_only else ""
        return f"<Dataset {self.folder.name} on {self.version_id}{how}: {counts}>"

    def _repr_html_(self) -> str:
        from .card import dataset_html

        return dataset_html(
            self,
            name=self.folder.name,
            version=self.version(self.version_id),
            status=self.status(),
            recovered=self.recovered,
            show=self.show,
            certificates=self._certified(),
        )

    def _now(self) -> State:
        """The tables with all assignments; also in a read-only copy."""
        with self._copy.lock, allowed():
            self._look()
            return self._copy.peek()

    def _version(self, version_id: str, note: str = "") -> Version:
        store = self._session.store
        return Version(store, store.manifest(version_id), self.image_root, note)

    def _tables(self) -> Tables:
        with self._copy.lock, allowed():
            self._look()
            state = self._copy.peek()
            return Tables.from_state(state, self.image_root, {}, self.attachment_root)

    def _look(self) -> None:
        """Sync, in the process that opened the dataset; a copy in another process cannot journal edits."""
        if self._session.store.place.is_ours:
            self.sync()

    def _is_kept(self) -> bool:
        """Whether all work is on disk, also if the folder was moved."""
        session = self._session
        if not session.store.place.is_ours:
            return True
        if session.store.place.is_there():
            self.sync()
            with suppress(StorageError):  # the folder vanished just now, or the journal cannot be rewritten
                session.check()
                return True
        return session.is_in_journal and self._copy.peek() is session.state

    def _follow(self, folder: Path) -> None:
        """Follow the folder to its new place, and bring in what others have committed since."""
        with self._copy.lock:
            if not self._session.store.place.is_there():
                self._session.move_to(folder)
            head, base = self._session.store.head.current(), self._session.base
            if head == base:
                return
            store, done = self._session.store, f"{self.folder} is open here, on {base}"
            if not store.is_ancestor(base, head):
                text = f"{done}; another session went to {head} since: ds.checkout('HEAD') goes there too"
            elif self._session.is_fresh and self._copy.peek() is self._session.state:
                self.refresh()
                text = f"{done}; it has gone forward to {head}, which others have committed since"
            else:
                text = f"{done}, with work of yours; others committed {head} since: ds.refresh() brings it in"
        warnings.warn(text, NbalabelWarning, stacklevel=3)


def create(
    folder: str | Path,
    labels: Iterable[str] = (),
    image_root: str | Path | None = None,
    *,
    overwrite: bool = False,
) -> Dataset:
    """Make an empty dataset.

    Args:
        folder: the dataset's folder; must not hold a dataset yet.
        labels: label names, in order.
        image_root: folder that ``images.file`` will be relative to; None when there are no image files.
        overwrite: replace an existing dataset, as in :meth:`Tables.save`.

    Raises:
        StorageError: there is a dataset already.

    Example:
        >>> import tempfile
        >>> ds = create(Path(tempfile.mkdtemp()) / "fish.nbal", labels=["cod", "ling"])
        >>> len(ds.images), ds.labels
        (0, ('cod', 'ling'))
    """
    names = tuple(labels)
    tables = Tables.of(
        schema.empty("images"),
        schema.empty("instances", names),
        names,
        None if image_root is None else image_root,
    )
    return create_from(tables, folder, message="created", overwrite=overwrite)


def open(folder: str | Path, version: str | None = None) -> Dataset:  # noqa: A001  # as pandas and rasterio do  # as pandas and rasterio do
    """Open a dataset folder for work.

    Uncommitted work of an earlier session, even of a killed one, is restored (``ds.recovered`` says so). A
    folder that is already open in this process, by whatever path and even after a move, gives the same
    Dataset. If others have committed since, this Dataset is brought forward, unless it holds uncommitted
    work; a warning says what happened.

    Args:
        folder: the dataset's folder.
        version: start from this version, as :meth:`Dataset.checkout` does; default: the version of the last
            session.

    Raises:
        StorageError: the folder is not a dataset, or was written by a newer nbalabel (NewerSchemaError), or
            is damaged (CorruptError, which names the file and what can be done).
    """
    with _OPEN.lock:
        key = key_of(local_path(folder))
        there = _OPEN.find(key)
        if there is not None and version is None and not there.read_only:
            there._follow(local_path(folder).absolute())
            return there
        dataset = Dataset(folder, version)
        _OPEN.add(key, dataset)
        return dataset


def create_from(
    tables: schema.LabeledImages,
    folder: str | Path,
    message: str = "import",
    author: str | None = None,
    *,
    copy_images: bool = False,
    overwrite: bool = False,
) -> Dataset:
    """Make a dataset from tables, with one version.

    Args:
        tables: what a reader returned, another Dataset or a Version; checked row by row.
        folder: the dataset's folder; must not hold a dataset yet.
        message: message of the first version.
        author: who imports; default: the user's login.
        copy_images: copy the image files into ``images/`` of the folder instead of referring to their place.
        overwrite: replace an existing dataset, as in :meth:`Tables.save`.

    Raises:
        StorageError: there is a dataset already.
        DataError: a row breaks the schema; the message names the rows, and nothing is written.
    """
    how = {"copy_images": copy_images, "overwrite": overwrite}
    import_tables(tables, local_path(folder), message, author or user(), **how)
    return open(folder)


def _always(change: Change) -> Callable[[State], Change]:
    """A builder that returns this change, whatever the state."""
    return lambda _: change


def _copy_of(folder: Path, base: str, state: State, pending: list[Change]) -> Dataset:
    """A read-only Dataset with the state of another one."""
    dataset = Dataset.__new__(Dataset)
    dataset._carry_on(Session.copy_of(Store(folder), base, state, pending))
    return dataset


def _release(session: Session) -> None:
    """End a session when its Dataset is garbage-collected; a copy in another process has no session."""
    if session.store.place.is_ours:
        session.close()
