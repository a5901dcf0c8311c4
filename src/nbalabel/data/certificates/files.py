"""Certificates on disk: two files each in ``certificates/``, written once and never changed.

``<id>.rows`` holds the ids (int64) and then the prints (uint64) of the rows, little-endian. ``<id>.json`` is
written after it, and holds everything else and both checksums.
"""

from __future__ import annotations

import math
import warnings
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ...core.certificate import Certificate
from ...core.errors import CorruptError, NbalabelWarning, NewerSchemaError, StorageError
from ..disk.atomic import listed, write_file
from ..disk.errors import reading, writing

FOLDER = "certificates"
_SCHEMA = 1
_IN_ROWS = ("rows", "prints")


def write_certificate(folder: Path, certificate: Certificate) -> str:
    """Keep a certificate in a dataset folder.

    Args:
        folder: the dataset's folder.
        certificate: the certificate.

    Returns:
        The id under which it is kept: that of the audit, or with a number where there is one of that name.

    Raises:
        StorageError: the folder cannot be written.
    """
    home = folder / FOLDER
    with writing(home):
        home.mkdir(exist_ok=True)
    name = _free(home, certificate.id)
    data = certificate.rows.astype("<i8").tobytes() + certificate.prints.astype("<u8").tobytes()
    facts = {field.name: getattr(certificate, field.name) for field in fields(Certificate)}
    facts |= {"wrong": certificate.wrong.tolist(), "id": certificate.id}
    plain = {key: value for key, value in facts.items() if key not in _IN_ROWS}
    plain |= {"schema": _SCHEMA, "rows_crc": zlib.crc32(data)}
    write_file(home / f"{name}.rows", data)
    write_file(home / f"{name}.json", orjson.dumps({**plain, "crc": _crc(plain)}, option=orjson.OPT_INDENT_2))
    return name


def read_certificates(folder: Path) -> dict[str, Certificate]:
    """The certificates of a dataset folder by the id under which each is kept, oldest first.

    Raises:
        CorruptError: a file is damaged; the message names it.
        NewerSchemaError: a certificate was written by a newer nbalabel.
    """
    home = folder / FOLDER
    found = {path.stem: _read(path) for path in listed(home, "*.json")}
    return dict(sorted(found.items(), key=lambda one: (one[1].made, one[0])))


def copy_certificates(folder: Path, to: Path) -> None:
    """Copy all certificates of a dataset folder to another one.

    Warns:
        NbalabelWarning: they cannot be read, and are left out.
    """
    try:
        found = read_certificates(folder)
    except StorageError as error:
        warnings.warn(f"the certificates are left out: {error}", NbalabelWarning, stacklevel=3)
        return
    for certificate in found.values():
        write_certificate(to, certificate)


def _free(home: Path, wanted: str) -> str:
    name, n = wanted, 1
    while (home / f"{name}.json").exists():
        n += 1
        name = f"{wanted}-{n}"
    return name


def _read(path: Path) -> Certificate:
    with reading(path):
        text = path.read_bytes()
    rows = path.with_suffix(".rows")
    with reading(rows):
        data = rows.read_bytes()
    facts = _facts(text, path)
    if zlib.crc32(data) != facts.get("rows_crc") or len(data) % 16:
        raise CorruptError(f"{rows} is damaged (its checksum does not match): {_ADVICE}")
    half = len(data) // 2
    known = {field.name: facts[field.name] for field in fields(Certificate) if field.name not in _IN_ROWS}
    known |= {name: math.nan for name in ("target", "rest_lower") if facts[name] is None}
    known |= {"wrong": np.array(facts["wrong"], np.int64)}
    prints = np.frombuffer(data[half:], "<u8").astype(np.uint64)
    return Certificate(**known, rows=np.frombuffer(data[:half], "<i8").astype(np.int64), prints=prints)


def _facts(text: bytes, path: Path) -> dict[str, Any]:
    try:
        facts = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CorruptError(f"{path} is damaged ({error}): {_ADVICE}") from error
    if not isinstance(facts, dict):
        raise CorruptError(f"{path} is damaged (no JSON object): {_ADVICE}")
    if isinstance(facts.get("schema"), int) and facts["schema"] > _SCHEMA:
        raise NewerSchemaError(
            f"{path} has schema {facts['schema']}, this nbalabel reads up to {_SCHEMA}: "
            "pip install -U nbalabel"
        )
    plain = {key: value for key, value in facts.items() if key != "crc"}
    if facts.get("crc") != _crc(plain):
        raise CorruptError(f"{path} is damaged (its checksum does not match): {_ADVICE}")
    return facts


def _crc(facts: dict[str, Any]) -> int:
    return zlib.crc32(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS))


_ADVICE = "copy it from a backup, or delete it, and the certificate with it"
