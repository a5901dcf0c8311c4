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

from ...core.certificate import Certificate
from ...core.errors import CorruptError, NbalabelWarning, StorageError
from ..disk.atomic import listed, write_file
from ..disk.checked_json import read_checked, write_checked
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
    write_checked(home / f"{name}.json", plain)
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
    facts = read_checked(path, schema=_SCHEMA, advice=_ADVICE)
    rows = path.with_suffix(".rows")
    with reading(rows):
        data = rows.read_bytes()
    if zlib.crc32(data) != facts.get("rows_crc") or len(data) % 16:
        raise CorruptError(f"{rows} is damaged (its checksum does not match): {_ADVICE}")
    half = len(data) // 2
    try:
        return _certificate(facts, data[:half], data[half:])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CorruptError(f"{path} holds no certificate ({error!r}): {_ADVICE}") from error


def _certificate(facts: dict[str, Any], rows: bytes, prints: bytes) -> Certificate:
    """The value; its numbers and texts are what they should be, whoever wrote the file."""
    known: dict[str, Any] = {}
    for field in fields(Certificate):
        if field.name in _IN_ROWS:
            continue
        value = facts[field.name]
        kind = _KINDS.get(str(field.type))
        if kind is float and value is None:
            value = math.nan
        if kind is not None and not isinstance(value, (int, float) if kind is float else kind):
            raise TypeError(f"{field.name} must be of type {field.type}, got {value!r}")
        known[field.name] = value
    known["wrong"] = np.array(known["wrong"], np.int64)
    ids, marks = np.frombuffer(rows, "<i8"), np.frombuffer(prints, "<u8")
    return Certificate(**known, rows=ids.astype(np.int64), prints=marks.astype(np.uint64))


_KINDS: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_ADVICE = "copy it from a backup, or delete it, and the certificate with it"
