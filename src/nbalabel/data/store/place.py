"""The folder of an open dataset, and whether it still holds the dataset that was opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...core import forking
from ...core.errors import CorruptError, ReadOnlyError, StorageError
from ..disk.errors import reading
from .settings import SETTINGS, read_settings

Key = tuple[str, int, int]
_GONE = (FileNotFoundError, NotADirectoryError)


class Place:
    """The folder of an open dataset. It may be deleted, moved or replaced meanwhile: check before writing.

    Two datasets at the same path differ by the id in their settings; datasets from before there were ids, by
    their time of creation.

    Attributes:
        folder: the dataset's folder.
        is_ours: whether this process opened it; False in a copy made by fork or pickle, which only reads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_ours = True
        self._seen, self._facts = _stamp(folder), read_settings(folder)
        self._id = identity(folder, self._facts)
        self._process = os.getpid()
        forking.register(self)

    def after_fork(self) -> None:
        """In a child, the dataset belongs to the parent."""
        self.is_ours = False

    @property
    def facts(self) -> dict[str, Any]:
        """The settings on disk; the last known ones if the dataset is no longer there."""
        self.is_there()
        return self._facts

    def is_there(self) -> bool:
        """Whether the folder still holds the dataset that was opened."""
        stamp = _stamp(self.folder)
        if stamp is not None and stamp == self._seen:
            return True
        try:
            facts = read_settings(self.folder)
        except CorruptError:
            return True  # damaged, but there; readers report the damage
        except StorageError as error:
            if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, _GONE):
                raise  # the disk fails: unknown whether the dataset is there
            return False
        if identity(self.folder, facts) != self._id:
            return False
        self._seen, self._facts = stamp, facts
        return True

    def check(self) -> None:
        """Check before anything is written.

        Raises:
            ReadOnlyError: this is a copy made by fork or pickle.
            StorageError: the dataset is gone, or replaced by another one.
        """
        self.check_ours()
        self.check_there()

    def check_there(self) -> None:
        """Check before data that is only on disk is read.

        Raises:
            StorageError: the dataset is gone, or replaced by another one.
        """
        if self.is_there():
            return
        there = os.path.exists(self.folder)  # exists() is False also where access is denied
        what = "holds another dataset now, or none" if there else "is gone"
        raise StorageError(
            f"{self.folder} {what}: the dataset was deleted, moved or replaced after it was opened. Nothing "
            "was written. Its tables and your uncommitted work are whole in memory: ds.save(folder) makes a "
            "dataset of them. Where the folder was only moved, nl.open(where it is now) goes on there"
        )

    def check_ours(self) -> None:
        """Check before anything is changed.

        Raises:
            ReadOnlyError: this is a copy made by fork or pickle.
        """
        if not self.is_ours or self._process != os.getpid():
            raise ReadOnlyError(
                "this Dataset is a copy, made by fork or pickle of one that is open elsewhere. It can only "
                f"be read: edit that one, or open a session of your own with nl.open({str(self.folder)!r})"
            )

    def disown(self) -> None:
        """Make this a read-only copy."""
        self.is_ours = False


def key_of(folder: Path) -> Key:
    """Key of an open dataset, the same for every path: the dataset's id, device and inode of the folder.

    The id alone is not enough: a copy of the folder has the same id.

    Raises:
        StorageError: the folder is not a dataset.
    """
    name = identity(folder, read_settings(folder))
    with reading(folder):
        facts = folder.stat()
    return name, facts.st_dev, facts.st_ino


def identity(folder: Path, facts: dict[str, Any]) -> str:
    """The permanent identity of a dataset."""
    with reading(folder):
        return str(facts.get("id") or facts.get("created") or folder.stat().st_ino)


def _stamp(folder: Path) -> tuple[int, ...] | None:
    """A value that differs after the settings file was written or replaced; None if there is no such file."""
    try:
        facts = os.stat(folder / SETTINGS)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size
