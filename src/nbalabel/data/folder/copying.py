"""Copy a dataset's folder: its history, its runs and the image files in it."""

from __future__ import annotations

import secrets
import shutil
from functools import partial
from pathlib import Path

from ...core.errors import StorageError
from ..disk.atomic import TEMPORARY, sync_folder
from ..disk.errors import writing
from ..images.root import with_root
from ..store.settings import read_settings, write_settings
from ..store.storage import Store

_LEFT = ("lock", "journal")


def copy_folder(store: Store, root: Path | None, folder: Path) -> None:
    """Copy the committed versions, with a new dataset id; uncommitted work stays in the old journal.

    Args:
        store: the dataset's store; hold its lock.
        root: its image root.
        folder: folder of the copy; must not exist, or be empty.

    Raises:
        StorageError: the folder is not empty, or cannot be written.
    """
    with writing(folder):
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if taken:
        raise StorageError(f"{folder} is not empty: a copy of {store.folder} needs a folder of its own")
    if folder.resolve().is_relative_to(store.folder.resolve()):
        raise StorageError(f"{folder} is inside the dataset: a copy of it needs a folder beside it")
    aside = folder.with_name(f".{folder.name}.copy-{secrets.token_hex(4)}")
    try:
        with writing(aside):
            shutil.copytree(store.folder, aside, ignore=partial(_left, store.folder))
            (aside / "journal").mkdir(exist_ok=True)
        facts = {**read_settings(aside), "id": secrets.token_hex(8)}
        write_settings(aside, with_root(facts, folder, _moved(root, store.folder, folder)))
        with writing(folder):
            if folder.is_dir():
                folder.rmdir()
            aside.rename(folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _left(home: Path, folder: str, names: list[str]) -> list[str]:
    """Names not to copy: files of a session, and unfinished files."""
    of_session = _LEFT if Path(folder) == home else ()
    return [name for name in names if name in of_session or TEMPORARY in name]


def _moved(root: Path | None, old: Path, new: Path) -> Path | None:
    """The image root of the copy: inside the copy if it was inside the dataset, else unchanged."""
    if root is None or not root.resolve().is_relative_to(old.resolve()):
        return root
    return new.resolve() / root.resolve().relative_to(old.resolve())
