"""Copies of attached files that nothing names any more."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from ..disk.atomic import listed
from ..disk.errors import reading, writing
from .places import INSIDE

_COPY = re.compile(r".+-[0-9a-f]{20}(\.[a-z0-9]{1,8})?")  # as ``places.copied`` names them
_FRESH = 3600.0  # seconds; a younger copy may belong to an attachment that is being made


def unused(home: Path, named: Collection[str]) -> pd.DataFrame:
    """The copies in a folder that no attachment names.

    Files of other names than copies have are not ours, and copies younger than an hour may be of attachments
    that are being made: neither is listed.

    Args:
        home: folder of the copies.
        named: every ``file`` of an attachment, past ones included.

    Returns:
        One row per copy, by its name ``file``: ``bytes`` and ``modified`` (UTC); the largest first.
    """
    rows = []
    for path in listed(home, "*") if home.is_dir() else []:
        if not _COPY.fullmatch(path.name) or INSIDE + path.name in named or path.is_symlink():
            continue
        with reading(path):
            facts = path.stat()
        if path.is_file() and time.time() - facts.st_mtime > _FRESH:
            rows.append((INSIDE + path.name, facts.st_size, pd.Timestamp(facts.st_mtime, unit="s", tz="UTC")))
    rows.sort(key=lambda row: (-row[1], row[0]))
    out = pd.DataFrame(rows, columns=["file", "bytes", "modified"]).set_index("file")
    return out.astype({"bytes": "int64"})


def remove(home: Path, files: Collection[str]) -> None:
    """Remove copies, unless somebody attached them again since they were listed.

    Raises:
        StorageError: one cannot be removed.
    """
    for file in files:
        path = home / file.removeprefix(INSIDE)
        with writing(path):
            if path.exists() and time.time() - path.stat().st_mtime > _FRESH:
                path.unlink()
