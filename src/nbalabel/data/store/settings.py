"""Settings of a dataset folder that are not versioned: schema, image root, next free ids."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import CorruptError, NewerSchemaError, StorageError
from ..disk.atomic import write_file
from ..disk.errors import reading

SCHEMA = 1
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
    facts = _read(path)
    schema = facts.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerSchemaError(
            f"{folder} has schema {schema}, this nbalabel reads up to {SCHEMA}: pip install -U nbalabel"
        )
    _check(facts, path)
    return facts


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
    _write(folder / SETTINGS, {"format": "nbalabel dataset", "schema": SCHEMA, **facts})


def aside_of(folder: Path, token: str) -> Path:
    """Path to which an existing dataset is moved while another replaces it."""
    return folder.with_name(f".{folder.name}.replaced-{token}")


def read_ids(folder: Path) -> dict[str, int]:
    """The next unused id of each counter."""
    path = folder / IDS
    try:
        facts = _read(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise CorruptError(f"{path} is missing") from error
        raise
    _check(facts, path)
    return {name: int(facts[name]) for name in ("images", "instances")} | {
        "regions": int(facts.get("regions", 0))
    }


def write_ids(folder: Path, ids: dict[str, int]) -> None:
    """Replace ``ids.json``; hold the folder's lock."""
    _write(folder / IDS, ids)


def _write(path: Path, facts: dict[str, Any]) -> None:
    plain = {name: value for name, value in facts.items() if name != "crc"}
    write_file(path, orjson.dumps({**plain, "crc": _crc(plain)}, option=orjson.OPT_INDENT_2))


def _read(path: Path) -> dict[str, Any]:
    with reading(path):
        data = path.read_bytes()
    try:
        facts = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CorruptError(f"{path} is damaged ({error}): copy it from a backup") from error
    if not isinstance(facts, dict):
        raise CorruptError(f"{path} is damaged (no JSON object): copy it from a backup")
    return facts


def _check(facts: dict[str, Any], path: Path) -> None:
    plain = {name: value for name, value in facts.items() if name != "crc"}
    if facts.get("crc") != _crc(plain):
        raise CorruptError(f"{path} is damaged (its checksum does not match): copy it from a backup")


def _crc(facts: dict[str, Any]) -> int:
    return zlib.crc32(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))
