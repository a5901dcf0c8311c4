"""Parse JSON documents, and extract lists of records from them."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson

from ....core.errors import FormatError, UnsafePathError, first, short
from ....core.urls import local_path
from .columns import Record


def load(path: str | Path) -> Any:
    """Parse a JSON file.

    Raises:
        FormatError: there is no such file, or it is not JSON.
    """
    try:
        return orjson.loads(content(local_path(path)))
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


@dataclass(frozen=True)
class Parts:
    """A long list in a JSON file, parsed some thousand of its elements at a time.

    Attributes:
        path: the file.
        where: begin and end of each part in the file, bytes.
        stamp: tells the file from what it is after a change.
        parse: makes objects of a JSON list; raises `orjson.JSONDecodeError`.
    """

    path: Path
    where: list[tuple[int, int]]
    stamp: tuple[int, ...]
    parse: Callable[[bytes], Any] = orjson.loads

    def __iter__(self) -> Iterator[Any]:
        """Lists of elements, in order; or what else ``parse`` makes of them.

        Raises:
            FormatError: the file cannot be read, or was changed meanwhile.
        """
        try:
            with self.path.open("rb") as file:
                for begin, end in self.where:
                    file.seek(begin)
                    data = file.read(end - begin)
                    if _stamp(os.fstat(file.fileno())) != self.stamp:
                        raise FormatError(f"{self.path} was changed while it was read: read it again")
                    yield self.parse(b"[" + data + b"]")
        except (OSError, orjson.JSONDecodeError) as error:
            raise FormatError(f"{self.path} cannot be read: {error}") from error


def in_parts(path: str | Path, key: str | None, n: int) -> tuple[dict[str, Any], Parts] | None:
    """A JSON object without one long list in it, and that list, to be parsed ``n`` elements at a time.

    Parsed elements take six times the memory of their text, so they are parsed when they are asked for.

    Args:
        path: the file.
        key: name of the list in the object; None where the file is the list itself.
        n: elements of a part.

    Returns:
        None where the file is not such an object or list: :func:`load` says what it is.

    Raises:
        FormatError: there is no such file.
    """
    path = local_path(path)
    try:
        stamp = _stamp(path.stat())
    except (OSError, ValueError):
        return None
    data = content(path)
    try:
        found = {} if key is None else msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        listed = msgspec.json.decode(data if key is None else found.pop(key), type=list[msgspec.Raw])
        rest = {name: orjson.loads(memoryview(raw)) for name, raw in found.items()}
    except (KeyError, ValueError, RecursionError, UnicodeError, msgspec.MsgspecError):
        return None
    base = _address(data)
    parts = [listed[i : i + n] for i in range(0, len(listed), n)]
    where = [(_address(part[0]) - base, _address(part[-1]) - base + len(part[-1])) for part in parts]
    return rest, Parts(path, where, stamp)


def _stamp(facts: os.stat_result) -> tuple[int, ...]:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def _address(buffer: Any) -> int:
    return int(np.frombuffer(buffer, np.uint8).__array_interface__["data"][0])


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
