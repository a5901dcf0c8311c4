"""``info.json``: contents of an imported file other than images and instances.

COCO's info, licenses and categories have no place in the tables. They are written once, with the dataset, and
have no versions; the COCO writer uses them, so that category ids stay those of the imported file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import CorruptError, DataError
from ..disk.atomic import write_file
from ..disk.errors import writing

INFO = "info.json"


def write_info(folder: Path, info: Mapping[str, Any]) -> None:
    """Store ``info`` in a dataset folder; an empty ``info`` removes the file.

    Raises:
        DataError: ``info`` holds values that JSON cannot express.
        StorageError: the folder cannot be written.
    """
    path = folder / INFO
    if not info:
        with writing(path):
            path.unlink(missing_ok=True)
        return
    try:
        data = orjson.dumps(dict(info), option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise DataError(f"tables.info must be what JSON can hold: {error}") from error
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_file(path, data)


def read_info(folder: Path) -> dict[str, Any]:
    """The stored ``info``; empty if there is none.

    Raises:
        CorruptError: the file is not a JSON object.
    """
    path = folder / INFO
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise CorruptError(f"{path} cannot be read ({error}): copy it from a backup, or delete it") from error
    if not isinstance(found, dict):
        raise CorruptError(f"{path} is damaged (no JSON object): copy it from a backup, or delete it")
    return found
