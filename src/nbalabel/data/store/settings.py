"""Settings of a dataset folder that are not versioned: schema, image root, next free ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...core.errors import CorruptError, StorageError
from ..disk.checked_json import read_checked, write_checked
from ..disk.errors import reading

SCHEMA = 2
"""The newest schema that is understood: 1, or 2 where tables of the first version are in parts."""
SETTINGS = "dataset.json"
IDS = "ids.json"


def read_settings(folder: Path) -> dict[str, Any]:
    """The contents of ``dataset.json``.

    Raises:
        StorageError: the folder is not a dataset.
        NewerSchemaError: the folder was written by a newer nbalabel.
        CorruptError: the file is damaged.
    """
    path = folder / SETTINGS
    with reading(path):
        is_there, is_folder = path.is_file(), folder.is_dir()
    if not is_there:
        if not is_folder:
            _refuse_overwriting(folder)
        refuse_remains(folder)
        what = "is no nbalabel dataset (it has no dataset.json)" if is_folder else "does not exist"
        raise StorageError(f"{folder} {what}: nl.create(folder) makes one, tables.save(folder) fills one")
    return read_checked(path, schema=SCHEMA, what=folder)


def _refuse_overwriting(folder: Path) -> None:
    """Raise an error that names the place of the old dataset if an overwrite was interrupted."""
    aside = [str(found) for found in folder.parent.glob(aside_of(folder, "*").name)]
    if aside:
        raise StorageError(
            f"{folder} does not exist: somebody was stopped while overwriting it. The dataset that was there "
            f"is whole in {', '.join(aside)}: rename that to {folder.name}"
        )


def refuse_remains(folder: Path) -> None:
    """Refuse a folder that has versions but lost its ``dataset.json``.

    Raises:
        CorruptError: the folder holds more than a killed creation leaves (one line of ``HEAD``).
    """
    head = folder / "HEAD"
    with reading(folder):
        is_used = (head.is_file() and head.stat().st_size > 64) or any(folder.glob("journal/*.nbj"))
    if is_used:
        raise CorruptError(
            f"{folder} holds versions of a dataset and has lost its {SETTINGS}: copy that file from a "
            "backup; a new dataset needs another folder"
        )


def write_settings(folder: Path, facts: dict[str, Any]) -> None:
    """Replace ``dataset.json``."""
    write_checked(folder / SETTINGS, {"format": "nbalabel dataset", "schema": 1, **facts})


def aside_of(folder: Path, token: str) -> Path:
    """Path to which an existing dataset is moved while another replaces it."""
    return folder.with_name(f".{folder.name}.replaced-{token}")


def read_ids(folder: Path) -> dict[str, int]:
    """The next unused id of each counter."""
    path = folder / IDS
    try:
        facts = read_checked(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise CorruptError(f"{path} is missing") from error
        raise
    later = {name: int(facts.get(name, 0)) for name in ("regions", "attachments")}
    return {name: int(facts[name]) for name in ("images", "instances")} | later


def write_ids(folder: Path, ids: dict[str, int]) -> None:
    """Replace ``ids.json``; hold the folder's lock."""
    write_checked(folder / IDS, ids)
