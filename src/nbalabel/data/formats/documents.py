"""JSON documents: parsing them, and taking lists of records out of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import FormatError, first
from .columns import Record


def load(path: str | Path) -> Any:
    """Parse a JSON file.

    Raises:
        FormatError: there is no such file, or it is not JSON.
    """
    try:
        return orjson.loads(Path(path).read_bytes())
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{path} is not JSON: {error}") from error
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error


def records(document: Mapping[str, Any], key: str, path: object, *, required: bool = True) -> list[Record]:
    """A list of objects in a JSON document.

    Raises:
        FormatError: it is missing, or something else.
    """
    found = document.get(key, None if required else [])
    if isinstance(found, list) and set(map(type, found)) <= {dict}:
        return found
    got = "nothing" if found is None else f"a {type(found).__name__}"
    if isinstance(found, list):
        got = f"other values at positions {first(i for i, v in enumerate(found) if type(v) is not dict)}"
    raise FormatError(f"{path}: {key!r} must be a list of objects, got {got}; the file has {first(document)}")


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Millions of new objects, none of them garbage: collecting in between takes longer than parsing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
