"""Small JSON files with a checksum of their contents."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import CorruptError, NewerSchemaError
from .atomic import write_file
from .errors import reading

_BACKUP = "copy it from a backup"


def write_checked(path: Path, facts: dict[str, Any]) -> None:
    """Replace a file by these facts and their checksum."""
    plain = _plain(facts)
    write_file(path, orjson.dumps({**plain, "crc": _crc(plain)}, option=orjson.OPT_INDENT_2))


def read_checked(
    path: Path, *, schema: int | None = None, what: Path | None = None, advice: str = _BACKUP
) -> dict[str, Any]:
    """The facts of a file, with ``crc``.

    Args:
        path: the file.
        schema: newest value of ``schema`` that is understood; None: the file has none.
        what: what a message about a newer schema names; None: the file.
        advice: what to do about a damaged file.

    Raises:
        CorruptError: the file is damaged.
        NewerSchemaError: it was written by a newer nbalabel.
        StorageError: it cannot be read.
    """
    with reading(path):
        data = path.read_bytes()
    try:
        facts = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CorruptError(f"{path} is damaged ({error}): {advice}") from error
    if not isinstance(facts, dict):
        raise CorruptError(f"{path} is damaged (no JSON object): {advice}")
    found = facts.get("schema")
    if schema is not None and isinstance(found, int) and found > schema:
        raise NewerSchemaError(
            f"{what or path} has schema {found}, this nbalabel reads up to {schema}: pip install -U nbalabel"
        )
    if facts.get("crc") != _crc(_plain(facts)):
        raise CorruptError(f"{path} is damaged (its checksum does not match): {advice}")
    return facts


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "crc"}


def _crc(facts: dict[str, Any]) -> int:
    return zlib.crc32(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))
