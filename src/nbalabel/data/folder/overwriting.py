"""Replace a dataset by another: the old one stays intact until the new one is complete."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

from ...core.errors import NbalabelWarning, StorageError
from ..disk.atomic import sync_folder
from ..store.info import INFO
from ..store.settings import IDS, SETTINGS, aside_of, read_settings

OWN = {SETTINGS, IDS, INFO, "HEAD", "lock", "versions", "objects", "snapshots", "skips", "journal", "runs"}
OWN |= {"certificates", "deliveries"}
"""Names that nbalabel writes in a dataset folder; other files, such as image files, are never deleted."""


@contextlib.contextmanager
def in_place_of(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; at the end of the block it replaces a dataset, which is then removed.

    Other files of the old folder, such as image files, move into the new one, unless it has files of the same
    name.

    Raises:
        StorageError: the folder is not a dataset, or cannot be moved; it is unchanged.
    """
    _check_replaceable(folder)
    token = secrets.token_hex(4)
    new, old = folder.with_name(f".{folder.name}.new-{token}"), aside_of(folder, token)
    try:
        new.mkdir()
        yield new
        _exchange(folder, new, old)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{folder} was not replaced and is as it was: {error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _remove(old, folder)


def _check_replaceable(folder: Path) -> None:
    try:
        read_settings(folder)
    except StorageError as error:
        raise StorageError(
            f"overwrite=True replaces a dataset, and {folder} is none that this nbalabel can read ({error}). "
            "Nothing was written: choose another folder, or remove this one yourself"
        ) from error


def _exchange(folder: Path, new: Path, old: Path) -> None:
    """Swap the folders; a crash in between leaves both, and opening the folder then names the old one."""
    os.rename(folder, old)
    try:
        os.rename(new, folder)
    except BaseException:
        os.rename(old, folder)
        raise
    sync_folder(folder.parent)


def _remove(old: Path, folder: Path) -> None:
    """Move files that are not nbalabel's to the new folder, then remove the old folder."""
    try:
        for path in old.iterdir():
            if path.name not in OWN:
                _carry(path, folder / path.name)
        shutil.rmtree(old)
    except OSError as error:
        text = f"{folder} is whole, but the dataset it replaced could not be removed from {old} ({error})"
        warnings.warn(text, NbalabelWarning, stacklevel=6)


def _carry(path: Path, to: Path) -> None:
    if not os.path.lexists(to):
        os.rename(path, to)
    elif path.is_dir() and not path.is_symlink() and to.is_dir():
        for inner in path.iterdir():
            _carry(inner, to / inner.name)
