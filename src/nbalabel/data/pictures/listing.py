"""List the files of a folder, a pattern or a path, in natural order."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ...core.errors import FormatError, first
from ...core.urls import is_url
from ..formats.records.files import IMAGE_SUFFIXES, unwritable
from ..images.remote.folder import RemoteFolder, Root
from ..store.settings import SETTINGS

PICTURES = IMAGE_SUFFIXES | {".avif", ".dib", ".jfif", ".jp2", ".jpe", ".pnm", ".tga"}
VIDEOS = frozenset({".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".webm", ".wmv"})

_NUMBER = re.compile(r"(\d+)")


class Found(NamedTuple):
    """Files below a folder.

    Attributes:
        root: the folder.
        files: their names relative to it, with forward slashes, in natural order.
        unusable: names that are not valid Unicode, escaped.
        marks: MD5 of files, where the storage tells it.
    """

    root: Root
    files: list[str]
    unusable: list[str]
    marks: Mapping[str, str | None] = {}  # of a tuple, and never changed


def find(source: str | Path, suffixes: Iterable[str]) -> Found:
    """The files with these suffixes of a folder, a file or a pattern with ``*``, ``?`` or ``[...]``.

    A folder may lie in object storage: ``"s3://bucket/images/"``.

    Hidden files and files inside a dataset folder are left out.

    Raises:
        FormatError: there is no such file or folder.
    """
    wanted = frozenset(suffixes)
    if is_url(str(source)):
        folder = RemoteFolder.of(str(source))
        marks = folder.list(wanted)
        return Found(folder, sorted(marks, key=natural), [], marks)
    path = Path(source).expanduser()
    if path.is_dir():
        root, names = path, list(_below(path))
    elif path.is_file():
        root, names = path.parent, [path.name]
    elif glob.has_magic(str(path)):
        root = _fixed_part(path)
        names = [
            Path(name).as_posix()
            for name in glob.glob(str(path.relative_to(root)), root_dir=root, recursive=True)
        ]
        names = [name for name in names if (root / name).is_file() and not _in_dataset(root, name)]
    else:
        raise FormatError(f"there is no folder or file {path}, and no * in it that would make it a pattern")
    names = [name for name in names if Path(name).suffix.lower() in wanted]
    unusable = unwritable(names)
    if unusable:
        names = [name for name in names if not unwritable([name])]
    return Found(root, sorted(names, key=natural), sorted(unusable))


def natural(name: str) -> list[tuple[int, int | str]]:
    """Sort key that puts ``frame 9`` before ``frame 10``.

    Example:
        >>> sorted(["a10", "a9", "a"], key=natural)
        ['a', 'a9', 'a10']
    """
    parts = _NUMBER.split(name)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part] + [(-1, name)]


def suffixes_in(source: str | Path) -> str:
    """The suffixes of the files found, for messages: ``.txt, .csv``."""
    if is_url(str(source)):
        return "nothing of that kind"
    path = Path(source).expanduser()
    names = _below(path) if path.is_dir() else [path.name]
    return first(sorted({Path(name).suffix.lower() or name for name in names})) or "nothing"


def _below(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if name[0] != "." and not (here / name / SETTINGS).is_file()]
        yield from ((here / name).relative_to(root).as_posix() for name in files if name[0] != ".")


def _in_dataset(root: Path, name: str) -> bool:
    return any((root / folder / SETTINGS).is_file() for folder in Path(name).parents if folder.name)


def _fixed_part(pattern: Path) -> Path:
    """The folder before the first wildcard of a pattern."""
    fixed = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)
