"""What a file said beyond images and instances, kept beside the dataset made of it: ``info.json``.

COCO's info, licenses and categories have no place in the tables. They are written once, with the dataset, and
have no versions; writers of COCO files take them up again, so that category ids stay those of the file.
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
    """Keep ``info`` in a dataset folder, or make sure there is none when it is empty.

    Raises:
        DataError: it holds what JSON cannot.
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
    """What was kept; empty when nothing was.

    Raises:
        CorruptError: the file is no JSON object.
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
