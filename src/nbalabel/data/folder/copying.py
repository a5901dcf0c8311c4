"""A dataset's folder copied whole: its history, its runs and the pictures in it."""

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
    """Copy what is committed, under a name of its own; uncommitted work stays behind, in its journal.

    Args:
        store: of the dataset; hold its lock.
        root: where its pictures are.
        folder: where the copy goes; must not exist, or be empty.

    Raises:
        StorageError: something is in the way, or it cannot be written.
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
    """What is of a session, or half written."""
    of_session = _LEFT if Path(folder) == home else ()
    return [name for name in names if name in of_session or TEMPORARY in name]


def _moved(root: Path | None, old: Path, new: Path) -> Path | None:
    """The image root of the copy: pictures in the folder come along, others stay where they are."""
    if root is None or not root.resolve().is_relative_to(old.resolve()):
        return root
    return new.resolve() / root.resolve().relative_to(old.resolve())
