"""Parse JSON documents, and extract lists of records from them."""

from __future__ import annotations

import gc
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from ....core.errors import FormatError, UnsafePathError, first, short
from .columns import Record


def load(path: str | Path) -> Any:
    """Parse a JSON file.

    Raises:
        FormatError: there is no such file, or it is not JSON.
    """
    try:
        return orjson.loads(content(Path(path)))
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{path} is not JSON: {error}") from error


def content(path: Path, most: int = 1 << 33) -> bytes:
    """The bytes of a regular file; pipes and devices, which may never end, are refused.

    Args:
        path: the file.
        most: largest size, bytes.

    Raises:
        FormatError: the file does not exist, is too large, or cannot be read.
    """
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise FormatError(f"{path} must be a file, it is a folder, pipe or device")
        if state.st_size > most:
            raise FormatError(f"{path} must be at most {most:,} bytes, it is {state.st_size:,}")
        return path.read_bytes()
    except (OSError, ValueError, MemoryError) as error:
        if isinstance(error, FormatError):
            raise
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise FormatError(f"{path} cannot be read: {reason}") from error


def text(path: Path, root: Path, most: int = 1 << 28) -> str:
    """The text of a file below a folder; see :func:`content`.

    Raises:
        UnsafePathError: a link leads out of the folder.
        FormatError: the file cannot be read, or is not UTF-8.
    """
    if not inside(root, path):
        raise UnsafePathError(f"{path} must stay below {root}: a link leads out of it")
    try:
        return content(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} cannot be read as text: {error}") from error


def inside(root: Path, path: Path) -> bool:
    """Whether a path stays below the root, links followed."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a name too long, a zero byte, a loop of links
        return False


def records(document: Mapping[str, Any], key: str, path: object, *, required: bool = True) -> list[Record]:
    """A list of objects in a JSON document.

    Raises:
        FormatError: the list is missing, or not a list of objects.
    """
    found = document.get(key, None if required else [])
    if isinstance(found, list) and set(map(type, found)) <= {dict}:
        return found
    got = "nothing" if found is None else f"a {type(found).__name__}"
    if isinstance(found, list):
        got = f"other values at positions {first(i for i, v in enumerate(found) if type(v) is not dict)}"
    raise FormatError(
        f"{path}: {key!r} must be a list of objects, got {got}; the file has {first(map(short, document))}"
    )


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Disable garbage collection while millions of objects are created; it would take longer than parsing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
