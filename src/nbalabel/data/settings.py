"""Small facts about a dataset folder that have no versions: schema, image root, next free ids."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import orjson

from ..core.errors import CorruptError, NewerSchemaError, StorageError
from .files import write_file

SCHEMA = 1
SETTINGS = "dataset.json"
IDS = "ids.json"


def read_settings(folder: Path) -> dict[str, Any]:
    """The facts in ``dataset.json``.

    Raises:
        StorageError: the folder is no dataset.
        NewerSchemaError: it was written by a newer nbalabel.
        CorruptError: the file is damaged.
    """
    path = folder / SETTINGS
    if not path.is_file():
        what = "is no nbalabel dataset (it has no dataset.json)" if folder.is_dir() else "does not exist"
        raise StorageError(f"{folder} {what}: nl.create(folder) makes one, tables.save(folder) fills one")
    facts = _read(path)
    schema = facts.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerSchemaError(
            f"{folder} has schema {schema}, this nbalabel reads up to {SCHEMA}: pip install -U nbalabel"
        )
    _check(facts, path)
    return facts


def write_settings(folder: Path, facts: dict[str, Any]) -> None:
    """Replace ``dataset.json``."""
    _write(folder / SETTINGS, {"format": "nbalabel dataset", "schema": SCHEMA, **facts})


def read_ids(folder: Path) -> dict[str, int]:
    """The next id nobody has used, by table."""
    path = folder / IDS
    if not path.is_file():
        raise CorruptError(f"{path} is missing: copy it from a backup; without it ids could be used twice")
    facts = _read(path)
    _check(facts, path)
    return {name: int(facts[name]) for name in ("images", "instances")}


def write_ids(folder: Path, ids: dict[str, int]) -> None:
    """Replace ``ids.json``; hold the folder's lock."""
    _write(folder / IDS, ids)


def _write(path: Path, facts: dict[str, Any]) -> None:
    plain = {name: value for name, value in facts.items() if name != "crc"}
    write_file(path, orjson.dumps({**plain, "crc": _crc(plain)}, option=orjson.OPT_INDENT_2))


def _read(path: Path) -> dict[str, Any]:
    try:
        facts = orjson.loads(path.read_bytes())
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
