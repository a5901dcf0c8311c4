"""A dataset: a folder with a working copy and a history.

    ds = nl.open("fish.nbal")
    ds.images.loc[ds.images.state == "unlabeled", "weight"] = 0     # the tables are pandas' own
    ds.accept(run.query("iou < 0.2 and score > 0.6"))
    ds.commit("round 1")

Every edit, by method or directly in the frames, becomes a Change that is checked, written to the journal
and only then applied: a bad edit raises and leaves everything as it was, a killed kernel loses nothing it
was told is done.
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
from ..disk.interrupts import allowed, deferred
from ..edits.origins import from_origin
from ..folder.copying import copy_folder
from ..folder.import_tables import import_state, import_tables
from ..history import log as history
from ..history.comparison import Comparison
from ..history.status import Status
from ..images.root import root_of, with_root
from ..pictures.gathering import self_contained
from ..store.info import read_info
from ..store.place import key_of
from ..store.settings import write_settings
from ..store.storage import Store, user
from ..tables.tables import Tables, subset_of
from ..working.frame_edits import watch
from ..working.session import Session
from ..working.working_copy import WorkingCopy
from .editing import Editing
from .open_datasets import Registry
from .version import Version

if TYPE_CHECKING:
    from PIL.Image import Image

_OPEN: Registry[Dataset] = Registry()


class Dataset(Editing):
    """A dataset folder opened for work. :func:`create`, :func:`open` and ``tables.save`` make one.

    ``images`` and ``instances`` are the working copy itself: assign into them as into any frame. Rows are
    kept in ascending order of id. What was assigned is looked for, checked and journaled at the end of each
    notebook cell and by every method here (:meth:`sync`). A method that edits replaces the frames it
    changes. An older frame keeps what it held, to compare with; what is assigned into it is taken all the
    same, fitted to the tables as they are by then, after the edits of the frames handed out now.

    In a process forked from the one that opened it, and where it was unpickled, a Dataset is a copy to read
    from: tables, pictures and versions are there, every edit is refused (ReadOnlyError).

    Attributes:
        recovered: what was brought back from an earlier session, in words; "" if nothing.
    """

    def __init__(self, folder: str | Path, version: str | None = None) -> None:
        store = Store(Path(folder).absolute())
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
        """A copy to read from, as it is now: so data loaders can take it to their processes."""
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
        """Predictions turned down, in the columns of ``instances``; they are not taken over again."""
        return self._copy.frame("rejected")

    @rejected.setter
    def rejected(self, frame: pd.DataFrame) -> None:
        self._copy.assign("rejected", frame)

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names, in order."""
        return self._session.state.labels

    @property
    def image_root(self) -> Path | None:
        """Folder that ``images.file`` is relative to; None when there are no pixels. Assign to move it.

        Where the dataset and its pictures were moved together, it is found where they are now.
        """
        return root_of(self.folder, self._session.store.place.facts)

    @image_root.setter
    def image_root(self, folder: str | Path | None) -> None:
        with self._session.store.lock():
            facts = self._session.store.place.facts
            write_settings(self.folder, with_root(facts, self.folder, folder))

    def copy_images(self) -> Path:
        """Copy the pictures into the dataset's folder, which then needs no other, and use them from there.

        Those of all versions are copied, where they can still be found. Images that are URLs stay so.

        Returns:
            The new image root, ``images`` in the dataset's folder; where pictures are inside it already, the
            one there is.

        Raises:
            ImageError: there is no image root, or a picture of the working copy is missing or broken.
            StorageError: other files are in the way, or the folder cannot be written.

        Warns:
            NbalabelWarning: naming pictures of earlier versions alone that are missing.
        """
        with self._copy.lock:
            self._check_writable()
            self._look()
            now = self._copy.peek().tables["images"]["file"]
            versions = self._session.store.state
            then = [versions(version).tables["images"]["file"] for version in self.versions.index]
            home = self_contained(self.folder, self.image_root, now, then)
            if home != self.image_root:
                self.image_root = home
        return home

    @property
    def info(self) -> dict[str, Any]:
        """What its file said beyond images and instances, such as COCO's categories, licenses, info."""
        return read_info(self.folder)

    @property
    def read_only(self) -> str:
        """Why nothing can be edited, and what to do; "" where it can. Reading works all the same."""
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
        """Pixels of one image, ``(height, width, 3)`` uint8 RGB; see :meth:`Tables.read_image`."""
        return self._tables().read_image(image_id)

    def show(self, image_id: int) -> Image:
        """One image with its masks drawn over it, a fixed color per label; see :meth:`Tables.show`."""
        return self._tables().show(image_id)

    def subset(self, rows: Any) -> Tables:
        """Tables of some images and everything on them: to look at, train on, write, or ``.save(folder)``.

        Args:
            rows: ids of images; or rows of images, of instances or of predictions, which stand for the
                images they are on.

        Raises:
            UnknownNameError: images that are not there.
        """
        with self._copy.lock:
            self._look()
            return subset_of(self._copy.peek(), rows, self.image_root, self.info)

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

        Where somebody else has committed on the same parent meanwhile, the two are merged row by row.

        Args:
            message: what changed, for people.
            author: who says so; default: the user's login.

        Returns:
            The new version; where nothing has changed, the current one, whose ``note`` says so.

        Raises:
            ConflictError: somebody else committed changes of the same cells; the message names the rows,
                nothing
                is lost, and :meth:`refresh` resolves it.
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
            name: its id, the beginning of one ("v12"), or "HEAD" for the current one.

        Raises:
            UnknownNameError: there is no such version; the message lists the closest.
        """
        return self._version(self._session.store.resolve(name))

    def checkout(self, name: str, *, discard: bool = False) -> Version:
        """Go on from another version: what is committed next becomes its child.

        Args:
            name: as in :meth:`version`.
            discard: give up uncommitted work, for good.

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
        """Bring in what others committed since, below the uncommitted work.

        Args:
            keep: "mine" or "theirs": whose cells stay where both changed the same.

        Returns:
            What came in.

        Raises:
            ConflictError: both changed the same cells, and ``keep`` does not say whose stay.
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

        ``seconds`` is how long a person looked before answering, in a review; missing elsewhere.
        """
        with self._copy.lock, allowed():
            self._look()
            return history.log_table(self._session.store, self._session.base, self._session.pending)

    def of_origin(self, what: Any) -> pd.DataFrame:
        """Instances that came from a run, a propagation or a cluster of one, as they are now.

        Args:
            what: an origin, or anything with such an ``id`` or ``origin``. It takes its parts along, as in
                :meth:`revert`: ``"run"`` all of ``"run/..."``, ``"run/cod/10-50"`` the clusters within.

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
        """Frames of the last direct edit not taken, or not in whole, by table; nothing assigned is lost.

        Mend a frame right here, or in the name it has for you, and it is looked at again.
        """
        return self._copy.refused

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back whenever the working copy has changed, by whatever way; returns what ends that.

        Views follow a dataset so. The listener must not raise.
        """
        return self._copy.on_change(listener)

    def sync(self) -> Change:
        """Look for what was assigned in the frames since, check it and journal it; returns it.

        Frames handed out earlier count as long as somebody holds them. Each is a change of its own, made
        after that of the frames handed out now: where both assign to one cell, the older frame's value
        stays, and undo brings the other back. Of rows that are gone by then, a warning names the ids.

        Raises:
            DataError: the tables are not valid so; they are as before, :attr:`rejected_edit` holds what was
                refused.
            StorageError: the folder was deleted, moved or replaced. What was assigned stays in the frames:
                :meth:`save` keeps it.
        """
        return self._copy.sync()

    def verify(self) -> list[str]:
        """Read every version back and check every checksum; returns their ids.

        Raises:
            CorruptError: bytes on disk are not those that were written; the message names the file.
        """
        return self._session.store.verify()

    def close(self) -> None:
        """End the session. Uncommitted work stays in the folder and is there again when it is next opened.

        Raises:
            StorageError: the folder was deleted or replaced, so that the work is in memory alone. The session
                ends all the same, and :meth:`save` keeps the work.
        """
        with self._copy.lock:
            if not self._is_open:
                return
            is_kept = self._is_kept()
            self._unwatch()
            _, release, arguments, _ = self._finalizer.peek() or (None, _release, (), None)
            release(*arguments)
            self._finalizer.detach()  # not before: where that was cut off, it can be closed again
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
        """Make another dataset of the tables as they are, with one version; this one stays as it is.

        It needs nothing but what is in memory: it keeps the work where this dataset's folder was deleted, and
        in a process that can only read it.

        Args:
            folder: where the new dataset goes; must not hold one yet.
            message: what its first version is called.
            copy_images: copy the image files into the folder instead of pointing to where they are.
            overwrite: as in :meth:`Tables.save`.

        Raises:
            StorageError: the folder cannot be used.
            DataError: what was assigned in the frames is not valid; the message names the rows.
        """
        import_state(
            self._copy.peek(),
            self.image_root,
            Path(folder),
            message,
            user(),
            copy_images=copy_images,
            overwrite=overwrite,
            info=self.info,
        )
        return open(folder)

    def copy(self, folder: str | Path) -> Dataset:
        """Copy the dataset as a whole: all versions, runs, the pictures in its folder, and uncommitted work.

        The two have nothing to do with each other from then on. :meth:`save` makes one of the tables alone,
        with one version. Pictures outside the folder stay where they are; ``copy_images`` brings them in.

        Args:
            folder: where the copy goes; must not exist, or be empty.

        Returns:
            The copy, opened.

        Raises:
            StorageError: something is in the way, or it cannot be written.
        """
        with self._copy.lock:
            self.sync()
            with self._session.store.lock():
                copy_folder(self._session.store, self.image_root, Path(folder))
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
        )

    def _version(self, version_id: str, note: str = "") -> Version:
        store = self._session.store
        return Version(store, store.manifest(version_id), self.image_root, note)

    def _tables(self) -> Tables:
        with self._copy.lock, allowed():
            self._look()
            state = self._copy.peek()
            return Tables(state.tables["images"], state.tables["instances"], state.labels, self.image_root)

    def _look(self) -> None:
        """Sync, where this process can; elsewhere what was assigned is only looked at."""
        if self._session.store.place.is_ours:
            self.sync()

    def _is_kept(self) -> bool:
        """Whether all work is on disk, in the folder or in the one it was moved to."""
        session = self._session
        if not session.store.place.is_ours:
            return True
        if session.store.place.is_there():
            self.sync()
            with suppress(StorageError):  # the folder went just now, or the journal cannot be written anew
                session.check()
                return True
        return session.is_in_journal and self._copy.peek() is session.state

    def _follow(self, folder: Path) -> None:
        """Go on where the folder has been moved to, and bring in what others have committed since."""
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
        folder: where; must not hold a dataset yet.
        labels: label names, in order.
        image_root: folder that ``images.file`` will be relative to; None when there are no pixels.
        overwrite: replace the dataset that is there, as in :meth:`Tables.save`.

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


def open(folder: str | Path, version: str | None = None) -> Dataset:  # noqa: A001  # as pandas and rasterio do
    """Open a dataset folder for work.

    Uncommitted work of an earlier session, even of one that was killed, is there again (``ds.recovered``
    says so). A folder that is open in this process already, by whatever path, gives the same Dataset, also
    after it was moved. Where others have committed since, that one goes forward if it holds no uncommitted
    work; a warning says what happened.

    Args:
        folder: the dataset's folder.
        version: start from this version, as :meth:`Dataset.checkout` does; default: where the last session
            stood.

    Raises:
        StorageError: the folder is no dataset, or one of a newer nbalabel (NewerSchemaError), or damaged
            (CorruptError, which names the file and what can be done).
    """
    with _OPEN.lock:
        key = key_of(Path(folder))
        there = _OPEN.find(key)
        if there is not None and version is None and not there.read_only:
            there._follow(Path(folder).absolute())
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
    """Make a dataset of tables, with one version.

    Args:
        tables: what a reader returned, another Dataset or a Version; checked row by row.
        folder: where; must not hold a dataset yet.
        message: what the first version is called.
        author: who imports; default: the user's login.
        copy_images: copy the image files into ``images/`` of the folder instead of pointing to where they
            are.
        overwrite: replace the dataset that is there, as in :meth:`Tables.save`.

    Raises:
        StorageError: there is a dataset already.
        DataError: a row breaks the schema; the message names the rows, and nothing is written.
    """
    how = {"copy_images": copy_images, "overwrite": overwrite}
    import_tables(tables, Path(folder), message, author or user(), **how)
    return open(folder)


def _always(change: Change) -> Callable[[State], Change]:
    """Build that very change, whatever the state."""
    return lambda _: change


def _copy_of(folder: Path, base: str, state: State, pending: list[Change]) -> Dataset:
    """A Dataset that only reads, of what another held."""
    dataset = Dataset.__new__(Dataset)
    dataset._carry_on(Session.copy_of(Store(folder), base, state, pending))
    return dataset


def _release(session: Session) -> None:
    """End a session when its Dataset goes; a copy of one in another process has none to end."""
    if session.store.place.is_ours:
        session.close()
